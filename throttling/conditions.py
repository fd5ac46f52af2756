"""Whether a condition of a rule holds at a moment: one small function for each key, one table.

A condition that frees a request (`unless`) must be known to hold, for every debt of it; one on which a rule binds
(`when`) holds also where that is not known, or for one debt only.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from throttling.condition import (
    AfterTerms,
    CheckedTerms,
    Condition,
    ConfirmationTerms,
    InboundTerms,
    NoticeTerms,
    PastDueTerms,
    ReplyTerms,
    given,
)
from throttling.consenting import (
    ConsentTerms,
    Held,
    after_days,
    both,
    covered,
    either,
    within_days,
)
from throttling.counting import about, tokens_of
from throttling.facts import Debt, Event
from throttling.localtime import day_start
from throttling.moment import Moment
from throttling.selector import selector_of
from throttling.units import is_try
from throttling.vocabulary import LEGAL_NOTICE, OPT_OUT_CONFIRMATION, REPLY, Unit

Check = Callable[[Moment], Held]
NO: Held = (False, None)
YES: Held = (True, None)
TRIED = selector_of(Unit.ATTEMPT)


class Side(StrEnum):
    """What a condition is asked for: whether a rule binds, or whether a request is free of it."""

    WHEN = "when"
    UNLESS = "unless"


def build_check(condition: Condition, side: Side) -> Check:
    """Compile a condition into one question."""
    checks = [_check(name, getattr(condition, name), side) for name in given(condition)]
    return checks[0] if len(checks) == 1 else lambda moment: both([check(moment) for check in checks])


def _check(name: str, terms: Any, side: Side) -> Check:
    if name in BY_DEBT:
        by_debt = BY_DEBT[name]
        return lambda moment: by_debt(terms, moment, side)
    check = CHECKS[name]
    return lambda moment: check(terms, moment)


def _consent(terms: ConsentTerms, moment: Moment) -> Held:
    return covered(terms, moment) if moment.facts.borrower.consents else NO


def _reply(terms: ReplyTerms, moment: Moment) -> Held:
    """The newest message, or the one that the request names, has no answer on the same medium yet."""
    request = moment.request
    if request.purpose != REPLY:
        return NO
    came = [
        event
        for event in moment.history
        if _came_in(event, moment, same_address=terms.same_address)
        and request.answers in (None, event.id)
        and event.at <= moment.at
    ]
    if not came:
        return NO
    newest = came[-1]
    return (not any(_answers(event, newest) for event in moment.history)), None


def _answers(event: Event, message: Event) -> bool:
    """Whether an event may be the one reply to a message; what it does not say is taken against it."""
    return (
        event.channel == message.channel
        and event.at >= message.at
        and is_try(event)
        and event.purpose in (None, REPLY)
        and (event.answers is None or message.id is None or event.answers == message.id)
    )


def _came_in(event: Event, moment: Moment, *, same_address: bool) -> bool:
    request = moment.request
    return (
        event.kind == "inbound"
        and event.channel == moment.medium
        and (not same_address or (event.address is not None and event.address == request.address))
    )


def _confirmation(terms: ConfirmationTerms, moment: Moment) -> Held:
    """The newest opt-out is fresh, and nothing that may have been its confirmation was sent since."""
    request, facts = moment.request, moment.facts
    known = [one.since for one in facts.address.suppressions + facts.borrower.suppressions]
    since = max([instant for instant in known if instant <= moment.at], default=None)
    if request.purpose != OPT_OUT_CONFIRMATION or since is None:
        return NO
    ends = since + timedelta(minutes=terms.within_minutes)
    sent = any(
        event.at >= since
        and event.channel == moment.medium
        and is_try(event)
        and event.purpose in (None, OPT_OUT_CONFIRMATION)
        for event in moment.history
    )
    return NO if sent or moment.at >= ends else (True, ends)


def _required_notice(_terms: object, moment: Moment) -> Held:
    return moment.request.purpose == LEGAL_NOTICE and moment.request.required_by is not None, None


def _inbound(terms: InboundTerms, moment: Moment) -> Held:
    came = [event.at for event in moment.history if _came_in(event, moment, same_address=terms.same_address)]
    if terms.days is None or not came:
        return bool(came), None
    return either([within_days(terms.days, instant, moment, moment.at) for instant in came])


def _notice(terms: NoticeTerms, moment: Moment, side: Side) -> Held:
    sent = [event for event in moment.history if event.kind == "notice" and event.notice == terms.name]

    def of(debt: Debt) -> Held:
        mine = [
            event for event in sent if event.debts and not tokens_of(debt, "account").isdisjoint(event.debts)
        ]
        return either([after_days(terms.days, event.at, moment) for event in mine])

    return _of_debts(moment, side, of)


def _checked(terms: CheckedTerms, moment: Moment) -> Held:
    checked = moment.facts.address.checked
    return NO if checked is None else within_days(terms.days, checked, moment, moment.at)


def _past_due(terms: PastDueTerms, moment: Moment, side: Side) -> Held:
    def of(debt: Debt) -> Held:
        if debt.due_on is not None and moment.places:
            return _dated(terms, debt.due_on.toordinal(), moment, side=side)
        days = debt.days_past_due
        if days is None:
            return side is Side.WHEN, None
        low = terms.at_least is None or days >= terms.at_least
        return low and (terms.at_most is None or days <= terms.at_most), None

    return _of_debts(moment, side, of)


def _dated(terms: PastDueTerms, due: int, moment: Moment, *, side: Side) -> Held:
    """Say from a due date when the range begins and ends: in every place to free, in any to bind."""
    frees = side is Side.UNLESS
    widest, narrowest = (min, max) if frees else (max, min)
    begins: datetime | None = None
    ends: datetime | None = None
    if terms.at_least is not None:
        begins = narrowest([_begin(place.zone, due + terms.at_least, late=frees) for place in moment.places])
    if terms.at_most is not None:
        ends = widest(
            [_begin(place.zone, due + terms.at_most + 1, late=not frees) for place in moment.places]
        )
    if begins is not None and moment.at < begins:
        return False, begins
    return NO if ends is not None and moment.at >= ends else (True, ends)


def _begin(zone: ZoneInfo, day: int, *, late: bool) -> datetime:
    start = day_start(zone, day)
    return start.late if late else start.early


def _after(terms: AfterTerms, moment: Moment, side: Side) -> Held:
    events = moment.select(selector_of(terms.unit)).events
    if terms.per == "person":
        return bool(events), None
    by = terms.per
    spoken = terms.unit is Unit.CONVERSATION
    return _of_debts(moment, side, lambda debt: (bool(about(debt, events, by, discussed=spoken)), None))


def _first(wanted: Any, moment: Moment, side: Side) -> Held:
    debts = moment.request.debts
    if not debts:
        return side is Side.WHEN, None
    found = [_is_first(debt, moment) is wanted for debt in debts]
    return any(found) if side is Side.WHEN else all(found), None


def _is_first(debt: Debt, moment: Moment) -> bool:
    first = moment.untouched.get(debt.token)
    if first is None:
        names = tokens_of(debt, "debt")
        first = True
        for event in moment.select(TRIED).events:
            if not event.debts or not names.isdisjoint(event.debts):
                first = False
                break
        moment.untouched[debt.token] = first
    return first


def _states(terms: frozenset[str], moment: Moment) -> Held:
    borrower = moment.facts.borrower
    if not terms.isdisjoint(borrower.states):
        return YES
    held: list[Held] = []
    for one in borrower.restrictions:
        if one.kind not in terms:
            continue
        begun = moment.at >= one.since
        over = one.until is not None and moment.at >= one.until
        held.append((begun and not over, one.since if not begun else None if over else one.until))
    return either(held)


def _traits(terms: frozenset[str], moment: Moment) -> Held:
    return not terms.isdisjoint(moment.facts.address.traits), None


def _features(terms: frozenset[str], moment: Moment) -> Held:
    return not terms.isdisjoint(moment.request.features), None


def _of_debts(moment: Moment, side: Side, of: Callable[[Debt], Held]) -> Held:
    """Join the answers for each debt: all must hold to free; one suffices to bind, and so does having none."""
    debts = moment.request.debts
    if not debts:
        return side is Side.WHEN, None
    held = [of(debt) for debt in debts]
    return both(held) if side is Side.UNLESS else either(held)


# The one table: the key of a condition, and the function that answers for it.
CHECKS: dict[str, Callable[[Any, Moment], Held]] = {
    "consent": _consent,
    "reply": _reply,
    "confirmation": _confirmation,
    "required_notice": _required_notice,
    "inbound": _inbound,
    "checked": _checked,
    "states": _states,
    "traits": _traits,
    "features": _features,
}
BY_DEBT: dict[str, Callable[[Any, Moment, Side], Held]] = {
    "notice": _notice,
    "past_due": _past_due,
    "after": _after,
    "first": _first,
}
