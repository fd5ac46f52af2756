"""A clock that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta

# A Tuesday, noon in New York. Far ahead of any machine: the database refuses a permit whose lease is over by its
# own clock, and that one cannot be moved.
NOON = datetime(2031, 3, 4, 17, 0, tzinfo=UTC)


class MovedClock:
    """Wall clock and boot time together; `jump` moves the wall clock alone, as an operator or NTP would."""

    def __init__(self, at: datetime = NOON) -> None:
        self._at, self._boot_s = at, 1_000.0

    def now(self) -> datetime:
        return self._at

    def boottime_s(self) -> float:
        return self._boot_s

    def move(self, span: timedelta) -> None:
        """Let time pass."""
        self._at += span
        self._boot_s += span.total_seconds()

    def move_to(self, at: datetime) -> None:
        """Let time pass until an instant."""
        self.move(at - self._at)

    def jump(self, span: timedelta) -> None:
        """Set the wall clock; no time passes."""
        self._at += span
