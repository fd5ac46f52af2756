"""`forbear up`: everything starts, is watched, and ends in order. The parts are stand-ins; the servers are real."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.commands.part import FIRST_WAIT_S, LONGEST_WAIT_S, STEADY_S, Part
from gateway.embedded.lock import alive
from gateway.embedded.urls import sockets_dir

# Runs the installation with this file's stand-in for `forbear NAME`, as a terminal would.
UP = """
import sys
from config.settings import from_process
import typer
from gateway.commands.installation import open_installation
try:
    with open_installation(from_process(), command=(sys.executable, sys.argv[1])) as installation:
        print("up", flush=True)
        installation.watch()
except typer.Exit as end:
    sys.exit(end.exit_code)
"""
STAND_IN = """
import http.server, os, signal, sys, time
name, notes = sys.argv[1], os.environ["NOTES"]
def note(what):
    with open(notes, "a") as file:
        file.write(f"{name} {what} {os.getpid()}\\n")
def end(*_):
    note("stopped")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
note("started")
assert os.environ["DATABASE_URL"].startswith("postgresql://forbear_app@")
if name != "serve":
    while True:
        time.sleep(60)
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/readyz" else 404)
        self.end_headers()
host, port = os.environ["FORBEAR_LISTEN"].split(":")
http.server.HTTPServer((host, int(port)), Ready).serve_forever()
"""


def wait_for(condition: Callable[[], bool], *, within_s: float = 20.0) -> None:
    give_up = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < give_up, "the condition did not come true"
        time.sleep(0.02)


class Running:
    """A running installation, and what its stand-ins noted."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.folder, self._notes = folder, folder / "notes"
        (folder / "stand_in.py").write_text(textwrap.dedent(STAND_IN))
        self.environment = {
            "PYTHONPATH": os.pathsep.join(sys.path),
            "PATH": "/usr/bin:/bin",
            "NOTES": str(self._notes),
            "FORBEAR_DATA_DIR": str(folder / "data"),
            "FORBEAR_LISTEN": f"127.0.0.1:{self.port}",
        }
        self.process = self.start()

    def start(self) -> subprocess.Popen[str]:
        argv = [sys.executable, "-c", UP, str(self.folder / "stand_in.py")]
        pipe = subprocess.PIPE
        return subprocess.Popen(argv, stdout=pipe, stderr=subprocess.STDOUT, text=True, env=self.environment)

    def notes(self, what: str) -> list[tuple[str, int]]:
        lines = self._notes.read_text().splitlines() if self._notes.exists() else []
        found = [line.split() for line in lines]
        return [(name, int(pid)) for name, kind, pid in found if kind == what]

    def started(self) -> dict[str, int]:
        """The pids of the three parts, once all have started."""
        wait_for(lambda: len(self.notes("started")) == 3)
        return dict(self.notes("started"))

    def server_pids(self) -> list[int]:
        names = f"{self.folder / 'data'}|{sockets_dir(self.folder / 'data')}"
        listing = subprocess.run(["pgrep", "-f", names], capture_output=True, text=True, check=False)
        return [int(pid) for pid in listing.stdout.split()]

    def answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == http.client.OK
        except OSError:
            return False
        finally:
            connection.close()


@pytest.fixture
def running(tmp_path):
    installation = Running(tmp_path)
    yield installation
    if installation.process.poll() is None:
        installation.process.terminate()
    installation.process.communicate(timeout=60)


def read_until(process: subprocess.Popen[str], text: str) -> str:
    seen = ""
    for line in process.stdout:
        seen += line
        if text in line:
            return seen
    raise AssertionError(f"the installation ended after saying: {seen}")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_everything_starts_and_ends_in_order(running, number):
    """One command brings everything up; Ctrl-C and a service manager's SIGTERM stop it in order and leave nothing."""
    said = read_until(running.process, "up\n")
    assert "PostgreSQL and Valkey are up" in said
    assert "applied" in said
    assert running.answers()
    key = running.folder / "data" / "keys" / "master.key"
    assert oct(key.stat().st_mode)[-3:] == "600"
    running.started()
    running.process.send_signal(number)
    assert "Your data is in" in running.process.communicate(timeout=60)[0]
    assert running.process.returncode == 0
    assert [name for name, _ in running.notes("stopped")] == ["serve", "work", "seal"]
    assert running.server_pids() == []


