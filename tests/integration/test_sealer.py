"""The sealer signs what grows, notices what was changed, and then stops all sending."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from audit import tlog
from audit.checkpoint import Signer, open_checkpoint
from audit.seal_values import Mismatch, Reason, Seal
from gateway.errors import StoreAway
from gateway.key_file import KeyFileError
from gateway.seal_key import create_sealer_key, read_sealer_key
from gateway.seal_state import SealStateError, hold_state_file
from gateway.sealer import Sealer, run_sealer
from gateway.store.seals import SealStore, open_seal_store
from tests.conftest import DatabaseUrls

SIGNER = Signer("forbear/test", bytes(32))


class SteppingClock:
    """A clock that moves on by one second each time it is read."""

    def __init__(self) -> None:
        self.at = datetime(2026, 3, 3, 17, 0, tzinfo=UTC)

    def now(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at

    def boottime_s(self) -> float:
        return self.now().timestamp()


class Lines:
    """Keeps the log lines: (level, event, fields)."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, str, dict[str, Any]]] = []

    def __getattr__(self, level: str) -> Callable[..., None]:
        return lambda event, **fields: self.kept.append((level, event, fields))

    def events(self) -> list[str]:
        """The names of all events so far."""
        return [event for _, event, _ in self.kept]


class Rig:
    """A database with one writer, and the sealer's file beside it."""

    def __init__(self, database: DatabaseUrls, folder: Path) -> None:
        self.database, self.path, self.lines, self.seq = database, folder / "seal.state", Lines(), 0
        self.admin: asyncpg.Connection
        self.store: SealStore

    async def write(self, log: int, *bodies: bytes) -> None:
        """Append records as the application does."""
        if not self.seq:
            await self.admin.execute("SELECT audit_open_writer('w')")
        self.seq += 1
        n = len(bodies)
        await self.admin.execute(
            "SELECT audit_write($1, $2, $3, $4, $5, 'w', 1, $6)",
            *([log] * n, [SteppingClock().at] * n, ["k"] * n, [None] * n, list(bodies), self.seq),
        )

    async def round(self, rounds: int = 1) -> Mismatch | None:
        """Start a sealer on the file, let it look, stop it: what it found wrong."""
        with hold_state_file(self.path) as file:
            sealer = Sealer(file, SIGNER, clock=SteppingClock(), log=self.lines)
            for _ in range(rounds):
                outcome = await sealer.round(self.store)
        return outcome.mismatch

    async def as_superuser(self, *statements: str) -> None:
        """What somebody who owns the machine can do: triggers do not hold them."""
        await self.admin.execute("SET session_replication_role = replica")
        for statement in statements:
            await self.admin.execute(statement)
        await self.admin.execute("SET session_replication_role = DEFAULT")

    async def rebuild(self, log: int) -> None:
        """Give a log the head that fits its records."""
        rows = await self.admin.fetch("SELECT body FROM audit_record WHERE log_id = $1 ORDER BY idx", log)
        grown = tlog.extend(tlog.Range(), [tlog.leaf_hash(row["body"]) for row in rows])
        await self.admin.execute(
            "UPDATE audit_head SET size = $2, peaks = $3 WHERE log_id = $1",
            log,
            grown.size,
            tlog.join_peaks(grown.peaks),
        )

    async def seals(self) -> int:
        """How many seals the database has."""
        count: int = await self.admin.fetchval("SELECT count(*) FROM seal")
        return count

    async def stopped(self) -> list[str]:
        """The reasons for which all sending is stopped."""
        rows = await self.admin.fetch(
            "SELECT reason FROM stop_flag WHERE scope = 'all' AND lifted_at IS NULL"
        )
        return [row["reason"] for row in rows]


@pytest.fixture
async def rig(database: DatabaseUrls, tmp_path: Path) -> AsyncIterator[Rig]:
    """A log of five records, sealed once."""
    made = Rig(database, tmp_path)
    made.admin = await asyncpg.connect(database.admin)
    async with open_seal_store(database.sealer) as store:
        made.store = store
        await made.write(0, *[b'{"n":%d}' % n for n in range(5)])
        assert await made.round() is None
        made.lines.kept.clear()
        yield made
    await made.admin.close()


