"""When a server is ready: it has answered a client, not only opened its socket."""

import socket
import struct
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from gateway.embedded.errors import EmbeddedError

POLL_S = 0.005
ANSWER_TIMEOUT_S = 2.0
START_TIMEOUT_S = (
    60.0  # crash recovery of a large folder is the slow case: Valkey loads about 3 M commands a second
)
LOG_TAIL_BYTES = 2000
PROTOCOL_3 = 196608


def valkey_answers(path: Path) -> bool:
    """True once PING gets PONG: while its file loads, Valkey accepts connections and answers -LOADING."""
    return _ask(path, b"PING\r\n").startswith(b"+PONG")


def postgres_answers(path: Path) -> bool:
    """True once a connection is let in; a server that still recovers answers the same packet with an error.

    The packet is the StartupMessage of PostgreSQL's frontend/backend protocol, version 3.0.
    """
    body = b"user\0postgres\0database\0postgres\0\0"
    packet = struct.pack("!ii", len(body) + 8, PROTOCOL_3) + body
    return _ask(path, packet).startswith(b"R")


def wait_ready(name: str, process: subprocess.Popen[bytes], answers: Callable[[], bool], log: Path) -> None:
    """Return when `answers` is true; EmbeddedError with the end of the log when the server ends or takes too long."""
    give_up = time.monotonic() + START_TIMEOUT_S
    while not answers():
        if process.poll() is not None:
            raise EmbeddedError(
                f"{name} ended with code {process.returncode} while starting. Its log {log} ends:\n{tail(log)}"
            )
        if time.monotonic() > give_up:
            raise EmbeddedError(
                f"{name} did not answer within {START_TIMEOUT_S:.0f} s. Its log {log} ends:\n{tail(log)}"
            )
        time.sleep(POLL_S)


def tail(log: Path) -> str:
    """The last lines of a log, or nothing when there is none."""
    try:
        return log.read_bytes()[-LOG_TAIL_BYTES:].decode(errors="replace")
    except OSError:
        return ""


def _ask(path: Path, packet: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(ANSWER_TIMEOUT_S)
        try:
            connection.connect(str(path))
            connection.sendall(packet)
            return connection.recv(64)
        except OSError:
            return b""
