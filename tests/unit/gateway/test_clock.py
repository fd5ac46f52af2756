"""The one clock."""

import datetime as dt

from gateway.clock import SystemClock


def test_the_clock_is_aware_and_boottime_does_not_go_back():
    """Time is in UTC and says so; elapsed time only grows."""
    clock = SystemClock()
    first = clock.boottime_s()
    assert clock.now().tzinfo is dt.UTC
    assert clock.boottime_s() >= first
