"""The harness itself: what every other test relies on."""

import socket
import subprocess
import sys

import asyncpg
import pytest
import redis


async def test_blank_database_is_owned_by_the_owner_and_open_to_the_app(blank_database):
    """The owner may create, the app may connect, and each sees itself under its own name."""
    owner = await asyncpg.connect(blank_database.owner)
    app = await asyncpg.connect(blank_database.app)
    await owner.execute("CREATE TABLE thing (id int)")
    assert await app.fetchval("SELECT current_user") == "forbear_app"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await app.fetch("SELECT * FROM thing")
    await owner.close()
    await app.close()


def test_the_ledger_and_the_queue_do_not_share_keys(valkey):
    """A key of the ledger is not seen by the queue, and a test starts with neither holding any."""
    with redis.Redis.from_url(valkey.redis) as ledger, redis.Redis.from_url(valkey.queue) as queue:
        assert ledger.dbsize() == 0
        ledger.set("key", "value")
        assert queue.get("key") is None


def test_no_test_reaches_another_machine():
    """A connection or a look-up beyond this host fails loudly, whatever the code under test catches."""
    with socket.socket() as connection, pytest.raises(RuntimeError, match="this machine only"):
        connection.connect(("192.0.2.1", 80))
    with pytest.raises(RuntimeError, match="foreign name"):
        socket.getaddrinfo("example.com", 80)


def test_reserved_numbers_are_e164(reserved_number):
    """Every number used in tests is one that nobody can have."""
    assert reserved_number("US", 7) == "+12025550107"
    assert reserved_number("GB", 7) == "+447700900007"
    assert reserved_number("AU", 0) == "+61491570006"


@pytest.mark.parametrize(("ci", "code"), [("true", 1), ("", 0)])
def test_on_ci_a_skipped_test_is_a_failed_one(repository, tmp_path, ci, code):
    """A missing program must not turn a part of the suite off without anybody seeing it."""
    (tmp_path / "test_left_out.py").write_text(
        "import pytest\ndef test_it():\n    pytest.skip('no browser')\n"
    )
    argv = [sys.executable, "-m", "pytest", "-q", "-c", "/dev/null", "-p", "tests.conftest", str(tmp_path)]
    environment = {"CI": ci, "PATH": "/usr/bin:/bin", "PYTHONPATH": str(repository)}
    run = subprocess.run(argv, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == code
    assert ("on CI nothing may be" in run.stdout) == bool(code)
