"""One instant as every candidate zone sees it, with the facts: what a rule is shown when it is asked."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from operator import attrgetter

import msgspec

from throttling.decision import RuleAnswer
from throttling.facts import Event, EventChannel, Facts, Request
from throttling.localtime import day_start
from throttling.places import Place, places_at

DAY = timedelta(days=1)
INSTANT = attrgetter("at")


class Selector(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Which events a rule counts; None is every one. Rules that count alike share one, compared by identity."""

    kinds: tuple[str, ...] | None
    channels: tuple[EventChannel, ...] | None


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """The events of one selector, oldest first, and their instants."""

    events: list[Event]
    instants: list[datetime]


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule may look at.

    `history` is oldest first; `places` is empty if any candidate zone is unknown, and so none can be relied on.
    `midnight` is the next instant at which the counting day changes in any place (None without places); `horizon_end`
    is where every search for a permitted instant ends, and `horizon_moves_at` the next instant at which that end moves.
    """

    at: datetime
    request: Request
    facts: Facts
    history: list[Event]
    places: tuple[Place, ...]
    midnight: datetime | None
    horizon_end: datetime
    horizon_moves_at: datetime
    series: dict[Selector, Series]
    starts: dict[int, datetime]

    def select(self, selector: Selector) -> Series:
        """Return the events that `selector` counts; asked often, found once."""
        known = self.series.get(selector)
        if known is None:
            kinds, channels = selector.kinds, selector.channels
            events = [
                event
                for event in self.history
                if (kinds is None or event.kind in kinds) and (channels is None or event.channel in channels)
            ]
            known = self.series[selector] = Series(events=events, instants=[event.at for event in events])
        return known

    def window_start(self, days: int) -> datetime:
        """Return the earliest instant, over all places, that a window of `days` calendar days ending today includes."""
        known = self.starts.get(days)
        if known is None:
            known = min([day_start(place.zone, place.day - days + 1).early for place in self.places])
            self.starts[days] = known
        return known


@lru_cache(maxsize=256)
def selector_of(kinds: tuple[str, ...] | None, channels: tuple[EventChannel, ...] | None) -> Selector:
    """Return the one selector for these kinds and channels."""
    return Selector(kinds=kinds, channels=channels)


# A rule's answer, and the first later instant at which that answer could change (None: not by the passing of time).
Look = tuple[RuleAnswer, datetime | None]
Judge = Callable[[Moment], Look]


def observe(facts: Facts, at: datetime, horizon_days: int) -> Moment:
    """Show `facts` at the instant `at` (aware UTC).

    The horizon ends at a UTC midnight, so that it moves once a day and a decision made with it stays true until then.
    """
    today = at.replace(hour=0, minute=0, second=0, microsecond=0)
    here = places_at(tuple([evidence.zone for evidence in facts.request.zones]), at)
    return Moment(
        at=at,
        request=facts.request,
        facts=facts,
        history=_counted_history(facts),
        places=here.places,
        midnight=here.midnight,
        horizon_end=today + timedelta(days=horizon_days + 1),
        horizon_moves_at=today + DAY,
        series={},
        starts={},
    )


def later(moment: Moment, at: datetime) -> Moment:
    """Show the same facts at a later instant of the same search: nothing else has happened, the horizon stays."""
    here = places_at(tuple([evidence.zone for evidence in moment.request.zones]), at)
    return msgspec.structs.replace(moment, at=at, places=here.places, midnight=here.midnight, starts={})


def _counted_history(facts: Facts) -> list[Event]:
    """Join events and pending contacts, oldest first; a contact with both (a permit just given) counts once."""
    events = list(facts.borrower.events)
    if facts.pending:
        known = {event.contact for event in events if event.contact is not None}
        events += [event for event in facts.pending if event.contact not in known]
    if len(events) > 1:
        events.sort(key=INSTANT)
    return events
