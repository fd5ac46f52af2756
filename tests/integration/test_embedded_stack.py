"""The embedded servers under every way of starting and every way of dying."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest
import redis

from gateway.embedded.binaries import Binaries, find_binaries
from gateway.embedded.errors import EmbeddedError
from gateway.embedded.identity import AS_WE_ARE, How, Identity, stand_in
from gateway.embedded.lock import FolderLock, alive
from gateway.embedded.postgres import SOCKET_NAME, ensure_cluster, start_postgres, wait_postgres
from gateway.embedded.ready import postgres_answers
from gateway.embedded.stack import Stack, make_private
from gateway.embedded.urls import LONGEST_NAME, SOCKET_PATH_MAX, sockets_dir, stack_urls

ROOT = os.geteuid() == 0

# Holds a pair of servers in a process that can be killed; says who and where, then waits for its end.
HOLDER = """
import json, sys
from pathlib import Path
from gateway.embedded.stack import Stack
with Stack(Path(sys.argv[1]), durable=False) as stack:
    print(json.dumps(stack.pids), flush=True)
    sys.stdin.read()
"""


@contextmanager
def holder(
    data_dir: Path, *prefix: str, python: str = sys.executable
) -> Iterator[tuple[subprocess.Popen[str], dict[str, int]]]:
    argv = [*prefix, python, "-c", HOLDER, str(data_dir)]
    environment = {"PYTHONPATH": os.pathsep.join(sys.path), "PATH": "/usr/bin:/bin"}
    process = subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )
    try:
        line = process.stdout.readline()
        assert line, "the servers did not start"
        yield process, json.loads(line)
    finally:
        process.communicate(timeout=30)


def wait_for(condition: Callable[[], bool], *, within_s: float = 10.0) -> None:
    give_up = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < give_up, "the condition did not come true"
        time.sleep(0.01)


async def write(data_dir: Path, text: str) -> None:
    urls = stack_urls(data_dir)
    connection = await asyncpg.connect(urls.database_owner_url)
    await connection.execute("CREATE TABLE IF NOT EXISTS kept (text text)")
    await connection.execute("INSERT INTO kept VALUES ($1)", text)
    await connection.close()
    with redis.Redis.from_url(urls.redis_url) as client:
        client.rpush("kept", text)


async def read(data_dir: Path) -> tuple[list[str], list[str]]:
    urls = stack_urls(data_dir)
    connection = await asyncpg.connect(urls.database_owner_url)
    rows = [row["text"] for row in await connection.fetch("SELECT text FROM kept ORDER BY text")]
    await connection.close()
    with redis.Redis.from_url(urls.redis_url, decode_responses=True) as client:
        return rows, client.lrange("kept", 0, -1)


async def test_data_survives_a_stop_and_a_start(tmp_path):
    """What was written is there after a restart, and no server or socket is left in between."""
    stack = Stack(tmp_path)
    stack.start()
    pids = stack.pids
    await write(tmp_path, "first")
    stack.stop()
    assert not any(alive(pid) for pid in pids.values())
    assert not sockets_dir(tmp_path).exists()
    stack.start()
    assert await read(tmp_path) == (["first"], ["first"])
    stack.stop()
    stack.stop()  # and again: it does no harm


async def test_data_survives_the_sudden_death_of_both_servers(tmp_path):
    """A row and a key that were acknowledged are there after kill -9 of both servers."""
    with Stack(tmp_path) as stack:
        await write(tmp_path, "first")
        for pid in stack.pids.values():
            os.kill(pid, signal.SIGKILL)
        wait_for(lambda: stack.fallen() == ("valkey", "postgres"))
    with Stack(tmp_path):
        assert await read(tmp_path) == (["first"], ["first"])


async def test_no_server_outlives_its_parent(tmp_path):
    """After kill -9 of the parent both servers end by themselves, and the next start has the data."""
    with holder(tmp_path) as (process, pids):
        await write(tmp_path, "first")
        process.kill()
        process.wait()
        with Stack(tmp_path, durable=False):  # at once: it waits until the old servers have finished writing
            assert not any(alive(pid) for pid in pids.values())
            assert await read(tmp_path) == (["first"], ["first"])


def test_a_second_start_on_the_same_folder_is_refused(tmp_path):
    """The message names the folder, the process that holds it, and the way out."""
    with holder(tmp_path) as (process, _), pytest.raises(EmbeddedError) as refusal:
        Stack(tmp_path).start()
    assert str(tmp_path) in str(refusal.value)
    assert f"process {process.pid}" in str(refusal.value)
    assert "FORBEAR_DATA_DIR" in str(refusal.value)


def test_a_lock_is_free_again_after_its_release(tmp_path):
    """A folder can be used by one after the other, never by two at once."""
    first, second = FolderLock(tmp_path), FolderLock(tmp_path)
    first.take()
    with pytest.raises(EmbeddedError):
        second.take()
    first.release()
    third = FolderLock(tmp_path)
    third.take()
    third.release()


async def test_a_data_folder_may_have_a_very_long_path(tmp_path):
    """Sockets, whose paths are short by law of the kernel, do not lie in the data folder."""
    folder = tmp_path / ("x" * 120) / ("y" * 120)
    with Stack(folder, durable=False) as stack:
        assert len(f"{sockets_dir(folder)}") + LONGEST_NAME <= SOCKET_PATH_MAX
        connection = await asyncpg.connect(stack.urls.database_url)
        assert await connection.fetchval("SHOW timezone") == "UTC"
        assert await connection.fetchval("SELECT 'a' < 'B' COLLATE \"default\"") is False
        await connection.close()


@pytest.fixture
def plain_user(tmp_path_factory) -> tuple[list[str], Path]:
    """A command prefix that runs what follows as a plain user, and a folder of that user's own."""
    folder = tmp_path_factory.mktemp("plain")
    if not ROOT:
        return [], folder
    shutil.chown(folder, "nobody")
    # May read, so that an interpreter and a checkout below a closed home folder are found; may do nothing else.
    capabilities = ["--inh-caps", "-all,+dac_read_search", "--ambient-caps", "+dac_read_search"]
    return ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", *capabilities], folder


