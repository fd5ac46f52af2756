"""`forbear demo` as a newcomer runs it: a process in a folder and on a port of its own, and what it prints."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from gateway.embedded.urls import sockets_dir

PRINTED = "Playing a realistic day"
START_S, STOP_S = 60.0, 60.0
ROOT = Path(__file__).resolve().parent.parent
BAD_LINE = re.compile(r'"level":"(error|critical)"|Traceback|\b(ERROR|FATAL|PANIC):')

COMMAND = (sys.executable, "-m", "gateway.cli", "demo")


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


def environment_of(data: Path, port: int) -> dict[str, str]:
    """The environment of this run, with the settings of one installation and the Python of these tests first."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FORBEAR_")}  # noqa: TID251
    return kept | {
        "PATH": f"{Path(sys.executable).parent}:{kept['PATH']}",
        "FORBEAR_DATA_DIR": str(data),
        "FORBEAR_LISTEN": f"127.0.0.1:{port}",
    }


class Demo:
    """A demo that has printed its links, or one that is still starting (`started=False`)."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.data = folder / "data"
        self._out = folder / "out"
        self.environment = environment_of(self.data, self.port)
        with self._out.open("wb") as out:
            self.process = subprocess.Popen(
                COMMAND,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=self.environment,
                cwd=ROOT,
            )

    @property
    def said(self) -> str:
        """Everything that it has printed so far."""
        return self._out.read_text()

    def wait_for(self, text: str, *, within_s: float = START_S) -> None:
        """Return once it has printed `text`."""
        give_up = time.monotonic() + within_s
        while text not in self.said:
            assert self.process.poll() is None, self.said
            assert time.monotonic() < give_up, self.said
            time.sleep(0.05)

    def interrupt(self, *, times: int = 1) -> int:
        """Press Ctrl-C and wait for the end; the exit code."""
        for _ in range(times):
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(STOP_S)

    def bad_lines(self) -> list[str]:
        """Every line of every log that tells of an error."""
        logs = [*self.data.glob("logs/*.log"), *self.data.glob("*.log")]
        assert len(logs) >= 5, logs  # serve, work, seal, postgres, valkey
        return [line for log in logs for line in log.read_text().splitlines() if BAD_LINE.search(line)]

    def left_running(self) -> list[str]:
        """Processes of this installation that are still there."""
        names = f"{self.data}|{sockets_dir(self.data)}"
        listing = subprocess.run(["pgrep", "-fa", names], capture_output=True, text=True, check=False)
        return listing.stdout.splitlines()


@contextmanager
def running_demo(folder: Path, *, started: bool = True) -> Iterator[Demo]:
    """A demo, ended at the end of the block if the test has not."""
    demo = Demo(folder)
    try:
        if started:
            demo.wait_for(PRINTED)
        yield demo
    finally:
        if demo.process.poll() is None:
            demo.interrupt()


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """One block of a document that can be run; its output must contain `shows`."""

    language: str
    code: str
    shows: str


MARKED = re.compile(
    r"<!-- run(?:, shows: (?P<shows>[^\n]*?))? -->\n```(?P<language>\w+)\n(?P<code>.*?)```", re.DOTALL
)


def blocks_of(document: Path) -> list[Block]:
    """The blocks that stand under a `<!-- run -->` remark, in order."""
    return [
        Block(language=found["language"], code=found["code"], shows=found["shows"] or "")
        for found in MARKED.finditer(document.read_text("utf-8"))
    ]
