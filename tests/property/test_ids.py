"""Identifiers sort by time and tell it."""

import datetime as dt
from uuid import RFC_4122

from hypothesis import given
from hypothesis import strategies as st

from gateway.ids import EPOCH, MICROSECOND, new_id, time_of

INSTANTS = st.integers(min_value=0, max_value=2**57).map(lambda us: EPOCH + us * MICROSECOND)


@given(at=INSTANTS, tail=st.binary(min_size=8, max_size=8))
def test_an_id_is_a_version_7_uuid_that_tells_its_time(at, tail):
    """Any library reads it as UUID version 7, and its time is right to the millisecond."""
    identifier = new_id(at, lambda size: tail[:size])
    assert (identifier.version, identifier.variant) == (7, RFC_4122)
    assert time_of(identifier) <= at < time_of(identifier) + dt.timedelta(milliseconds=1)


@given(
    at=INSTANTS,
    step_us=st.integers(min_value=1, max_value=10**9),
    tails=st.tuples(*[st.binary(min_size=8, max_size=8)] * 2),
)
def test_a_later_id_sorts_later(at, step_us, tails):
    """Whatever the random part, an id made a microsecond later is greater."""
    later = at + dt.timedelta(microseconds=step_us)
    assert new_id(at, lambda _: tails[0]) < new_id(later, lambda _: tails[1])


@given(
    at=INSTANTS,
    tails=st.lists(
        st.binary(min_size=8, max_size=8), min_size=2, max_size=2, unique_by=lambda tail: tail[:7]
    ),
)
def test_two_ids_of_one_instant_differ(at, tails):
    """The random part tells them apart."""
    assert new_id(at, lambda _: tails[0]) != new_id(at, lambda _: tails[1])
