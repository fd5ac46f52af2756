"""The only clock: everything else takes the time as an argument."""

import datetime as dt
import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time, and how much of it has passed."""

    def now(self) -> dt.datetime:
        """The wall clock's time, aware and in UTC. It may jump; deadlines of a permit are not measured by it."""
        ...

    def boottime_s(self) -> float:
        """Seconds since some fixed instant; never jumps, and counts the time that the machine sleeps."""
        ...


class SystemClock:
    """The clock of this machine."""

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC)  # noqa: TID251  (this is the clock)

    def boottime_s(self) -> float:
        # Not CLOCK_MONOTONIC, which stands still while a laptop or a virtual machine is suspended: a lease of two
        # seconds would still look fresh when the machine wakes up hours later.
        return time.clock_gettime(time.CLOCK_BOOTTIME)
