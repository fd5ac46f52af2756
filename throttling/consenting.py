"""Whether a permission or an agreement covers a contact: its own terms, and those that a rule asks for."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Literal

import msgspec

from throttling.facts import Consent, Event, EventChannel, Request, TimeWindow
from throttling.localtime import day_now, day_of_event, day_start
from throttling.moment import MEDIA, Moment
from throttling.selector import selector_of
from throttling.vocabulary import Unit
from throttling.windows import Hours, Window, closes_at, opens_at

# Whether something holds, and the first later instant at which that could change (None: not by the passing of time).
Held = tuple[bool, datetime | None]

SPOKEN = selector_of(Unit.CONVERSATION)
TRIED = selector_of(Unit.ATTEMPT)
Relations = Annotated[frozenset[Annotated[str, msgspec.Meta(min_length=1)]], msgspec.Meta(min_length=1)]


class ConsentTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a rule asks of a consent; what is left out it does not ask.

    `days`: local calendar days since it was given or renewed, that day being day one. `until_conversation`: a later
    conversation about the debt ends it (comment 14(b)(3)(i)-2). `own_address`: given for this very address. `timed`: it
    names the times at which contact is welcome.
    """

    kinds: Annotated[frozenset[Literal["consent", "agreement"]], msgspec.Meta(min_length=1)] | None = None
    direct: bool = False
    compliant: bool = False
    express: bool = False
    written: bool = False
    esign: bool = False
    timed: bool = False
    days: Annotated[int, msgspec.Meta(ge=1)] | None = None
    until_conversation: bool = False
    own_address: bool = False
    relations: Relations = frozenset({"self"})


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """A contact, made or wished for, as a consent may cover it. Nothing is covered by a consent narrower than known."""

    at: datetime
    channel: EventChannel
    purpose: str | None
    address: str | None
    creditor: str
    debts: tuple[frozenset[str], ...]


def subject_of(request: Request, at: datetime) -> Subject:
    """Say what a consent would have to cover for this request."""
    return Subject(
        at=at,
        channel=MEDIA[request.channel],
        purpose=request.purpose,
        address=request.address,
        creditor=request.creditor,
        debts=tuple(
            [
                frozenset([name for name in (debt.token, debt.group, debt.account) if name is not None])
                for debt in request.debts
            ]
        ),
    )


def was_covered(terms: ConsentTerms, event: Event, moment: Moment) -> bool:
    """Whether a consent on these terms covered an event when it happened."""
    subject = Subject(
        at=event.at,
        channel=event.channel,
        purpose=event.purpose,
        address=event.address,
        creditor=event.creditor,
        debts=(frozenset(event.debts),) if event.debts else (),
    )
    consents = moment.facts.borrower.consents
    return any(_in_force(terms, one, subject, moment)[0] for one in consents if covers(terms, one, subject))


def covered(terms: ConsentTerms, moment: Moment) -> Held:
    """Whether a consent on these terms permits the request now: in force, within agreed times and frequency."""
    subject = subject_of(moment.request, moment.at)
    held = [
        both((_in_force(terms, one, subject, moment), agreed(one, moment)))
        for one in moment.facts.borrower.consents
        if covers(terms, one, subject)
    ]
    return either(held)


def standing(terms: ConsentTerms, moment: Moment) -> list[tuple[Consent, Held]]:
    """Return the consents that cover the request, each with whether it is in force, agreed times aside."""
    subject = subject_of(moment.request, moment.at)
    return [
        (one, _in_force(terms, one, subject, moment))
        for one in moment.facts.borrower.consents
        if covers(terms, one, subject)
    ]


def covers(terms: ConsentTerms, consent: Consent, subject: Subject) -> bool:
    """Whether a consent is of the kind that the terms ask for and as wide as the contact, time aside."""
    if any(getattr(terms, name) and not getattr(consent, name) for name in QUALITIES):
        return False
    if terms.timed and consent.windows is None:
        return False
    if terms.own_address and (consent.address is None or consent.address != subject.address):
        return False
    return (
        (terms.kinds is None or consent.kind in terms.kinds)
        and consent.relation in terms.relations
        and (consent.channels is None or subject.channel in {MEDIA[one] for one in consent.channels})
        and consent.purpose in (None, subject.purpose)
        and consent.address in (None, subject.address)
        and consent.creditor in (None, subject.creditor)
        and (
            consent.debts is None
            or (bool(subject.debts) and not any(names.isdisjoint(consent.debts) for names in subject.debts))
        )
    )


QUALITIES = ("direct", "compliant", "express", "written", "esign")