async def test_seals_and_checkpoint_can_be_recomputed(rig: Rig) -> None:
    """From the seals alone an outsider comes to the signed root; each seal names the heads that moved."""
    await rig.admin.execute("SELECT audit_open_log('creditor:acme', 'acme')")
    await rig.write(0, b"{}", b"{}")
    assert await rig.round(rounds=3) is None
    rows = await rig.admin.fetch("SELECT n, body, checkpoint, heads FROM seal ORDER BY n")
    assert [row["n"] for row in rows] == [0, 1, 2, 3]
    for n, row in enumerate(rows):
        signed = open_checkpoint(row["checkpoint"], SIGNER.verifier)
        leaves = [tlog.leaf_hash(row["body"]) for row in rows[: n + 1]]
        assert (signed.size, signed.root) == (n + 1, tlog.root(tlog.extend(tlog.Range(), leaves)))
    moved = [json.loads(row["heads"]) for row in rows]
    assert [heads.get("0", [None])[0] for heads in moved] == [5, 7, None, None]
    assert len(moved[1]) == 2
    assert await rig.stopped() == []


async def test_seal_time_is_the_time_in_the_leaf(rig: Rig) -> None:
    """The column beside the leaf tells the same time, to the microsecond."""
    row = await rig.admin.fetchrow("SELECT at, body FROM seal")
    assert row is not None
    assert json.loads(row["body"])["ts"] == (row["at"] - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(
        microseconds=1
    )


async def edit_unsealed(rig: Rig) -> None:
    """A record is changed in the second before it is sealed."""
    await rig.write(0, b"honest")
    await rig.as_superuser("UPDATE audit_record SET body = 'forged' WHERE idx = 5")


async def edit_and_rebuild(rig: Rig) -> None:
    """A sealed record is changed and every hash computed anew."""
    await rig.as_superuser("UPDATE audit_record SET body = 'forged' WHERE idx = 2")
    await rig.rebuild(0)


async def cut_tail(rig: Rig) -> None:
    """The last records are deleted and the head made to fit."""
    await rig.as_superuser("DELETE FROM audit_record WHERE idx >= 3")
    await rig.rebuild(0)


async def cut_and_refill(rig: Rig) -> None:
    """The last record is exchanged for others."""
    await rig.as_superuser("DELETE FROM audit_record WHERE idx >= 4")
    await rig.rebuild(0)
    await rig.write(0, b"other", b"another")


async def drop_unsealed_record(rig: Rig) -> None:
    """A record is deleted before it is sealed and the head left as it was."""
    await rig.write(0, b"embarrassing", b"harmless")
    await rig.as_superuser("DELETE FROM audit_record WHERE idx = 5")


async def forge_without_head(rig: Rig) -> None:
    """A record is slipped in beside the append function, and the size moved on."""
    await rig.as_superuser(
        "INSERT INTO audit_record VALUES (0, 5, now(), 'k', NULL, 'forged')",
        "ALTER TABLE audit_head DROP CONSTRAINT audit_head_peaks_fit",
        "UPDATE audit_head SET size = 6",
    )


async def rename_log(rig: Rig) -> None:
    """A log is given another name."""
    await rig.as_superuser("UPDATE audit_log SET name = 'other' WHERE id = 0")


async def remove_log(rig: Rig) -> None:
    """A log is removed whole."""
    await rig.as_superuser("DELETE FROM audit_head", "DELETE FROM audit_record")


async def remove_seals(rig: Rig) -> None:
    """The database is put back to before its last seal, as an old backup would do."""
    await rig.round(rounds=2)
    await rig.as_superuser("DELETE FROM seal WHERE n > 0")


async def rewrite_seal(rig: Rig) -> None:
    """The last seal says something else than the sealer signed."""
    await rig.as_superuser("UPDATE seal SET body = 'forged'")


async def put_back_state(rig: Rig) -> None:
    """The sealer's file is exchanged for an older one."""
    older = rig.path.read_bytes()
    await rig.round(rounds=2)
    rig.path.write_bytes(older)


async def lose_state(rig: Rig) -> None:
    """The sealer's file is gone."""
    rig.path.unlink()


@pytest.mark.parametrize(
    ("attack", "reason"),
    [
        (edit_unsealed, Reason.HEAD_DIFFERS),
        (edit_and_rebuild, Reason.HEAD_DIFFERS),
        (cut_tail, Reason.LOG_SHRANK),
        (cut_and_refill, Reason.HEAD_DIFFERS),
        (drop_unsealed_record, Reason.RECORD_MISSING),
        (forge_without_head, Reason.HEAD_DIFFERS),
        (rename_log, Reason.LOG_RENAMED),
        (remove_log, Reason.LOG_GONE),
        (remove_seals, Reason.SEALS_MISSING),
        (rewrite_seal, Reason.SEALS_DIFFER),
        (put_back_state, Reason.STATE_LOST),
        (lose_state, Reason.STATE_LOST),
    ],
)
async def test_change_is_noticed_and_stops_sending(
    rig: Rig, attack: Callable[[Rig], Awaitable[None]], reason: Reason
) -> None:
    """Whatever was done to log, seals or file: nothing more is signed, an alarm is raised, and sending is stopped."""
    await attack(rig)
    before, kept = await rig.seals(), rig.path.read_bytes() if rig.path.exists() else None
    for _ in range(2):  # it keeps refusing, and one flag is enough
        found = await rig.round()
        assert found is not None, "the change went unnoticed"
        assert found.reason is reason
    assert await rig.seals() == before
    assert (rig.path.read_bytes() if rig.path.exists() else None) == kept
    assert len(await rig.stopped()) == 1
    assert (await rig.stopped())[0].startswith(reason.value)
    level, event, fields = rig.lines.kept[-1]
    assert (level, event, fields["reason"]) == ("critical", "sealer.refused", reason.value)


async def test_log_that_fits_again_is_sealed_again_but_stays_stopped(rig: Rig) -> None:
    """When what was changed is put back, sealing goes on; whether to send again is a person's decision."""
    await rig.write(0, b"honest")
    await rig.as_superuser("UPDATE audit_record SET body = 'forged' WHERE idx = 5")
    assert await rig.round() is not None
    await rig.as_superuser("UPDATE audit_record SET body = 'honest' WHERE idx = 5")
    assert await rig.round() is None
    assert await rig.seals() == 2
    assert len(await rig.stopped()) == 1


class DyingStore(SealStore):
    """A database that goes away when a seal is to be shown, before or after it has it."""

    def __init__(self, inner: SealStore, *, after: bool) -> None:
        super().__init__(inner._connection)
        self.after = after

    async def write(self, seal: Seal) -> bool:
        if self.after:
            await super().write(seal)
        raise StoreAway("gone")


@pytest.mark.parametrize("after", [False, True])
async def test_crash_between_signing_and_showing_is_made_good(rig: Rig, after: bool) -> None:
    """A seal that was signed and not shown is shown by the next round, unchanged: never two for one size."""
    honest = rig.store
    rig.store = DyingStore(honest, after=after)
    await rig.write(0, b"{}")
    with pytest.raises(StoreAway):
        await rig.round()
    assert await rig.seals() == (2 if after else 1)
    rig.store = honest
    assert await rig.round() is None
    assert await rig.seals() == 3
    assert await rig.stopped() == []


async def test_second_sealer_on_one_database_is_refused(rig: Rig, tmp_path: Path) -> None:
    """A sealer with the key but without the file of the one before signs nothing; that one goes on."""
    with hold_state_file(tmp_path / "other.state") as file:
        second = Sealer(file, SIGNER, clock=SteppingClock(), log=rig.lines)
        outcome = await second.round(rig.store)
    assert outcome.mismatch is not None
    assert outcome.mismatch.reason is Reason.STATE_LOST
    assert await rig.round() is None


async def test_state_file_has_one_holder(rig: Rig) -> None:
    """Two sealers cannot share a file; the second says so instead of signing a fork."""
    with (
        hold_state_file(rig.path),
        pytest.raises(SealStateError, match="another sealer"),
        hold_state_file(rig.path),
    ):
        pytest.fail("the second sealer got the file too")
    assert await rig.round() is None


def test_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A state file in a missing folder is an error that names the setting."""
    with (
        pytest.raises(SealStateError, match="FORBEAR_SEAL_STATE_FILE"),
        hold_state_file(tmp_path / "no" / "state"),
    ):
        pytest.fail("there was nothing to hold")


async def test_damaged_state_file_is_an_error_that_names_the_file(rig: Rig) -> None:
    """A truncated file is not taken for a first start."""
    rig.path.write_bytes(rig.path.read_bytes()[:-10])
    with pytest.raises(SealStateError, match=r"seal\.state is damaged"):
        await rig.round()


async def test_key_of_another_log_is_refused(rig: Rig) -> None:
    """A log is signed under one name for ever."""
    with hold_state_file(rig.path) as file, pytest.raises(SealStateError, match="forbear/other"):
        Sealer(file, Signer("forbear/other", bytes(32)), clock=SteppingClock(), log=rig.lines)


async def test_first_start_on_an_old_database_says_so(database: DatabaseUrls, tmp_path: Path) -> None:
    """Records from before the first seal are sealed from then on, and a line says that nobody watched them before."""
    rig = Rig(database, tmp_path)
    rig.admin = await asyncpg.connect(database.admin)
    async with open_seal_store(database.sealer) as rig.store:
        await rig.write(0, b"{}", b"{}", b"{}")
        assert await rig.round(rounds=2) is None
    events = rig.lines.kept
    assert [(event, fields["count"]) for _, event, fields in events] == [
        ("sealer.first_start_on_existing_log", 3)
    ]
    await rig.admin.close()


async def adopt(rig: Rig) -> Mismatch | None:
    """What `forbear seal --adopt` does."""
    with hold_state_file(rig.path) as file:
        return await Sealer(file, SIGNER, clock=SteppingClock(), log=rig.lines).adopt(rig.store)


async def test_lost_file_can_be_replaced_on_request(rig: Rig) -> None:
    """An operator who lost the file goes on from the signed seals; everything is recomputed, and the log says so."""
    await rig.round(rounds=2)
    rig.path.unlink()
    assert await adopt(rig) is None
    assert rig.lines.events() == ["sealer.adopted"]
    await rig.write(0, b"{}")
    assert await rig.round(rounds=2) is None
    assert await rig.seals() == 5
    with pytest.raises(SealStateError, match="nothing to adopt"):
        await adopt(rig)


@pytest.mark.parametrize(
    "forgery",
    [
        "UPDATE seal SET body = '{}' WHERE n = 1",
        "DELETE FROM seal WHERE n = 1",
        "UPDATE seal SET checkpoint = (SELECT checkpoint FROM seal WHERE n = 0) WHERE n = 2",
        """UPDATE seal SET heads = '{"0": [1, "%s"]}' WHERE n = 0""" % ("00" * 32),
    ],
)
async def test_forged_seals_are_not_adopted(rig: Rig, forgery: str) -> None:
    """Seals that do not come to the last signed checkpoint cannot be gone on from."""
    await rig.round(rounds=2)
    rig.path.unlink()
    await rig.as_superuser(forgery)
    found = await adopt(rig)
    assert found is not None
    assert found.reason is Reason.SEALS_DIFFER
    assert not rig.path.exists()


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait for a condition, at most ten seconds."""
    async with asyncio.timeout(10):
        while not await condition():  # noqa: ASYNC110  (another process's doing raises no event here)
            await asyncio.sleep(0.01)


async def test_process_seals_on_through_a_lost_connection(rig: Rig) -> None:
    """The loop seals idle and busy seconds alike, waits for a database that went away, and stops when it is told to."""
    stop = asyncio.Event()
    task = asyncio.create_task(
        run_sealer(
            rig.database.sealer,
            rig.path,
            SIGNER,
            clock=SteppingClock(),
            log=rig.lines,
            stop=stop,
            interval_s=0.01,
        )
    )

    async def more_than(count: int) -> bool:
        return await rig.seals() > count

    await until(lambda: more_than(3))
    await rig.admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'forbear_sealer'"
    )
    await rig.write(0, b"{}")
    had = await rig.seals()
    await until(lambda: more_than(had + 2))
    stop.set()
    async with asyncio.timeout(5):
        await task
    assert "sealer.store_away" in rig.lines.events()
    assert "sealer.refused" not in rig.lines.events()
    sealed = await rig.admin.fetchval("SELECT max((heads -> '0' ->> 0)::int) FROM seal")
    assert sealed == 6


