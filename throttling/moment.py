"""One instant as every candidate zone sees it, with the facts: what a rule is shown when it is asked."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import compress
from operator import attrgetter

import msgspec

from throttling.decision import RuleAnswer
from throttling.evidence import CANDIDATES, Zones, zones_for
from throttling.facts import Channel, Event, EventChannel, Facts, Request
from throttling.localtime import day_start
from throttling.places import Place, places_at
from throttling.selector import SORT, Selector, mask_of, number_of, numbers

DAY = timedelta(days=1)
INSTANT = attrgetter("at")
# The channel of a request, as events name it.
MEDIA = {channel: EventChannel(channel) for channel in Channel}


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """The events of one selector, oldest first, and their instants."""

    events: list[Event]
    instants: list[datetime]


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule may look at.

    `history` is oldest first; `instants` and `sort_of` are its instants and the numbers of its sorts. `places` is empty
    if any candidate zone is unknown, and so none can be relied on. `midnight` is the next instant at which the counting
    day changes in any place (None without places); `first_day` and `last_day` are the earliest counting day and the
    latest date of any place, a day apart from UTC's without places. `horizon_end` is where every search for a permitted
    instant ends, and `horizon_moves_at` the next instant at which that end moves. `untouched` remembers which debts
    were never contacted about.
    """

    at: datetime
    request: Request
    facts: Facts
    history: list[Event]
    medium: EventChannel
    places: tuple[Place, ...]
    midnight: datetime | None
    first_day: int
    last_day: int
    horizon_end: datetime
    horizon_moves_at: datetime
    instants: list[datetime]
    sort_of: list[int]
    series: dict[Selector, Series]
    starts: dict[int, datetime]
    views: dict[Zones, "Moment"]
    untouched: dict[str, bool]

    def select(self, selector: Selector) -> Series:
        """Return the events that `selector` counts; asked often, found once."""
        known = self.series.get(selector)
        if known is None:
            mask = mask_of(selector, self.history, self.sort_of)
            known = self.series[selector] = Series(
                events=list(compress(self.history, mask)), instants=list(compress(self.instants, mask))
            )
        return known

    def window_start(self, days: int) -> datetime:
        """Return the earliest instant, over all places, that a window of `days` calendar days ending today includes."""
        known = self.starts.get(days)
        if known is None:
            known = min([day_start(place.zone, place.day - days + 1).early for place in self.places])
            self.starts[days] = known
        return known

    def seen_from(self, zones: Zones) -> "Moment":
        """Return the same moment in the places that a rule goes by, if it does not go by all candidates."""
        known = self.views.get(zones)
        if known is None:
            here = places_at(zones_for(zones, self.request.zones), self.at)
            known = msgspec.structs.replace(self, places=here.places, midnight=here.midnight, starts={})
            self.views[zones] = known
        return known


# A rule's answer, and the first later instant at which that answer could change (None: not by the passing of time).
Look = tuple[RuleAnswer, datetime | None]
Judge = Callable[[Moment], Look]


def observe(facts: Facts, at: datetime, horizon_days: int) -> Moment:
    """Show `facts` at the instant `at` (aware UTC).

    The horizon ends at a UTC midnight, so that it moves once a day and a decision made with it stays true until then.
    """
    today = at.replace(hour=0, minute=0, second=0, microsecond=0)
    here = places_at(_candidates(facts.request), at)
    history = _counted_history(facts)
    return Moment(
        at=at,
        request=facts.request,
        facts=facts,
        history=history,
        medium=MEDIA[facts.request.channel],
        places=here.places,
        midnight=here.midnight,
        first_day=here.first_day,
        last_day=here.last_day,
        horizon_end=today + timedelta(days=horizon_days + 1),
        horizon_moves_at=today + DAY,
        instants=[event.at for event in history],
        sort_of=[numbers.get(sort) or number_of(sort) for sort in map(SORT, history)],
        series={},
        starts={},
        views={},
        untouched={},
    )


def later(moment: Moment, at: datetime) -> Moment:
    """Show the same facts at a later instant of the same search: nothing else has happened, the horizon stays."""
    here = places_at(_candidates(moment.request), at)
    return msgspec.structs.replace(
        moment,
        at=at,
        places=here.places,
        midnight=here.midnight,
        first_day=here.first_day,
        last_day=here.last_day,
        starts={},
        views={},
    )


def _candidates(request: Request) -> tuple[str, ...]:
    zones = request.zones
    return (zones[0].zone,) if len(zones) == 1 else zones_for(CANDIDATES, zones)


def _counted_history(facts: Facts) -> list[Event]:
    """Join events and pending contacts, oldest first; a contact with both (a permit just given) counts once."""
    events = list(facts.borrower.events)
    if facts.pending:
        known = {event.contact for event in events if event.contact is not None}
        events += [event for event in facts.pending if event.contact not in known]
    if len(events) > 1:
        events.sort(key=INSTANT)
    return events
