"""The ledger in Valkey does what a few lines of Python say it does, and never claims more than it knows."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from gateway.embedded.stack import Stack
from throttling.facts import AddressFacts, BorrowerFacts, Event, EventChannel
from throttling.ledger import Ledger, LedgerAway

pytestmark = pytest.mark.valkey

AT = datetime(2026, 3, 3, 17, 0, tzinfo=UTC)


def event(contact: str, at: datetime = AT) -> Event:
    """An attempt that is spoken for."""
    return Event(
        at=at, kind="attempt", channel=EventChannel.SMS, debts=("d1",), creditor="acme", contact=contact
    )


def facts(version: int) -> BorrowerFacts:
    """A borrower's facts at one version."""
    return BorrowerFacts(version=version, events=(event(f"old{version}"),), suppressions=(), restrictions=())


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator["Redis[bytes]"]:
    """A client as the gateway makes it."""
    async with Redis.from_url(redis_url) as opened:
        yield opened


@pytest.fixture
def ledger(client: "Redis[bytes]") -> Ledger:
    """The ledger, patient enough for a busy test machine."""
    return Ledger(client, timeout_s=5)


async def test_an_unknown_borrower_is_a_miss(ledger: Ledger) -> None:
    """A ledger that knows nothing says so, instead of saying that nothing happened."""
    view = await ledger.read("b", "a", AT)
    assert (view.borrower, view.address, view.pending, view.stamp) == (None, None, (), 0)


async def test_what_was_filled_is_read_back(ledger: Ledger) -> None:
    """Facts come back exactly as they went in."""
    assert await ledger.reserve("b", seen_stamp=0, contact="c", event=event("c"), expires_s=60, fill=facts(4))
    await ledger.fill_address("a", AddressFacts(version=2, suppressions=()))
    view = await ledger.read("b", "a", AT)
    assert view.borrower == facts(4)
    assert view.address == AddressFacts(version=2, suppressions=())
    assert view.pending == (event("c"),)


async def test_one_place_is_taken_once(ledger: Ledger) -> None:
    """A repeated reservation (its answer was lost) succeeds and takes no second place."""
    for _ in range(2):
        assert await ledger.reserve("b", seen_stamp=0, contact="c", event=event("c"), expires_s=60)
    assert len((await ledger.read("b", "a", AT)).pending) == 1


async def test_two_who_saw_the_same_state_do_not_both_reserve(ledger: Ledger) -> None:
    """Of many acceptances that looked at the same moment, exactly one takes the place."""
    taken = await asyncio.gather(
        *(
            ledger.reserve("b", seen_stamp=0, contact=f"c{n}", event=event(f"c{n}"), expires_s=60)
            for n in range(50)
        )
    )
    assert sum(taken) == 1


async def test_forgotten_facts_are_not_put_back_by_a_slow_reader(ledger: Ledger) -> None:
    """Facts read before an opt-out cannot come back into the ledger after it."""
    view = await ledger.read("b", "a", AT)
    await ledger.forget("b")
    assert not await ledger.reserve(
        "b", seen_stamp=view.stamp, contact="c", event=None, expires_s=60, fill=facts(1)
    )
    assert (await ledger.read("b", "a", AT)).borrower is None


async def test_forgetting_facts_keeps_places(ledger: Ledger) -> None:
    """A place that was taken stays taken when the facts beside it are forgotten."""
    await ledger.reserve("b", seen_stamp=0, contact="c", event=event("c"), expires_s=60, fill=facts(1))
    await ledger.forget("b")
    view = await ledger.read("b", "a", AT)
    assert (view.borrower, view.pending) == (None, (event("c"),))


