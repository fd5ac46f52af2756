"""Which sorts of events a rule counts, found out once for each sort."""

import itertools
from collections.abc import Sequence
from functools import lru_cache
from operator import attrgetter

import msgspec

from throttling.facts import Event, EventChannel, EventOutcome
from throttling.units import KINDS as UNITS_OF_KIND
from throttling.units import units_of
from throttling.vocabulary import Unit

# Sorts are few, but purposes are words of the callers'; past this many they are forgotten and found anew.
SORTS_MAX = 4096

Words = tuple[str, ...]
# All that a selector looks at: kind, channel, outcome, purpose, place.
Sort = tuple[str, EventChannel, EventOutcome | None, str | None, str | None]
SORT = attrgetter("kind", "channel", "outcome", "purpose", "place")

numbers: dict[Sort, int] = {}
_fresh = itertools.count(1)


class Selector(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Which events a rule counts; None is every one. Rules that count alike share one, compared by identity.

    `known` remembers the answer for each sort of event, by number. What an event does not say counts.
    """

    unit: Unit | None
    kinds: Words | None
    outcomes: tuple[EventOutcome, ...] | None
    channels: tuple[EventChannel, ...] | None
    places: Words | None
    purposes: Words | None
    except_purposes: Words | None
    known: dict[int, bool]


@lru_cache(maxsize=256)
def selector_of(
    unit: Unit | None = None,
    kinds: Words | None = None,
    outcomes: tuple[EventOutcome, ...] | None = None,
    channels: tuple[EventChannel, ...] | None = None,
    places: Words | None = None,
    purposes: Words | None = None,
    except_purposes: Words | None = None,
) -> Selector:
    """Return the one selector for these words."""
    return Selector(
        unit=unit,
        kinds=kinds,
        outcomes=outcomes,
        channels=channels,
        places=places,
        purposes=purposes,
        except_purposes=except_purposes,
        known={},
    )


def number_of(sort: Sort) -> int:
    """Return the number of a sort, from 1: a number is found faster than five words. None is ever given twice."""
    number = numbers.get(sort)
    if number is None:
        if len(numbers) >= SORTS_MAX:
            numbers.clear()
        number = numbers[sort] = next(_fresh)
    return number


def mask_of(selector: Selector, events: Sequence[Event], sort_of: Sequence[int]) -> list[bool]:
    """Say of each event whether it counts; `sort_of` holds the numbers of their sorts."""
    known = selector.known
    try:
        return [known[number] for number in sort_of]
    except KeyError:  # a sort that this selector has not met yet, which is rare
        if len(known) >= SORTS_MAX:
            known.clear()
        for event, number in zip(events, sort_of, strict=True):
            known[number] = _look(selector, SORT(event))
        return [known[number] for number in sort_of]


def _named(selector: Selector, kind: str, outcome: EventOutcome | None) -> bool:
    named = selector.outcomes is not None and outcome in selector.outcomes
    return named or (kind in UNITS_OF_KIND and selector.kinds is not None and kind in selector.kinds)


def _look(selector: Selector, sort: Sort) -> bool:
    kind, channel, outcome, purpose, place = sort
    units = units_of(kind, outcome)
    return (
        # Without a unit whatever reached out to the person counts; what only they did must be named by its kind.
        (
            selector.unit in units
            if selector.unit is not None
            else bool(units) or _named(selector, kind, outcome)
        )
        and (selector.kinds is None or kind in selector.kinds)
        and (selector.outcomes is None or outcome is None or outcome in selector.outcomes)
        and (selector.channels is None or channel in selector.channels)
        and (selector.places is None or place is None or place in selector.places)
        and (selector.purposes is None or purpose is None or purpose in selector.purposes)
        and (selector.except_purposes is None or purpose is None or purpose not in selector.except_purposes)
    )
