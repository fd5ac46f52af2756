"""Any history at all: accepted, handed over, answered, lost, stopped, swept in any order, and the promises hold."""

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
import redis.asyncio
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from channels.base import Message, NotSent, Outcome, RefusalKind, Refused, Submitted, Unknown
from gateway.answers import ContactState
from gateway.contact import WAITING, may_become
from gateway.hand_off import permit_group
from tests.fakes.clock import MovedClock
from tests.fakes.scripted_adapter import ScriptedAdapter
from tests.gateway_world import Gateway, Site, open_gateway, while_time_passes

NEW_YORK = ZoneInfo("America/New_York")
ANSWERS: tuple[Outcome | Exception | None, ...] = (
    None,
    None,
    NotSent(reason="n"),
    Refused(kind=RefusalKind.TRANSIENT, code="t"),
    Refused(kind=RefusalKind.PERMANENT, code="p"),
    Unknown(reason="u"),
    RuntimeError("a bug"),
)
PEOPLE, CHANNELS = ("ann", "bob"), ("sms", "email")
WEIGHTS = {
    "accept": 9,
    "hand_off": 6,
    "hand_off_twice": 3,
    "hand_off_and_stop": 0.4,
    "crash": 0.7,
    "forget": 2,
    "receipt": 2,
    "stop": 0.4,
    "cancel": 1,
    "wait": 5,
    "sleep": 1,
    "sweep": 2,
}


def write_history(random: Random, length: int) -> list[tuple[Any, ...]]:
    """Steps in a likely mixture: much is asked and sent, now and then somebody says stop or a worker dies."""

    def who() -> tuple[str, str]:
        return random.choice(PEOPLE), random.choice(CHANNELS)

    arguments: dict[str, Callable[[], tuple[Any, ...]]] = {
        "accept": who,
        "hand_off": lambda: ([random.choice(ANSWERS) for _ in range(3)],),
        "hand_off_twice": lambda: ([random.choice(ANSWERS) for _ in range(3)],),
        "hand_off_and_stop": who,
        "stop": who,
        "receipt": lambda: (random.choice(("delivered", "undelivered", "pending")), random.randrange(9)),
        "cancel": lambda: (random.randrange(9),),
        "wait": lambda: (random.randrange(1, 90),),
        "sleep": lambda: (random.randrange(1, 24 * 60),),
    }
    names = random.choices(list(WEIGHTS), list(WEIGHTS.values()), k=length)
    return [(name, *arguments.get(name, tuple)()) for name in names]


_examples = itertools.count(1)


