"""A permit as the sender holds it: good for two seconds at most, by a clock that neither jumps nor sleeps."""

from datetime import datetime, timedelta
from typing import Final

from gateway.clock import Clock

LEASE: Final = timedelta(seconds=2)
MARGIN_S: Final = 0.1  # between the last look at the clock and the bytes leaving the host
TOO_SHORT: Final = timedelta(
    milliseconds=250
)  # what is left of an allowed hour, below which nothing is begun


class PermitLease:
    """The lease of one permit. `began_s` is the boot time noted before the permit was asked for."""

    __slots__ = ("_clock", "_ends_s")

    def __init__(self, clock: Clock, *, began_s: float, at: datetime, not_after: datetime) -> None:
        self._clock = clock
        self._ends_s = began_s + (not_after - at).total_seconds() - MARGIN_S

    def live(self) -> bool:
        """Whether the message may still leave."""
        return self._clock.boottime_s() < self._ends_s


def lease_end(at: datetime, valid_until: datetime) -> datetime | None:
    """When a permit decided at `at` must be over, or None where too little is left to begin at all."""
    end = min(at + LEASE, valid_until)
    return end if end - at >= TOO_SHORT else None
