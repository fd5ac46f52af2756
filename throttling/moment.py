"""One instant as every candidate zone sees it, with the facts: what a rule is shown when it is asked."""

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from throttling.decision import RuleAnswer
from throttling.facts import Event, Facts, Request
from throttling.localtime import day_now, day_start, zone_named

DAY = timedelta(days=1)


class Place(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A candidate zone at one instant: `civil` is the date on the wall, `day` the day that counts (see localtime)."""

    zone: ZoneInfo
    civil: int
    day: int


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule may look at. `places` is empty if any candidate zone is unknown, and so none can be relied on.

    `midnight` is the next instant at which the counting day changes in any place (None without places); `horizon_end`
    is where every search for a permitted instant ends, and `horizon_moves_at` the next instant at which that end moves.
    """

    at: datetime
    request: Request
    facts: Facts
    history: tuple[Event, ...]
    places: tuple[Place, ...]
    midnight: datetime | None
    horizon_end: datetime
    horizon_moves_at: datetime


# A rule's answer, and the first later instant at which that answer could change (None: not by the passing of time).
Look = tuple[RuleAnswer, datetime | None]
Judge = Callable[[Moment], Look]


def observe(facts: Facts, at: datetime, horizon_days: int) -> Moment:
    """Show `facts` at the instant `at` (aware UTC).

    The horizon ends at a UTC midnight, so that it moves once a day and a decision made with it stays true until then.
    """
    today = at.replace(hour=0, minute=0, second=0, microsecond=0)
    places = _places(facts.request, at)
    return Moment(
        at=at,
        request=facts.request,
        facts=facts,
        history=_counted_history(facts),
        places=places,
        midnight=_next_day_change(places, at),
        horizon_end=today + timedelta(days=horizon_days + 1),
        horizon_moves_at=today + DAY,
    )


def later(moment: Moment, at: datetime) -> Moment:
    """Show the same facts at a later instant of the same search: nothing else has happened, the horizon stays."""
    places = _places(moment.request, at)
    return msgspec.structs.replace(moment, at=at, places=places, midnight=_next_day_change(places, at))


def _counted_history(facts: Facts) -> tuple[Event, ...]:
    """Join events and pending contacts; a contact with both (a permit just given) counts once."""
    events = facts.borrower.events
    if not facts.pending:
        return events
    known = {event.contact for event in events if event.contact is not None}
    return events + tuple(event for event in facts.pending if event.contact not in known)


def _places(request: Request, at: datetime) -> tuple[Place, ...]:
    places = []
    for name in dict.fromkeys([evidence.zone for evidence in request.zones]):
        zone = zone_named(name)
        if zone is None:
            return ()
        places.append(Place(zone=zone, civil=at.astimezone(zone).toordinal(), day=day_now(zone, at)))
    return tuple(places)


def _next_day_change(places: tuple[Place, ...], at: datetime) -> datetime | None:
    changes = []
    for place in places:
        coming = day_start(place.zone, place.day + 1)
        changes.append(coming.early if coming.early > at else coming.late)
    return min(changes, default=None)
