"""Starts one server as a child that cannot outlive us."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from gateway.embedded import trampoline
from gateway.embedded.errors import EmbeddedError
from gateway.embedded.identity import AS_WE_ARE, How, Identity, needs_stand_in, stand_in

# Nothing is inherited from our own environment: a stray PG* variable, another time zone or locale would change
# how the servers behave, and the order in which a database sorts must not depend on who started it.
ENVIRONMENT: Mapping[str, str] = {"PATH": "/usr/bin:/bin", "TZ": "UTC", "LC_ALL": "C"}


def spawn(
    program: Sequence[str],
    *,
    identity: Identity,
    death_signal: signal.Signals,
    log: Path,
    keep_open: Sequence[int] = (),
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    environment: Mapping[str, str] = ENVIRONMENT,
) -> subprocess.Popen[bytes]:
    """Start `program`; the kernel sends it `death_signal` when we end, however we end.

    Its output is appended to `log`. `keep_open`: file descriptors that it holds as long as it lives. Must be
    called in the main thread, since the kernel watches the thread that forked, not the process; raises
    EmbeddedError elsewhere.
    """
    if threading.current_thread() is not threading.main_thread():
        raise EmbeddedError(
            "start the embedded servers in the main thread: they end with the thread that starts them"
        )
    argv = [*prefix(identity, death_signal), *program]
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        return subprocess.Popen(
            argv,
            stdin=stdin,
            stdout=descriptor,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            pass_fds=keep_open,
        )
    finally:
        os.close(descriptor)


def prefix(identity: Identity, death_signal: signal.Signals) -> list[str]:
    """The command that turns into the program which follows it."""
    bare = [sys.executable, "-I", "-S", str(trampoline.__file__)]
    return [
        *bare,
        identity.how,
        str(identity.uid),
        str(identity.gid),
        str(int(death_signal)),
        str(os.getpid()),
    ]


def choose_identity(log: Path) -> Identity:
    """As we are if PostgreSQL takes that; else a user namespace; else, as root, a real change of user.

    A namespace is refused in a chroot and in many containers, so it is tried, not guessed. Raises EmbeddedError
    when neither way is open.
    """
    if not needs_stand_in():
        return AS_WE_ARE
    namespace = stand_in()
    trial = spawn(["/bin/true"], identity=namespace, death_signal=signal.SIGKILL, log=log)
    if trial.wait() == 0:
        return namespace
    if os.geteuid() != 0:
        raise EmbeddedError(
            f"uid {os.geteuid()} has no name in /etc/passwd, and this host allows no user namespace, so"
            " PostgreSQL cannot run. Run as a named user, or set DATABASE_URL to an external server."
        )
    return Identity(how=How.SETUID, uid=namespace.uid, gid=namespace.gid)
