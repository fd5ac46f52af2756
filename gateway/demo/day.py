"""A realistic day: what upstream systems ask for, and what was known of the people before."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from random import Random

import msgspec

from gateway.demo.body import lean_body
from gateway.demo.people import Person, invent_person
from gateway.demo.texts import CREDITORS, choose_text, fill
from gateway.wire import (
    BatchItem,
    EventKind,
    EventReport,
    IfClosed,
    OptOutRequest,
    Priority,
    RestrictionKind,
    RestrictionRequest,
)
from throttling.facts import Channel, SuppressionScope

_TRIES = 20
_ASKS = (1, 1, 1, 1, 2, 2, 3)  # requests for one person in a day; the third meets the house's caps
_OPTED_OUT, _RESTRICTED, _TALKED = 0.08, 0.05, 0.10
_AN_AGENTS_CALL = (EventKind.ATTEMPT, EventKind.CONVERSATION, EventKind.VOICEMAIL)
_PRIORITIES = (*(Priority.NORMAL,) * 7, Priority.BULK, Priority.BULK, Priority.HIGH)


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """Requests in the order they are made, and the facts from before, which have to be told first.

    `restrictions` go with the id of the borrower they are about.
    """

    items: tuple[BatchItem, ...]
    opt_outs: tuple[OptOutRequest, ...]
    restrictions: tuple[tuple[str, RestrictionRequest], ...]
    events: tuple[EventReport, ...]


def realistic_day(random: Random, *, count: int, at: datetime, run: str) -> Day:
    """A day of `count` requests made at about `at`. The same arguments give the same day.

    `run` begins every borrower id and idempotency key: the same run sent twice is one run, another one is new people.
    """
    items: list[BatchItem] = []
    people: list[Person] = []
    taken: set[str] = set()
    while len(items) < count:
        person = _somebody_new(random, f"{run}-B{len(people) + 1}", taken)
        people.append(person)
        taken.update(person.addresses.values())
        items += _asked_for(random, person, at)
    random.shuffle(items)
    return Day(
        items=tuple(items[:count]),
        opt_outs=tuple(_said_stop(random, person, at) for person in people if random.random() < _OPTED_OUT),
        restrictions=tuple(
            (person.borrower.id, _restricted(random, person, at))
            for person in people
            if random.random() < _RESTRICTED
        ),
        events=tuple(_talked(random, person, at) for person in people if random.random() < _TALKED),
    )


def lines_of(day: Day) -> Iterator[bytes]:
    """The requests as NDJSON, a line each, without what is so anyway: what `forbear send` and the batch route take."""
    for item in day.items:
        yield lean_body(item) + b"\n"


def creditor_ids() -> tuple[str, ...]:
    """The creditors that a day may name."""
    return tuple(creditor.id for creditor in CREDITORS)


def _somebody_new(random: Random, identifier: str, taken: AbstractSet[str]) -> Person:
    """Somebody whose addresses nobody else has; in a very long day, when numbers run out, somebody who shares one."""
    for _ in range(_TRIES):
        person = invent_person(random, identifier)
        if taken.isdisjoint(person.addresses.values()):
            return person
    return invent_person(random, identifier)


def _asked_for(random: Random, person: Person, at: datetime) -> list[BatchItem]:
    channels = random.sample(sorted(person.addresses), k=min(random.choice(_ASKS), len(person.addresses)))
    return [_ask(random, person, Channel(channel), at) for channel in channels]


def _ask(random: Random, person: Person, channel: Channel, at: datetime) -> BatchItem:
    text = choose_text(random, channel)
    return BatchItem(
        idempotency_key=f"{person.borrower.id}-{channel.value}",
        creditor=person.creditor.id,
        borrower=person.borrower,
        debts=person.debts,
        channel=channel,
        address=person.addresses[channel],
        template=text.template,
        purpose=text.purpose,
        variables=fill(
            random,
            text,
            creditor=person.creditor,
            borrower=person.name,
            currency=person.place.currency,
            on=at.date(),
        ),
        priority=random.choice(_PRIORITIES),
        not_before=at + timedelta(hours=1) if random.random() < 0.03 else None,  # noqa: PLR2004  (a few are planned)
        reference=f"{text.template}-{at:%Y-%m-%d}",
        if_closed=IfClosed.DENY if random.random() < 0.05 else IfClosed.DEFER,  # noqa: PLR2004  (a few are for now only)
    )


def _said_stop(random: Random, person: Person, at: datetime) -> OptOutRequest:
    """By the address they answered from, or, told to an agent, for everything."""
    since = at - timedelta(days=random.randint(1, 200))
    if random.random() < 0.5:  # noqa: PLR2004  (half and half)
        channel = Channel(random.choice(sorted(person.addresses)))
        return OptOutRequest(
            creditor=person.creditor.id,
            scope=SuppressionScope.ADDRESS,
            channel=channel,
            address=person.addresses[channel],
            source="reply",
            at=since,
        )
    return OptOutRequest(
        creditor=person.creditor.id,
        scope=SuppressionScope.ALL,
        borrower=person.borrower.id,
        source="agent",
        at=since,
        evidence=f"call-{random.randint(10000, 99999)}",
    )


def _restricted(random: Random, person: Person, at: datetime) -> RestrictionRequest:
    return RestrictionRequest(
        creditor=person.creditor.id,
        kind=random.choice(list(RestrictionKind)),
        since=at - timedelta(days=random.randint(1, 90)),
        source="letter",
        evidence=f"letter-{random.randint(1000, 9999)}",
    )


def _talked(random: Random, person: Person, at: datetime) -> EventReport:
    """An agent's call of yesterday; a conversation closes calls for a week (12 CFR 1006.14(b)(2)(i)(B))."""
    return EventReport(
        creditor=person.creditor.id,
        borrower=person.borrower.id,
        kind=random.choice(_AN_AGENTS_CALL),
        channel=Channel.VOICE,
        at=at - timedelta(hours=random.randint(20, 28)),
        debts=tuple(debt.id for debt in person.debts),
        reference=f"call-{random.randint(10000, 99999)}",
    )
