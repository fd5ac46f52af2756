"""The embedded Valkey: early answers, paces and job hints, on a private socket with an append-only file."""

import signal
import subprocess
from functools import partial
from pathlib import Path

from gateway.embedded.child import spawn
from gateway.embedded.identity import AS_WE_ARE
from gateway.embedded.ready import valkey_answers, wait_ready


def start_valkey(
    program: Path, folder: Path, *, socket: Path, log: Path, lock: int, durable: bool
) -> subprocess.Popen[bytes]:
    """Start the server on `folder`; `wait_valkey` says when it answers."""
    folder.mkdir(mode=0o700, exist_ok=True)
    options = {
        "dir": str(folder),
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "save": "",
        "appendonly": "yes",
        "appendfsync": "everysec" if durable else "no",
        # A full Valkey refuses writes, and sending waits. Evicting would forget pending contacts silently.
        "maxmemory-policy": "noeviction",
    }
    argv = [str(program), *(part for name, value in options.items() for part in (f"--{name}", value))]
    return spawn(argv, identity=AS_WE_ARE, death_signal=signal.SIGTERM, log=log, keep_open=[lock])


def wait_valkey(process: subprocess.Popen[bytes], *, socket: Path, log: Path) -> None:
    """Return once Valkey answers PING with PONG. Raises EmbeddedError when it does not start."""
    wait_ready("Valkey", process, partial(valkey_answers, socket), log)
