"""Starts and stops the embedded pair as one thing."""

import os
import shutil
import signal
import stat
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from gateway.embedded.binaries import Binaries, find_binaries
from gateway.embedded.child import choose_identity
from gateway.embedded.errors import EmbeddedError
from gateway.embedded.lock import FolderLock
from gateway.embedded.postgres import ensure_cluster, start_postgres, wait_postgres
from gateway.embedded.urls import sockets_dir, stack_urls
from gateway.embedded.valkey import start_valkey, wait_valkey

STOP_TIMEOUT_S = 20.0
PRIVATE = 0o700


class Stack:
    """One Valkey and one PostgreSQL on one data folder, gone when we are gone, with their data kept.

    `durable=False` gives up what a power cut would cost (fsync), never what a crash would; it is for tests.
    Start in the main thread. Raises EmbeddedError with advice whenever the servers cannot run.
    """

    def __init__(self, data_dir: Path, *, durable: bool = True, binaries: Binaries | None = None) -> None:
        self.data_dir = data_dir.resolve()
        self.urls = stack_urls(self.data_dir)
        self._durable = durable
        self._binaries = binaries
        self._sockets = sockets_dir(self.data_dir)
        self._lock: FolderLock | None = None
        self._servers: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def pids(self) -> dict[str, int]:
        """The process id of each server that was started."""
        return {name: process.pid for name, process in self._servers.items()}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start both servers and return when both answer; on any failure nothing is left running."""
        binaries = self._binaries or find_binaries()
        self.data_dir.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        self._lock = FolderLock(self.data_dir)
        self._lock.take()
        try:
            self._start_servers(binaries, self._lock.descriptor)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop both servers, wait for them, and free the folder. Safe to call twice."""
        requests = {"postgres": signal.SIGINT, "valkey": signal.SIGTERM}
        for name, process in self._servers.items():
            if process.poll() is None:
                process.send_signal(requests[name])
        for process in self._servers.values():
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                # Both recover from their logs on the next start; a server that hangs must not keep the folder.
                process.kill()
                process.wait()
        self._servers = {}
        if self._lock is not None:
            shutil.rmtree(self._sockets, ignore_errors=True)
            self._lock.release()
            self._lock = None

    def fallen(self) -> tuple[str, ...]:
        """The names of servers that were started and have ended by themselves."""
        return tuple(name for name, process in self._servers.items() if process.poll() is not None)

    def _start_servers(self, binaries: Binaries, lock: int) -> None:
        make_private(self._sockets)
        postgres_log, valkey_log = self.data_dir / "postgres.log", self.data_dir / "valkey.log"
        socket = self._sockets / "valkey.sock"
        valkey = start_valkey(
            binaries.valkey,
            self.data_dir / "valkey",
            socket=socket,
            log=valkey_log,
            lock=lock,
            durable=self._durable,
        )
        self._servers["valkey"] = valkey
        identity = choose_identity(postgres_log)
        cluster = self.data_dir / "postgres"
        ensure_cluster(
            binaries.postgres_dir, cluster, identity=identity, log=postgres_log, durable=self._durable
        )
        postgres = start_postgres(
            binaries.postgres_dir,
            cluster,
            identity=identity,
            sockets=self._sockets,
            log=postgres_log,
            lock=lock,
            durable=self._durable,
        )
        self._servers["postgres"] = postgres
        wait_valkey(valkey, socket=socket, log=valkey_log)
        wait_postgres(postgres, cluster, sockets=self._sockets, log=postgres_log)


def make_private(folder: Path) -> None:
    """Make `folder` ours alone. Raises EmbeddedError when somebody else put something in its place.

    It lies in a folder that everybody may write to, under a name that can be guessed.
    """
    folder.mkdir(mode=PRIVATE, exist_ok=True)
    found = folder.lstat()
    if (
        not stat.S_ISDIR(found.st_mode)
        or found.st_uid != os.getuid()
        or stat.S_IMODE(found.st_mode) != PRIVATE
    ):
        raise EmbeddedError(
            f"{folder} exists and is not a private folder of uid {os.getuid()}. Remove it, or set TMPDIR to a"
            " folder that only you can write to."
        )
