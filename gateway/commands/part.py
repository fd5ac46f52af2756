"""One part of an installation as a child process: started, watched, started again, stopped."""

import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from gateway.commands.read_settings import EXIT_SETTINGS
from gateway.embedded.child import spawn
from gateway.embedded.identity import AS_WE_ARE
from gateway.embedded.ready import tail

COMMAND = (sys.executable, "-m", "gateway.cli")
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 30.0
STEADY_S = 60.0  # a part that ran so long is not in a loop: its next wait is short again
LOG_LINES = 5


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """What to tell about a part that ended; `final`: starting it again would change nothing."""

    lines: tuple[str, ...]
    final: bool


class Part:
    """A child that runs `forbear NAME`. Times are seconds of a clock that never goes back, given by the caller."""

    def __init__(
        self,
        name: str,
        *,
        log: Path,
        grace_s: float,
        environment: Mapping[str, str],
        command: tuple[str, ...] = COMMAND,
    ) -> None:
        self.name = name
        self._command = (*command, name)
        self._log, self._grace_s, self._environment = log, grace_s, environment
        self._process: subprocess.Popen[bytes] | None = None
        self._started_s = 0.0
        self._wait_s = FIRST_WAIT_S
        self._again_at_s: float | None = None

    @property
    def running(self) -> bool:
        """True while the child runs."""
        return self._process is not None and self._process.poll() is None

    def start(self, now_s: float) -> None:
        """Start the child; the kernel stops it when we end, however we end."""
        self._process = spawn(
            self._command,
            identity=AS_WE_ARE,
            death_signal=signal.SIGTERM,
            log=self._log,
            environment=self._environment,
        )
        self._started_s, self._again_at_s = now_s, None

    def look(self, now_s: float) -> Ended | None:
        """Start the child again when its wait is over; tell when it has ended, once each time."""
        if self._again_at_s is not None:
            if now_s >= self._again_at_s:
                self.start(now_s)
            return None
        if self._process is None or self._process.poll() is None:
            return None
        return self._ended(self._process.returncode, now_s)

    def stop(self) -> None:
        """Ask the child to end, wait, and make it end if it does not. Safe to call twice."""
        self._again_at_s = None
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(self._grace_s)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = None

    def kill(self) -> None:
        """End the child at once. What it left open, the sweep of the next start settles."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()

    def _ended(self, code: int, now_s: float) -> Ended:
        last = tail(self._log).splitlines()[-LOG_LINES:]
        if code == EXIT_SETTINGS:
            self._process = None
            return Ended(
                lines=(f"{self.name} cannot run with these settings. Its log {self._log} ends:", *last),
                final=True,
            )
        if now_s - self._started_s >= STEADY_S:
            self._wait_s = FIRST_WAIT_S
        self._again_at_s = now_s + self._wait_s
        how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
        headline = f"{self.name} {how}; starting it again in {self._wait_s:.0f} s. Its log {self._log} ends:"
        self._wait_s = min(self._wait_s * 2, LONGEST_WAIT_S)
        return Ended(lines=(headline, *last), final=False)