async def test_a_lower_version_never_replaces_a_higher_one(ledger: Ledger) -> None:
    """Late facts do not overwrite newer ones, of a borrower or of an address."""
    await ledger.reserve("b", seen_stamp=0, contact="", event=None, expires_s=60, fill=facts(5))
    stamp = (await ledger.read("b", "a", AT)).stamp
    await ledger.reserve("b", seen_stamp=stamp, contact="", event=None, expires_s=60, fill=facts(4))
    await ledger.fill_address("a", AddressFacts(version=5, suppressions=()))
    await ledger.fill_address("a", AddressFacts(version=4, suppressions=()))
    view = await ledger.read("b", "a", AT)
    assert view.borrower is not None
    assert view.address is not None
    assert (view.borrower.version, view.address.version) == (5, 5)


async def test_a_forgotten_address_is_a_miss(ledger: Ledger) -> None:
    """After an opt-out the cached facts of the address are gone."""
    await ledger.fill_address("a", AddressFacts(version=5, suppressions=()))
    await ledger.forget_address("a")
    assert (await ledger.read("b", "a", AT)).address is None


async def test_every_key_expires(ledger: Ledger, client: "Redis[bytes]") -> None:
    """Nothing stays in the ledger for more than a minute: it is a cache, and holds no history."""
    await ledger.reserve("b", seen_stamp=0, contact="c", event=event("c"), expires_s=600, fill=facts(1))
    await ledger.fill_address("a", AddressFacts(version=1, suppressions=()))
    await ledger.forget("other")
    await ledger.drop("another", "c")
    keys = await client.keys()
    assert len(keys) == 4
    for key in keys:
        assert 0 < await client.pttl(key) <= 60_000


async def test_facts_past_their_time_are_a_miss(ledger: Ledger, client: "Redis[bytes]") -> None:
    """Facts do not live on because places keep the ledger alive."""
    await ledger.reserve("b", seen_stamp=0, contact="c", event=event("c"), expires_s=60, fill=facts(1))
    await client.hset("forbear:ledger:{b}", "facts_end_ms", "1")
    assert (await ledger.read("b", "a", AT)).borrower is None


async def test_an_unreadable_blob_is_a_miss(ledger: Ledger, client: "Redis[bytes]") -> None:
    """Facts that another release wrote differently are loaded afresh, and the next fill heals them."""
    await ledger.reserve("b", seen_stamp=0, contact="", event=None, expires_s=60, fill=facts(1))
    await client.hset("forbear:ledger:{b}", "facts", b"\xc1 nonsense")
    view = await ledger.read("b", "a", AT)
    assert view.borrower is None
    await ledger.reserve("b", seen_stamp=view.stamp, contact="", event=None, expires_s=60, fill=facts(1))
    assert (await ledger.read("b", "a", AT)).borrower == facts(1)


@pytest.mark.parametrize(("field", "value"), [("stamp", "x"), ("p:c", "y"), ("p:c", "9" * 16 + "\u00c1")])
async def test_nonsense_is_not_taken_for_an_answer(
    ledger: Ledger, client: "Redis[bytes]", field: str, value: str
) -> None:
    """A ledger that cannot be read is away: the caller asks PostgreSQL instead of trusting half of it."""
    await client.hset("forbear:ledger:{b}", field, value)
    with pytest.raises(LedgerAway, match="nonsense"):
        await ledger.read("b", "a", AT)


async def test_a_key_of_another_type_is_away(ledger: Ledger, client: "Redis[bytes]") -> None:
    """A server that refuses a command is away, for this call and not for its neighbours."""
    await client.set("forbear:ledger:{b}", "text")
    good = asyncio.ensure_future(ledger.read("other", "a", AT))
    with pytest.raises(LedgerAway):
        await ledger.read("b", "a", AT)
    assert (await good).borrower is None


async def test_an_emptied_script_cache_is_filled_again(ledger: Ledger, client: "Redis[bytes]") -> None:
    """A restarted server does not know the scripts; nobody notices, and no reservation is made twice."""
    await ledger.read("b", "a", AT)
    await client.script_flush()
    results = await asyncio.gather(
        *(
            ledger.reserve(f"b{n}", seen_stamp=0, contact="c", event=event("c"), expires_s=60)
            for n in range(300)
        )
    )
    assert all(results)