def test_a_plain_user_may_run_the_servers(plain_user):
    """Nothing about the embedded default needs root."""
    prefix, folder = plain_user
    with holder(folder / "data", *prefix) as (process, pids):
        owner = Path(f"/proc/{pids['postgres']}").stat().st_uid
        assert owner == Path(f"/proc/{process.pid}").stat().st_uid
        assert owner != 0


def identities() -> list[Identity]:
    if not ROOT:
        return [AS_WE_ARE]
    other = stand_in()
    return [other, Identity(how=How.SETUID, uid=other.uid, gid=other.gid)]


@pytest.mark.parametrize("first", identities(), ids=lambda identity: identity.how)
@pytest.mark.parametrize("second", identities(), ids=lambda identity: identity.how)
def test_postgres_runs_under_every_identity(tmp_path, first, second):
    """A folder made under one identity is opened under another: a container's next start may have fewer rights."""
    sockets = sockets_dir(tmp_path)
    make_private(sockets)
    binaries, cluster, log = find_binaries(), tmp_path / "postgres", tmp_path / "log"
    lock = os.open(tmp_path / "lock", os.O_CREAT | os.O_RDWR)
    for identity in (first, second):
        ensure_cluster(binaries.postgres_dir, cluster, identity=identity, log=log, durable=False)
        server = start_postgres(
            binaries.postgres_dir,
            cluster,
            identity=identity,
            sockets=sockets,
            log=log,
            lock=lock,
            durable=False,
        )
        wait_postgres(server, cluster, sockets=sockets, log=log)
        assert postgres_answers(sockets / SOCKET_NAME)
        server.send_signal(signal.SIGINT)
        assert server.wait(20) == 0
    os.close(lock)
    shutil.rmtree(sockets)


def test_a_half_made_cluster_is_never_used(tmp_path):
    """What a crash during the first start left behind is made anew."""
    unfinished = tmp_path / "postgres.unfinished"
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18\n")
    with Stack(tmp_path, durable=False) as stack:
        assert stack.fallen() == ()
        assert not unfinished.exists()


def test_the_folder_of_another_major_version_is_refused(tmp_path):
    """PostgreSQL would only say that files are incompatible; we say what to do, and leave the folder alone."""
    cluster = tmp_path / "postgres"
    cluster.mkdir()
    (cluster / "PG_VERSION").write_text("12\n")
    with pytest.raises(EmbeddedError, match=r"made by PostgreSQL 12 .*pg_dumpall"):
        Stack(tmp_path).start()
    assert [path.name for path in cluster.iterdir()] == ["PG_VERSION"]


def test_a_start_that_fails_leaves_nothing_running(tmp_path):
    """A server that ends at once is reported with its log, the other is stopped, and the folder is free again."""
    good = find_binaries()
    bad = Binaries(valkey=Path("/bin/false"), postgres_dir=good.postgres_dir)
    stack = Stack(tmp_path, durable=False, binaries=bad)
    with pytest.raises(EmbeddedError, match="Valkey ended with code 1"):
        stack.start()
    assert stack.pids == {}
    with Stack(tmp_path, durable=False):
        pass


def test_a_missing_program_is_named(tmp_path):
    """The message says which path was looked at."""
    with pytest.raises(EmbeddedError, match=r"no program at .*nowhere"):
        find_binaries(valkey=tmp_path / "nowhere")


def test_a_socket_folder_of_somebody_else_is_refused(tmp_path):
    """The folder lies where everybody may write: what another user put there is not used."""
    folder = tmp_path / "sockets"
    folder.mkdir(mode=0o755)
    with pytest.raises(EmbeddedError, match="not a private folder"):
        make_private(folder)
    link = tmp_path / "link"
    make_private(tmp_path / "own")
    link.symlink_to(tmp_path / "own")
    with pytest.raises(EmbeddedError, match="not a private folder"):
        make_private(link)


def test_the_servers_start_in_the_main_thread_only(tmp_path):
    """The kernel ties a server's life to the thread that started it; another thread is told so."""
    answers: list[str] = []

    def start() -> None:
        try:
            Stack(tmp_path).start()
        except EmbeddedError as error:
            answers.append(str(error))

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert "main thread" in answers[0]