def test_a_part_that_dies_is_started_again(running):
    """The message says which part, how it ended and where its log is."""
    read_until(running.process, "up\n")
    os.kill(running.started()["work"], signal.SIGKILL)
    said = read_until(running.process, "starting it again")
    assert re.search(r"work was ended by signal 9; starting it again in 1 s\. Its log .*work\.log", said)
    wait_for(lambda: [name for name, _ in running.notes("started")].count("work") == 2)


def test_nothing_is_left_when_the_supervisor_is_killed(running):
    """After kill -9 of `forbear up` neither a part nor a server runs on by itself."""
    read_until(running.process, "up\n")
    pids = [*running.started().values(), *running.server_pids()]
    assert len(pids) >= 5  # three parts, Valkey, PostgreSQL and its own helpers
    running.process.kill()
    wait_for(lambda: not any(alive(pid) for pid in pids))


def test_a_taken_address_is_refused_before_anything_starts(tmp_path):
    """Another program on the port is told at once, with the way out, and no server was started for it."""
    installation = Running(tmp_path)
    installation.process.kill()
    installation.process.communicate()
    with socket.create_server(("127.0.0.1", installation.port)):
        process = installation.start()
        said = process.communicate(timeout=30)[0]
    assert process.returncode == 2
    assert f"127.0.0.1:{installation.port} cannot be listened on" in said
    assert "FORBEAR_LISTEN" in said


def part_that(code: str, tmp_path: Path) -> Part:
    command = (sys.executable, "-c", code)
    return Part(
        "work", log=tmp_path / "log", grace_s=5, environment={"PATH": "/usr/bin:/bin"}, command=command
    )


def ended(part: Part, now_s: float) -> str:
    found = []
    wait_for(lambda: bool(found.append(part.look(now_s)) or found[-1]))
    return "\n".join(found[-1].lines)


def test_a_part_in_a_loop_is_started_ever_more_seldom(tmp_path):
    """The waits double up to half a minute, and one steady minute makes them short again."""
    part = part_that("raise SystemExit(7)", tmp_path)
    now_s, waits = 0.0, []
    part.start(now_s)
    for _ in range(8):
        said = ended(part, now_s)
        waits.append(float(re.search(r"code 7; starting it again in (\d+) s", said)[1]))
        assert part.look(now_s + waits[-1] - 0.1) is None
        assert not part.running
        now_s += waits[-1]
        part.look(now_s)
    assert waits == [FIRST_WAIT_S, 2.0, 4.0, 8.0, 16.0, LONGEST_WAIT_S, LONGEST_WAIT_S, LONGEST_WAIT_S]
    assert "starting it again in 1 s" in ended(part, now_s + STEADY_S)


def test_a_part_with_wrong_settings_is_not_started_again(tmp_path):
    """Nothing would have changed; its own words are shown instead."""
    part = part_that("import sys; print('FORBEAR_LISTEN is empty'); sys.exit(2)", tmp_path)
    part.start(0.0)
    said = ended(part, 0.0)
    assert "cannot run with these settings" in said
    assert "FORBEAR_LISTEN is empty" in said
    assert part.look(1000.0) is None
    assert not part.running


def test_a_part_that_does_not_end_is_ended(tmp_path):
    """A part that ignores SIGTERM does not keep the installation from stopping."""
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    code += "print('deaf', flush=True); time.sleep(600)"
    part = Part(
        "work", log=tmp_path / "log", grace_s=0.1, environment={}, command=(sys.executable, "-c", code)
    )
    part.start(0.0)
    wait_for(lambda: "deaf" in (tmp_path / "log").read_text())
    part.stop()
    part.stop()
    assert not part.running