async def test_a_server_that_is_gone_is_away() -> None:
    """Without Redis the caller hears so at once."""
    async with Redis(host="127.0.0.1", port=1) as client:
        ledger = Ledger(client, timeout_s=5)
        with pytest.raises(LedgerAway):
            await ledger.read("b", "a", AT)


async def test_a_server_that_does_not_answer_is_away(redis_url: str, client: "Redis[bytes]") -> None:
    """A stalled Redis costs its time limit and no more, and the ledger works again afterwards."""
    async with Redis.from_url(redis_url) as impatient:
        ledger = Ledger(impatient, timeout_s=0.05)
        await impatient.ping()
        await client.execute_command("CLIENT", "PAUSE", 500, "ALL")
        with pytest.raises(LedgerAway):
            await ledger.read("b", "a", AT)
        patient = Ledger(impatient, timeout_s=5)
        assert (await patient.read("b", "a", AT)).stamp == 0


class Model:
    """The ledger of one borrower in plain Python."""

    def __init__(self) -> None:
        self.version = -1
        self.pending: dict[str, tuple[datetime, Event]] = {}
        self.changes = 0

    def reserve(self, seen: int, contact: str, entry: Event | None, fill: int | None) -> bool:
        if entry is not None and contact in self.pending:
            return True
        if seen != self.changes:
            return False
        if fill is not None and fill > self.version:
            self.version = fill
            self.changes += entry is None
        if entry is not None:
            self.pending = {key: held for key, held in self.pending.items() if held[0] > entry.at}
            self.pending[contact] = (entry.at + timedelta(seconds=60), entry)
            self.changes += 1
        return True

    def visible(self, at: datetime) -> set[str]:
        return {contact for contact, (end, _) in self.pending.items() if end > at}


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["reserve", "stale", "fill", "drop", "forget"]),
        st.sampled_from("abcd"),
        st.integers(0, 3),
        st.integers(0, 40),
    ),
    max_size=25,
)
_numbers = iter(range(10**9))


@settings(max_examples=60)
@given(steps=STEPS)
def test_the_ledger_agrees_with_its_model(stack: Stack, steps: list[tuple[str, str, int, int]]) -> None:
    """On any history of reservations, fills, drops and expiries, Valkey and the model hold the same."""
    asyncio.run(_compare(stack.urls.redis_url, steps))


async def _compare(url: str, steps: list[tuple[str, str, int, int]]) -> None:
    model, borrower, at = Model(), f"b{next(_numbers)}", AT
    stamps = {0: 0}
    async with Redis.from_url(url) as client:
        ledger = Ledger(client, timeout_s=5)
        for step, contact, version, wait_s in steps:
            at += timedelta(seconds=wait_s)
            match step:
                case "reserve" | "fill" | "stale":
                    entry = None if step == "fill" else event(contact, at)
                    fill = facts(version) if step == "fill" or version % 2 else None
                    seen = model.changes if step != "stale" else model.changes - 1
                    expected = model.reserve(seen, contact, entry, None if fill is None else fill.version)
                    got = await ledger.reserve(
                        borrower,
                        seen_stamp=stamps.get(seen, -1),
                        contact=contact,
                        event=entry,
                        expires_s=60,
                        fill=fill,
                    )
                    assert got == expected
                case "drop":
                    model.pending.pop(contact, None)
                    model.changes += 1
                    await ledger.drop(borrower, contact)
                case "forget":
                    model.version = -1
                    model.changes += 1
                    await ledger.forget(borrower)
            view = await ledger.read(borrower, "a", at)
            assert {held.contact for held in view.pending} == model.visible(at)
            assert (-1 if view.borrower is None else view.borrower.version) == model.version
            if model.changes in stamps:
                assert view.stamp == stamps[model.changes]
            else:
                assert view.stamp not in stamps.values()
            stamps[model.changes] = view.stamp


def test_facts_survive_the_trip() -> None:
    """Facts encoded for Redis decode to equal facts."""
    blob = msgspec.msgpack.encode(facts(3))
    assert msgspec.msgpack.decode(blob, type=BorrowerFacts) == facts(3)