async def ask_for_ever(store: SealStore) -> None:
    """Keep a statement under way at all times."""
    while True:
        await store.heads()


async def test_connection_cut_at_any_moment_is_a_database_that_is_away(rig: Rig) -> None:
    """However a statement and the server's farewell cross on the wire, the sealer waits and tries again."""
    kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'forbear_sealer'"
    for _ in range(40):
        async with open_seal_store(rig.database.sealer) as store:
            killing = asyncio.create_task(rig.admin.execute(kill))
            with pytest.raises(StoreAway):
                await ask_for_ever(store)
            await killing


def seal_command(rig: Rig, folder: Path, key: Path) -> list[str]:
    """The sealing process as a command of its own."""
    env = {
        "SEAL_DATABASE_URL": rig.database.sealer,
        "DATABASE_URL": rig.database.app,
        "DATABASE_OWNER_URL": rig.database.owner,
        "REDIS_URL": "unix:///nowhere",
        "QUEUE_URL": "unix:///nowhere",
        "FORBEAR_SEAL_KEY_FILE": str(key),
        "FORBEAR_SEAL_STATE_FILE": str(folder / "process.state"),
    }
    code = (
        "from config.settings import Settings; from gateway.processes.seal import main; "
        f"exit(main(Settings.from_env({env!r})))"
    )
    return [sys.executable, "-W", "error", "-c", code]


