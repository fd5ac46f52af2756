"""Which events count for a request, and for which of its debts: shared by every kind of rule that counts."""

from bisect import bisect_left
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Literal

import msgspec

from throttling.consenting import ConsentTerms, was_covered
from throttling.facts import Debt, Event, EventChannel, EventOutcome
from throttling.lookback import Lookback, first_counted, span_of
from throttling.moment import Moment
from throttling.selector import Selector, selector_of
from throttling.vocabulary import Unit

Words = Annotated[tuple[Annotated[str, msgspec.Meta(min_length=1)], ...], msgspec.Meta(min_length=1)]
Channels = Annotated[tuple[EventChannel, ...], msgspec.Meta(min_length=1)]
Outcomes = Annotated[tuple[EventOutcome, ...], msgspec.Meta(min_length=1)]
Key = Literal[
    "person", "debt", "account", "address", "creditor", "collector", "recipient", "place", "channel"
]
Per = Key | Annotated[tuple[Key, ...], msgspec.Meta(min_length=1)]

Same = Callable[[Event, Moment], bool]

# What an event and a request must have in common; what either does not say is taken as the same.
SAME: dict[str, Same] = {
    "address": lambda event, moment: _alike(event.address, moment.request.address),
    "creditor": lambda event, moment: event.creditor == moment.request.creditor,
    "collector": lambda event, moment: _alike(event.collector, moment.request.collector),
    "recipient": lambda event, moment: _alike(event.relation, moment.request.relation),
    "place": lambda event, moment: _alike(event.place, moment.request.place),
    "channel": lambda event, moment: event.channel == moment.medium,
}


class Counted(Lookback, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The window, and which events in it count; what is left out counts all, and so does what an event does not say.

    `except_consent` leaves out events that such a consent covered when they happened.
    """

    kinds: Words | None = None
    outcomes: Outcomes | None = None
    channels: Channels | None = None
    places: Words | None = None
    purposes: Words | None = None
    except_purposes: Words | None = None
    except_consent: ConsentTerms | None = None


class Counting(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """`Counted`, `unit` and `per`, compiled. `simple` counts need no look at each event."""

    window: Counted
    span: timedelta | None
    selector: Selector
    zoned: bool
    simple: bool
    by_debt: Literal["debt", "account"] | None
    same: tuple[Same, ...]
    discussed: bool


class Count(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The events, oldest first, that count now for one debt (or the person), and the debt's token."""

    debt: str | None
    events: list[Event]


def keys_of(per: Per) -> frozenset[str]:
    """Return the keys of `per`, which may be one word."""
    return frozenset([per] if isinstance(per, str) else per)


def compile_counting(params: Counted, unit: Unit | None, per: Per) -> Counting:
    """Compile once what every count of a rule needs."""
    keys, span = keys_of(per), span_of(params)
    same = tuple(SAME[key] for key in sorted(keys & SAME.keys()))
    by_debt: Literal["debt", "account"] | None = (
        "debt" if "debt" in keys else "account" if "account" in keys else None
    )
    return Counting(
        window=params,
        selector=selector_of(
            unit,
            params.kinds,
            params.outcomes,
            params.channels,
            params.places,
            params.purposes,
            params.except_purposes,
        ),
        span=span,
        zoned=span is None,
        simple=by_debt is None and not same and params.except_consent is None,
        by_debt=by_debt,
        same=same,
        discussed=unit is Unit.CONVERSATION,
    )


def count(counting: Counting, moment: Moment) -> list[Count]:
    """Count for each debt of the request. A request that names none is counted against everything that happened.

    An event inside the window of any place counts: that is the strictest count of all places.
    """
    series = moment.select(counting.selector)
    events = series.events[
        bisect_left(series.instants, first_counted(counting.window, counting.span, moment)) :
    ]
    request = moment.request
    if counting.same:
        events = [event for event in events if all(same(event, moment) for same in counting.same)]
    terms = counting.window.except_consent
    if terms is not None and moment.facts.borrower.consents:
        events = [event for event in events if not was_covered(terms, event, moment)]
    if counting.by_debt is None or not request.debts:
        return [Count(debt=None, events=events)]
    return [
        Count(debt=debt.token, events=about(debt, events, counting.by_debt, discussed=counting.discussed))
        for debt in request.debts
    ]


def about(debt: Debt, events: list[Event], by: Literal["debt", "account"], *, discussed: bool) -> list[Event]:
    """Pick the events about one debt. One that names no debt counts for each: which it was cannot be known any more.

    `discussed`: a conversation counts for the debts it was about, a call for those it was made for.
    """
    names = tokens_of(debt, by)
    found = []
    for event in events:
        told = event.debts if not discussed or event.discussed is None else event.discussed
        if not told or not names.isdisjoint(told):
            found.append(event)
    return found


def tokens_of(debt: Debt, by: Literal["debt", "account"]) -> frozenset[str]:
    """Return the tokens under which an event may name this debt."""
    if by == "account" and debt.account is not None:
        return frozenset({debt.token, debt.account})
    return frozenset({debt.token} if debt.group is None else {debt.token, debt.group})


def fullest(counts: list[Count]) -> Count:
    """Return the count that binds first, whatever the order of the debts."""
    return counts[0] if len(counts) == 1 else max(counts, key=_fullness)


def instants_of(one: Count) -> list[datetime]:
    """Return the instants of a count, oldest first."""
    return [event.at for event in one.events]


def _fullness(one: Count) -> tuple[int, str]:
    return len(one.events), one.debt or ""


def _alike(one: str | None, other: str | None) -> bool:
    return one is None or other is None or one == other
