"""At most so many contacts within so many local calendar days, per person or per debt.

Days are counted on the local calendar of every candidate zone, and the strictest count binds. The day of an event is
day one (12 CFR 1006.14(b)(2)(i)(B); the same reading for part (A): first call on a Wednesday and six more leave the
next Wednesday free again, comment 14(b)(2)(i)-1.i). It is not 168 hours.
"""

from bisect import bisect_left
from datetime import datetime
from typing import Annotated, Literal

import msgspec

from throttling.budget import Budget
from throttling.decision import DEFER, DENY, PASS
from throttling.facts import Debt, Event, EventChannel
from throttling.label import RuleLabel
from throttling.localtime import day_of_event, day_start
from throttling.moment import Judge, Look, Moment, selector_of

Kinds = Annotated[tuple[Annotated[str, msgspec.Meta(min_length=1)], ...], msgspec.Meta(min_length=1)]
Channels = Annotated[tuple[EventChannel, ...], msgspec.Meta(min_length=1)]


# Whoever gathers the facts must bring every event of so many days: a window that reaches further back than the history
# would count too little, and permit.
DAYS_MAX = 90


class Params(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`limit` events (0 means none) within `days` local calendar days, per `person` or per `debt`.

    `kinds` and `channels` say which events count; left out, every kind and every channel does.
    """

    limit: Annotated[int, msgspec.Meta(ge=0, le=1000)]
    days: Annotated[int, msgspec.Meta(ge=1, le=DAYS_MAX)]
    per: Literal["person", "debt"]
    kinds: Kinds | None = None
    channels: Channels | None = None


class Count(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The instants, oldest first, of the events that count now for one debt (or the person), and the debt's token."""

    debt: str | None
    instants: list[datetime]


def build_judge(label: RuleLabel, params: Params) -> Judge:
    """Pass while every debt of the request (or the person) has a place left; otherwise defer to when one frees."""
    limit, days, window = params.limit, params.days, describe(params)
    per_person = params.per == "person"
    selector = selector_of(params.kinds, params.channels)
    none = label.answer(DENY, "cap-zero", used=0, limit=0, window=window), None
    unknown = label.answer(DENY, "zone-unknown", limit=limit, window=window), None
    passes = [label.answer(PASS, "ok", used=used, limit=limit, window=window) for used in range(limit)]

    def judge(moment: Moment) -> Look:
        if limit == 0:
            return none
        if not moment.places:
            return unknown
        if per_person:
            instants = moment.select(selector).instants
            used = len(instants) and len(instants) - bisect_left(instants, moment.window_start(days))
            if used < limit:
                return passes[used], moment.midnight
        counts = _counts(params, moment)
        fullest = counts[0] if len(counts) == 1 else max(counts, key=_fullness)
        used, debt = len(fullest.instants), fullest.debt
        if used < limit:
            return label.answer(PASS, "ok", used=used, limit=limit, window=window, debt=debt), moment.midnight
        until = max([_frees(moment, days, count.instants, limit) for count in counts])
        answer = label.answer(
            DEFER, "cap-reached", until=until, used=used, limit=limit, window=window, debt=debt
        )
        return answer, moment.midnight

    return judge


def budget(label: RuleLabel, params: Params, moment: Moment) -> Budget:
    """Say what is left under this cap, and when each used place frees; `moment.places` must not be empty."""
    fullest = max(_counts(params, moment), key=_fullness)
    frees = sorted(_frees_one(moment, params.days, instant) for instant in fullest.instants)
    return Budget(
        rule=label.rule,
        used=len(frees),
        limit=params.limit,
        window=describe(params),
        debt=fullest.debt,
        frees_at=tuple(frees),
    )


def counterexample(mine: Params, theirs: Params) -> str | None:
    """Name a series of events that `mine` lets pass and `theirs` does not.

    The most that fits into any d2 consecutive days under "l1 in d1 days" is l1 * ceil(d2 / d1): bursts of l1, d1 days
    apart. `mine` is strict enough exactly if that is at most l2.
    """
    if theirs.per == "person" and mine.per == "debt":
        return f"{theirs.limit + 1} events on as many debts pass"
    for have, want, what in ((mine.kinds, theirs.kinds, "kind"), (mine.channels, theirs.channels, "channel")):
        if have is not None and (want is None or not set(want) <= set(have)):
            unseen = "other" if want is None else min(set(want) - set(have))
            return f"an event of {what} {unseen} does not count"
    bursts = -(-theirs.days // mine.days)
    most = mine.limit * bursts
    if most <= theirs.limit:
        return None
    return f"{bursts} times {mine.limit}, {mine.days} days apart, makes {most} within {theirs.days} days"


def describe(params: Params) -> str:
    """Write the window as `7 calendar days`."""
    return "1 calendar day" if params.days == 1 else f"{params.days} calendar days"


def _counts(params: Params, moment: Moment) -> list[Count]:
    """Count for each debt of the request. A request that names none is counted against everything that happened.

    An event inside the window of any place counts: that is the strictest count of all places.
    """
    series = moment.select(selector_of(params.kinds, params.channels))
    first = bisect_left(series.instants, moment.window_start(params.days))
    if params.per == "person" or not moment.request.debts:
        return [Count(debt=None, instants=series.instants[first:])]
    events = series.events[first:]
    return [Count(debt=debt.token, instants=_about(debt, events)) for debt in moment.request.debts]


def _about(debt: Debt, events: list[Event]) -> list[datetime]:
    """Pick the events about one debt. One that names no debt counts for each: which it was cannot be known any more."""
    token, group = debt.token, debt.group
    return [
        event.at
        for event in events
        if token in event.debts or not event.debts or (group is not None and group in event.debts)
    ]


def _frees(moment: Moment, days: int, instants: list[datetime], limit: int) -> datetime:
    """Say when a place is free: when the limit-th newest event has left the window everywhere; now, if there is one."""
    if len(instants) < limit:
        return moment.at
    return _frees_one(moment, days, instants[-limit])


def _frees_one(moment: Moment, days: int, instant: datetime) -> datetime:
    return max([day_start(p.zone, day_of_event(p.zone, instant) + days).late for p in moment.places])


def _fullness(count: Count) -> tuple[int, str]:
    return len(count.instants), count.debt or ""