class History:
    """One example: people of its own, what was asked, and what the provider saw of it."""

    def __init__(self, gateway: Gateway, other: Gateway, adapter: ScriptedAdapter, clock: MovedClock) -> None:
        self.gateway, self.other, self.adapter, self.clock = gateway, other, adapter, clock
        self.name = f"{next(_examples):04d}"
        self.contacts: list[str] = []
        self.whose: dict[str, str] = {}
        self.stopped: dict[str, datetime] = {}
        self.sent: list[tuple[Message, datetime]] = []
        adapter.sent.clear()
        adapter.after = self._note

    async def _note(self, message: Message) -> None:
        self.sent.append((message, self.clock.now()))

    def address(self, person: str, channel: str) -> str:
        """An address that no other example has."""
        return f"{person}{self.name}@example.com" if channel == "email" else f"+1{self._area(person)}5550143"

    def _area(self, person: str) -> int:
        # Area codes of one zone (Eastern), so that a day is one day; the line number is a reserved one.
        return {"ann": 202, "bob": 212}[person]

    async def play(self, step: tuple[Any, ...]) -> None:
        """Take one step."""
        await getattr(self, step[0])(*step[1:])

    async def accept(self, person: str, channel: str) -> None:
        address = self.address(person, channel)
        answer = await self.gateway.accept(
            borrower=f"{person}{self.name}", debts=f"D-{self.name}", channel=channel, address=address
        )
        self.contacts.append(answer.id)
        self.whose[answer.id] = person

    def _plan(self, answers: list[Outcome | Exception | None]) -> None:
        self.adapter.outcomes.clear()
        self.adapter.outcomes.extend(one or Submitted(provider_id=f"s-{next(_examples)}") for one in answers)

    async def hand_off(self, answers: list[Outcome | Exception | None]) -> None:
        self._plan(answers)
        await self.gateway.hand_off(*self.contacts)

    async def hand_off_twice(self, answers: list[Outcome | Exception | None]) -> None:
        """Two workers that got the same hints."""
        self._plan(answers)
        await asyncio.gather(self.gateway.hand_off(*self.contacts), self.other.hand_off(*self.contacts[::-1]))

    async def hand_off_and_stop(self, person: str, channel: str) -> None:
        """A STOP that comes while a worker decides."""
        await asyncio.gather(self.hand_off([]), self.stop(person, channel))

    async def forget(self) -> None:
        """Redis loses everything that it held."""
        async with redis.asyncio.Redis.from_url(self.gateway.site.settings.redis_url or "") as ledger:
            await ledger.flushdb()

    async def crash(self) -> None:
        """A worker that dies between permit and sending."""
        ids = [UUID(one) for one in self.contacts]
        await permit_group(self.gateway.rt, self.gateway.route, ids)

    async def receipt(self, status: str, which: int) -> None:
        if self.sent:
            message = self.sent[which % len(self.sent)][0]
            await self.gateway.report(status, attempt=message.attempt_id)

    async def stop(self, person: str, channel: str) -> None:
        address = self.address(person, channel)
        await while_time_passes(self.clock, self.gateway.reply("STOP", sender=address, channel=channel))
        self.stopped.setdefault(address, self.clock.now())

    async def cancel(self, which: int) -> None:
        if self.contacts:
            contact = self.contacts[which % len(self.contacts)]
            await self.gateway.service.cancel_contact(self.gateway.caller, contact, "paid")

    async def wait(self, minutes: int) -> None:
        self.clock.move(timedelta(minutes=minutes))

    async def sleep(self, minutes: int) -> None:
        self.clock.move(timedelta(minutes=minutes))

    async def sweep(self) -> None:
        await self.gateway.sweep()

    # --- what must hold

    async def check(self) -> None:
        """Every promise, for what has happened so far."""
        for contact in self.contacts:
            await self._check_story(contact)
        await self._check_sends()
        self._check_stops()

    async def _check_story(self, contact: str) -> None:
        story = [ContactState(state) for state in await self.gateway.story(contact)]
        assert story[0] in {*WAITING, ContactState.DENIED}
        for before, after in itertools.pairwise(story):
            assert may_become(before, after), story
        assert story[-1] == await self.gateway.state(contact), story

    async def _check_sends(self) -> None:
        counts = Counter(message.attempt_id for message, _ in self.sent)
        assert all(count == 1 for count in counts.values())
        rows = await self.gateway.owner.fetch(
            """SELECT a.id, a.contact_id, a.state, c.channel FROM attempt a JOIN contact c ON c.id = a.contact_id
                WHERE c.id = ANY ($1)""",
            [UUID(one) for one in self.contacts],
        )
        attempts = {str(row["id"]): row for row in rows}
        assert set(counts) <= set(attempts)
        per_day: Counter[tuple[str, str, object]] = Counter()
        for message, at in self.sent:
            row = attempts[message.attempt_id]
            if row["state"] in {"refused", "not_sent"}:
                continue  # the provider said that it did not take it: nobody was reached
            day, person = at.astimezone(NEW_YORK).date(), self.whose[str(row["contact_id"])]
            per_day[person, row["channel"], day] += 1
            per_day[person, "all", day] += 1
            assert 9 <= at.astimezone(NEW_YORK).hour < 20
        for (_, channel, _), count in per_day.items():
            assert count <= (2 if channel == "all" else 1)

    def _check_stops(self) -> None:
        for message, at in self.sent:
            stopped = self.stopped.get(message.destination)
            assert stopped is None or at <= stopped


@pytest.fixture
async def other(site: Site, clock: MovedClock, adapter: ScriptedAdapter) -> AsyncIterator[Gateway]:
    """A second worker of the installation."""
    async with open_gateway(site, clock, adapter) as opened:
        yield opened


@given(seed=st.integers(0, 2**32), length=st.integers(10, 40))
@settings(
    max_examples=20,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_every_history_keeps_the_promises(
    gateway: Gateway,
    other: Gateway,
    adapter: ScriptedAdapter,
    clock: MovedClock,
    seed: int,
    length: int,
) -> None:
    """No cap is exceeded, nothing leaves after a completed opt-out or at night, no attempt is sent twice, and the log
    tells of every state that a contact entered, each reached by a way of the table.
    """
    clock.move_to(clock.now().replace(hour=17, minute=0) + timedelta(days=1))
    await gateway.owner.execute("DELETE FROM suppression")  # numbers are few and shared between examples
    history = History(gateway, other, adapter, clock)
    for step in write_history(Random(seed), length):
        await history.play(step)
    await history.check()
    clock.move(timedelta(days=2))
    await gateway.sweep()
    await gateway.hand_off(*history.contacts)
    await history.check()
    states = {await gateway.state(contact) for contact in history.contacts}
    assert not states & {"dispatching", "queued", "scheduled"}, states