async def test_process_ends_calmly_on_sigterm(database: DatabaseUrls, tmp_path: Path) -> None:
    """`forbear seal` seals from its start on and leaves with code 0 when it is asked to."""
    rig = Rig(database, tmp_path)
    rig.admin = await asyncpg.connect(database.admin)
    create_sealer_key(tmp_path / "seal.key")
    command = seal_command(rig, tmp_path, tmp_path / "seal.key")
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)

    async def sealed() -> bool:
        return await rig.seals() > 0

    await until(sealed)
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(10):
        _, errors = await process.communicate()
    assert process.returncode == 0, errors
    await rig.admin.close()


async def test_process_without_a_key_says_what_to_do(rig: Rig, tmp_path: Path) -> None:
    """Without its key the process ends with code 2 and names the command that makes one."""
    command = seal_command(rig, tmp_path, tmp_path / "none")
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    _, errors = await process.communicate()
    assert process.returncode == 2
    assert b"forbear keys" in errors
    assert b"Traceback" not in errors


def test_sealer_key_file_is_private_and_names_a_log(tmp_path: Path) -> None:
    """Each installation gets a key and a log name of its own, in a file that others cannot read."""
    for name in ("one", "two"):
        create_sealer_key(tmp_path / name)
    one, two = read_sealer_key(tmp_path / "one"), read_sealer_key(tmp_path / "two")
    assert one.name.startswith("forbear/")
    assert one.name != two.name
    assert one.verifier.public != two.verifier.public
    assert (tmp_path / "one").stat().st_mode & 0o777 == 0o600
    with pytest.raises(KeyFileError, match="never overwritten"):
        create_sealer_key(tmp_path / "one")
    (tmp_path / "two").write_text("PRIVATE+KEY+nonsense")
    with pytest.raises(KeyFileError, match="signing key"):
        read_sealer_key(tmp_path / "two")
