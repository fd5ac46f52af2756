"""The command line as a person uses it."""

import asyncio

import asyncpg
import pytest
from typer.testing import CliRunner

from audit.record import decode
from config.settings import Settings
from gateway.commands.table import build_app
from gateway.keys import parse_token
from gateway.schema import newest_revision

RUNNER = CliRunner()


def forbear(*arguments: str, **environment: str):
    return RUNNER.invoke(build_app(), arguments, env=environment)


def records(owner: str) -> list[object]:
    async def read() -> list[bytes]:
        connection = await asyncpg.connect(owner)
        rows = await connection.fetch("SELECT body FROM audit_record WHERE log_id = 0 ORDER BY idx")
        await connection.close()
        return [row["body"] for row in rows]

    return [decode(body) for body in asyncio.run(read())]


COMMANDS = [
    [],
    ["demo"],
    ["up"],
    ["send"],
    ["serve"],
    ["work"],
    ["seal"],
    ["migrate"],
    ["doctor"],
    ["policy"],
    ["policy", "check"],
    ["policy", "apply"],
    ["keys"],
    ["keys", "create"],
    ["keys", "list"],
    ["keys", "revoke"],
    ["keys", "files"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help(command):
    """--help says what a command does, without loading what it needs."""
    result = forbear(*command, "--help")
    assert result.exit_code == 0
    assert len(result.output.splitlines()) > 5


def test_a_key_is_shown_once_recorded_and_revoked(database, tmp_path):
    """The token is printed at its making; the record and the list hold the id only; revoking works once."""
    owner = {"DATABASE_OWNER_URL": database.owner, "FORBEAR_DATA_DIR": str(tmp_path)}
    assert forbear("keys", "files", **owner).exit_code == 0
    made = forbear("keys", "create", "strategy-engine", "--creditor", "acme", "--days", "30", **owner)
    assert made.exit_code == 0
    token = made.stdout.strip()
    key = parse_token(token)
    listed = forbear("keys", "list", **owner)
    assert "strategy-engine" in listed.output
    assert key.secret not in listed.output
    assert forbear("keys", "revoke", key.id, **owner).exit_code == 0
    assert forbear("keys", "revoke", key.id, **owner).exit_code == 1
    created, revoked = records(database.owner)
    assert (created.key, created.creditors) == (key.id, ("acme",))
    assert revoked.key == key.id
    assert key.secret not in repr(created)


def test_a_new_creditor_is_made_with_its_first_key(database, tmp_path):
    """The first key of a creditor makes it and says so; the second finds it, and needs no master key."""
    owner = {"DATABASE_OWNER_URL": database.owner, "FORBEAR_DATA_DIR": str(tmp_path)}
    create = ("keys", "create", "strategy-engine", "--creditor", "acme")
    refused = forbear(*create, **owner)
    assert refused.exit_code == 1
    assert "needs the master key" in refused.stderr
    assert forbear("keys", "files", **owner).exit_code == 0
    assert "Creditor acme is new" in forbear(*create, **owner).stderr
    (tmp_path / "keys" / "master.key").unlink()
    again = forbear(*create, **owner)
    assert again.exit_code == 0
    assert "new" not in again.stderr
    assert forbear("keys", "create", "x", "--creditor", "no good", **owner).exit_code == 1


def test_migrating_is_safe_to_repeat(blank_database):
    """The first run says what it applied, the second that there was nothing to do."""
    owner = {"DATABASE_OWNER_URL": blank_database.owner}
    assert "applied 0001_audit" in forbear("migrate", **owner).output
    assert "up to date" in forbear("migrate", **owner).output


def test_a_database_that_is_away_is_told_in_a_sentence(tmp_path):
    """No traceback: what cannot be reached, and the setting to look at."""
    away = {"DATABASE_OWNER_URL": f"postgresql://forbear_owner@/forbear?host={tmp_path}"}
    for command in (["migrate"], ["keys", "list"]):
        result = forbear(*command, **away)
        assert result.exit_code == 1
        assert "DATABASE_OWNER_URL" in result.output
    assert "Is `forbear up` running here?" in forbear("keys", "list", FORBEAR_DATA_DIR=str(tmp_path)).output


def test_a_database_without_tables_is_told_what_to_do(blank_database):
    """A key cannot be made before the first migration, and the message says so."""
    result = forbear("keys", "list", DATABASE_OWNER_URL=blank_database.owner)
    assert result.exit_code == 1
    assert "forbear migrate" in result.output


def test_wrong_settings_stop_a_command_with_every_fault(tmp_path):
    """A misspelt variable and a bad value are told together, and nothing is started."""
    result = forbear("keys", "files", FORBEAR_DATADIR=str(tmp_path), FORBEAR_SANDBOX="maybe")
    assert result.exit_code == 2
    assert "did you mean FORBEAR_DATA_DIR?" in result.output
    assert "FORBEAR_SANDBOX must be on or off" in result.output


def test_a_part_names_the_settings_it_lacks():
    """With an external database, serve does not guess where Redis is."""
    result = forbear("seal", DATABASE_OWNER_URL="postgresql://db.example/forbear")
    assert result.exit_code == 2
    assert "SEAL_DATABASE_URL" in result.output


def test_the_shipped_policy_is_put_into_force_once(database):
    """Applying the same files again changes nothing, and the first time leaves a record that names every pack."""
    owner = {"DATABASE_OWNER_URL": database.owner}
    assert "is now in force" in forbear("policy", "apply", **owner).output
    assert "was in force already" in forbear("policy", "apply", **owner).output
    (record,) = records(database.owner)
    assert "US-FED-REGF.yaml" in {pack.pack for pack in record.packs}


def test_a_policy_with_a_fault_is_refused_whole(database, tmp_path):
    """Every fault is told, and nothing comes into force."""
    (tmp_path / "HOUSE.yaml").write_text("id: HOUSE\nlayer: nonsense\n")
    settings = {"DATABASE_OWNER_URL": database.owner, "FORBEAR_POLICY_DIR": str(tmp_path)}
    for command in ("check", "apply"):
        result = forbear("policy", command, **settings)
        assert result.exit_code == 1
        assert "HOUSE.yaml" in result.output
    assert records(database.owner) == []
    assert forbear("policy", "check").exit_code == 0


def test_the_doctor_tells_what_is_missing_step_by_step(blank_database, valkey, tmp_path):
    """On a fresh database it names the next command each time, until only the sealer is not running."""
    installation = {
        "DATABASE_URL": blank_database.app,
        "DATABASE_OWNER_URL": blank_database.owner,
        "REDIS_URL": valkey.redis,
        "FORBEAR_DATA_DIR": str(tmp_path),
    }
    for advice, remedy in (
        ("`forbear keys` makes key files", ["keys", "files"]),
        ("run `forbear migrate`", ["migrate"]),
        ("run `forbear policy apply`", ["policy", "apply"]),
    ):
        ill = forbear("doctor", **installation)
        assert ill.exit_code == 1
        assert advice in ill.output
        assert forbear(*remedy, **installation).exit_code == 0
    said = forbear("doctor", **installation).output
    # The servers of the tests give up what a power cut would cost, and nobody seals.
    assert [line.split()[2] for line in said.splitlines() if line.startswith("not ok")] == [
        "database",
        "seal",
    ]
    assert "fsync is off" in said


def test_the_doctor_objects_to_a_strong_role(database):
    """An application that owns the tables could rewrite the audit log."""
    said = forbear("doctor", DATABASE_URL=database.owner, REDIS_URL="redis://127.0.0.1:1/0").output
    assert "use forbear_app" in said
    assert "no answer" in said


def test_key_files_are_made_once(tmp_path):
    """Both files are made with mode 0600 and never overwritten."""
    settings = Settings.from_env({"FORBEAR_DATA_DIR": str(tmp_path)})
    first = forbear("keys", "files", FORBEAR_DATA_DIR=str(tmp_path))
    content = settings.master_key_file.read_bytes()
    assert first.output.count("Made") == 2
    assert oct(settings.seal_key_file.stat().st_mode)[-3:] == "600"
    assert "are there" in forbear("keys", "files", FORBEAR_DATA_DIR=str(tmp_path)).output
    assert settings.master_key_file.read_bytes() == content


def test_the_newest_revision_is_the_newest_file():
    """A database at that revision is not looked at by alembic again; a file named otherwise would never be applied."""
    from alembic.config import Config  # noqa: PLC0415  (slow to load)
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", "gateway:schema")
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_current_head() == newest_revision()