def agreed(consent: Consent, moment: Moment) -> Held:
    """Whether now is within the times and the frequency that a consent names."""
    return both((_agreed_time(consent, moment), _agreed_frequency(consent, moment)))


def both(held: Iterable[Held]) -> Held:
    """Join what must all hold. What does not hold yet cannot before the last of its parts could."""
    found = list(held)
    failing = [turn for holds, turn in found if not holds]
    if not failing:
        return True, _first([turn for _, turn in found])
    known = [turn for turn in failing if turn is not None]
    return False, max(known) if len(known) == len(failing) else None


def either(held: Iterable[Held]) -> Held:
    """Join what need not all hold. What holds stays so as long as the last of its parts."""
    found = list(held)
    holding = [turn for holds, turn in found if holds]
    if not holding:
        return False, _first([turn for _, turn in found])
    known = [turn for turn in holding if turn is not None]
    return True, max(known) if len(known) == len(holding) else None


def within_days(days: int, since: datetime, moment: Moment, at: datetime) -> Held:
    """Whether `at` is within so many local days of `since`, whose day is day one, in every place; false in no place."""
    if not moment.places:
        return False, None
    # Where midnight comes twice the shorter reading counts: this permits, and so must never be longer.
    held = all(day_of_event(p.zone, at) - day_now(p.zone, since) < days for p in moment.places)
    ends = min([day_start(p.zone, day_now(p.zone, since) + days).early for p in moment.places])
    return held, ends if held else None


def after_days(days: int, since: datetime, moment: Moment) -> Held:
    """Whether so many whole local days have passed since `since` in every place; in no place, they have not."""
    if not moment.places:
        return False, None
    begins = max([day_start(p.zone, day_of_event(p.zone, since) + days).late for p in moment.places])
    return (True, None) if moment.at >= begins else (False, begins)


@lru_cache(maxsize=1024)
def hours_of(windows: tuple[TimeWindow, ...]) -> Hours:
    """Return the one table of these windows."""
    return Hours(
        windows=tuple(
            Window(open_min=one.open_min, close_min=one.close_min, weekdays=one.weekdays) for one in windows
        )
    )


def _in_force(terms: ConsentTerms, consent: Consent, subject: Subject, moment: Moment) -> Held:
    """Whether a consent stood when the subject happened, or stands if that is now."""
    at, begun = subject.at, consent.since
    ends = [end for end in (consent.until, consent.revoked) if end is not None]
    if terms.until_conversation:
        ends += _conversations_after(begun, subject, moment)
    if at < begun:
        return False, begun
    if any(at >= end for end in ends):
        return False, None
    held: Held = (True, _first(ends))
    if terms.days is not None:
        renewed = begun if consent.renewed is None or consent.renewed > at else consent.renewed
        held = both((held, within_days(terms.days, renewed, moment, at)))
    return held


def _conversations_after(begun: datetime, subject: Subject, moment: Moment) -> list[datetime]:
    found = []
    for event in moment.select(SPOKEN).events:
        told = event.debts if event.discussed is None else event.discussed
        same = not told or not subject.debts or any(not names.isdisjoint(told) for names in subject.debts)
        if event.at > begun and same:
            found.append(event.at)
    return found


def _agreed_time(consent: Consent, moment: Moment) -> Held:
    if consent.windows is None:
        return True, None
    if not moment.places:
        return False, None
    hours = hours_of(consent.windows)
    held: list[Held] = []
    for place in moment.places:
        closes = closes_at(place.zone, place.civil, hours, moment.at)
        if closes is not None:
            held.append((True, closes))
        else:
            held.append((False, opens_at(place.zone, place.civil, hours, moment.at)))
    return both(held)


def _agreed_frequency(consent: Consent, moment: Moment) -> Held:
    if consent.limit is None:
        return True, None
    if consent.limit == 0 or not moment.places:
        return False, None
    days = consent.limit_days or 1
    channels = None if consent.channels is None else {MEDIA[channel] for channel in consent.channels}
    begins = moment.window_start(days)
    made = [
        event.at
        for event in moment.select(TRIED).events
        if event.at >= begins and (channels is None or event.channel in channels)
    ]
    if len(made) < consent.limit:
        return True, moment.midnight
    oldest = made[-consent.limit]
    return False, max([day_start(p.zone, day_of_event(p.zone, oldest) + days).late for p in moment.places])


def _first(turns: Sequence[datetime | None]) -> datetime | None:
    known = [turn for turn in turns if turn is not None]
    return min(known) if known else None
