"""From a due row to the provider: released in order, hinted through arq, paced, and sent once whatever is lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta
from uuid import UUID

import msgspec
import pytest
import redis.asyncio

from channels.base import ChannelName, Message
from gateway.lane import Lane
from gateway.providers import Route
from gateway.queue import ArqHints, open_hints
from gateway.release import HINT_LIVES_S, Release
from gateway.store.due import lead
from gateway.worker import take_hints
from tests.fakes.clock import MovedClock
from tests.fakes.scripted_adapter import ScriptedAdapter
from tests.gateway_world import ACCOUNT, OTHER, Gateway, open_gateway, until


class NotedHints:
    """Hints that a test reads."""

    def __init__(self) -> None:
        self.given: list[str] = []

    async def hint(self, account: str, contacts: list[str]) -> None:
        self.given += contacts

    async def waiting(self, account: str) -> int:
        return 0


@asynccontextmanager
async def running(*work: asyncio.Task[None]) -> AsyncIterator[None]:
    """Tasks that run for as long as the block does."""
    try:
        yield
    finally:
        for task in work:
            task.cancel()
        for task in work:
            with suppress(asyncio.CancelledError):
                await task


@pytest.fixture
async def hints(gateway: Gateway) -> AsyncIterator[ArqHints]:
    """The queue of the installation."""
    assert gateway.site.settings.queue_url is not None
    opened = await open_hints(gateway.site.settings.queue_url)
    yield opened
    await opened.close()


async def release(gateway: Gateway, noted: NotedHints, release_of: Release | None = None) -> list[str]:
    """Release once and give what was hinted."""
    one = release_of or Release(gateway.rt, noted, (gateway.route,))  # type: ignore[arg-type]
    noted.given.clear()
    async with lead(gateway.rt.pool) as leader:
        await one.release_once(leader)
    return list(noted.given)


def mail(n: int, **changes: str) -> dict[str, str]:
    """A request of its own person and address."""
    return {"borrower": f"B-{n}", "channel": "email", "address": f"b{n}@example.com", **changes}


async def test_order_is_chosen_late(gateway: Gateway, clock: MovedClock) -> None:
    """A legal notice overtakes a campaign; creditors of one priority take turns, each in the order of its due times."""
    made = {}
    for n, (creditor, priority) in enumerate(
        [("acme", "bulk"), ("acme", "normal"), ("acme", "normal"), ("acme", "normal"), (OTHER, "normal"),
         (OTHER, "normal"), ("acme", "legal"), ("acme", "high")]
    ):  # fmt: skip
        clock.move(timedelta(milliseconds=1))
        made[(await gateway.accept(**mail(n, creditor=creditor, priority=priority))).id] = n
    assert [made[one] for one in await release(gateway, NotedHints())] == [6, 7, 1, 4, 2, 5, 3, 0]


async def test_only_what_is_due_is_released(gateway: Gateway, clock: MovedClock) -> None:
    """A scheduled contact is released at its due time and not before; what is not waiting is never released."""
    later = await gateway.accept(**mail(1, not_before=(clock.now() + timedelta(hours=1)).isoformat()))
    gone = await gateway.accept(**mail(2))
    await gateway.service.cancel_contact(gateway.caller, gone.id, "paid")
    assert await release(gateway, NotedHints()) == []
    clock.move(timedelta(hours=1, microseconds=-1))
    assert await release(gateway, NotedHints()) == []
    clock.move(timedelta(microseconds=1))
    assert await release(gateway, NotedHints()) == [later.id]


async def test_a_lost_hint_is_given_again(gateway: Gateway, clock: MovedClock) -> None:
    """A contact that still waits ten seconds after its hint is hinted again, and not sooner."""
    contact = (await gateway.accept()).id
    noted = NotedHints()
    one = Release(gateway.rt, noted, (gateway.route,))  # type: ignore[arg-type]
    assert await release(gateway, noted, one) == [contact]
    clock.move(timedelta(seconds=HINT_LIVES_S - 0.001))
    assert await release(gateway, noted, one) == []
    clock.move(timedelta(seconds=0.002))
    assert await release(gateway, noted, one) == [contact]


async def test_a_provider_that_stands_still_holds_up_no_other(gateway: Gateway, hints: ArqHints) -> None:
    """Hints that nobody takes for one account leave no less room for another's."""
    slow = msgspec.structs.replace(
        gateway.route, account="slow", channels=frozenset({ChannelName.VOICE}), rate_per_s=1
    )
    for _ in range(50):
        await hints.hint("slow", [])
    await gateway.accept()
    async with lead(gateway.rt.pool) as leader:
        assert await Release(gateway.rt, hints, (slow, gateway.route)).release_once(leader) == 1
    assert await hints.waiting("slow") == 50
    assert await hints.waiting(gateway.route.account) == 1


async def test_one_process_releases_and_another_takes_over(
    gateway: Gateway, adapter: ScriptedAdapter, clock: MovedClock
) -> None:
    """Of two workers one releases; when its session ends the other goes on."""
    noted = NotedHints(), NotedHints()
    async with open_gateway(gateway.site, clock, adapter) as other:
        both = [
            asyncio.create_task(Release(one.rt, notes, (one.route,)).run())  # type: ignore[arg-type]
            for one, notes in zip((gateway, other), noted, strict=True)
        ]
        async with running(*both):
            first = (await gateway.accept()).id
            await until(lambda: noted[0].given or noted[1].given)
            assert sorted(len(notes.given) for notes in noted) == [0, 1]
            follower = next(notes for notes in noted if not notes.given)
            await gateway.owner.execute(
                """SELECT pg_terminate_backend(pid) FROM pg_locks
                    WHERE locktype = 'advisory' AND classid = 7041 AND objid = 2 AND granted
                      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
            )
            second = (await gateway.accept(**mail(2))).id
            await until(lambda: second in follower.given)
            assert first in follower.given  # it still waits, and the new leader knows of no hint


@asynccontextmanager
async def working(gateway: Gateway, hints: ArqHints, route: Route | None = None) -> AsyncIterator[Lane]:
    """Release, queue and lane as `forbear work` runs them."""
    route = route or gateway.route
    lane = Lane(gateway.rt, route, gateway.adapter)
    queue = gateway.site.settings.queue_url
    assert queue is not None
    tasks = [
        asyncio.create_task(lane.run()),
        asyncio.create_task(Release(gateway.rt, hints, (route,)).run()),
        asyncio.create_task(take_hints(queue, ACCOUNT, lane)),
    ]
    async with running(*tasks):
        yield lane


async def test_a_scheduled_contact_travels_the_whole_way(
    gateway: Gateway, adapter: ScriptedAdapter, clock: MovedClock, hints: ArqHints
) -> None:
    """A contact deferred at night is released in the morning, decided again, and sent once."""
    clock.move(timedelta(hours=10))
    night = await gateway.accept()
    assert night.status == "scheduled"
    assert night.due_at is not None
    async with working(gateway, hints):
        day = await gateway.accept(**mail(2))
        assert day.status == "scheduled"
        clock.move_to(night.due_at)
        await until(lambda: len(adapter.sent) == 2)
        await until(lambda: _settled(gateway))
    assert await gateway.story(night.id) == ["scheduled", "dispatching", "sent"]
    assert len(await gateway.attempts(night.id)) == 1


async def _settled(gateway: Gateway) -> bool:
    return bool(
        await gateway.owner.fetchval(
            "SELECT count(*) = 0 FROM contact WHERE state IN ('queued', 'scheduled', 'dispatching')"
        )
    )


async def test_many_contacts_leave_once_each(
    gateway: Gateway, adapter: ScriptedAdapter, clock: MovedClock, hints: ArqHints
) -> None:
    """Two workers, doubled hints and a hundred contacts: a hundred messages."""
    ids = [(await gateway.accept(**mail(n))).id for n in range(100)]
    async with AsyncExitStack() as stack:
        other = await stack.enter_async_context(open_gateway(gateway.site, clock, adapter))
        for one in (gateway, other):
            await stack.enter_async_context(working(one, hints))
        await hints.hint(ACCOUNT, ids)
        await hints.hint(ACCOUNT, ids[::-1])
        await until(lambda: _settled(gateway), timeout_s=20)
    assert len(adapter.sent) == 100
    assert len({message.destination for message in adapter.sent}) == 100


async def test_a_lane_keeps_the_pace(gateway: Gateway, adapter: ScriptedAdapter, hints: ArqHints) -> None:
    """No more leaves than the account's burst and rate allow, and what was not used is given back."""
    slow = msgspec.structs.replace(gateway.route, rate_per_s=0.001, burst=5)
    for n in range(12):
        await gateway.accept(**mail(n))
    denied = [(await gateway.accept(**mail(n))).id for n in range(12, 15)]
    await gateway.owner.execute(
        """INSERT INTO restriction (id, borrower_id, recorded_by, kind, since, source)
           SELECT gen_random_uuid(), borrower_id, creditor, 'cease', now(), 'x' FROM contact WHERE id = ANY ($1)""",
        [UUID(one) for one in denied],
    )
    lane = Lane(gateway.rt, slow, adapter)
    async with running(asyncio.create_task(lane.run())):
        await lane.put([UUID(one) for one in denied])
        await until(lambda: _denied(gateway, 3))
        async with working(gateway, hints, slow):
            await until(lambda: len(adapter.sent) == 5)
            await asyncio.sleep(0.05)
    assert len(adapter.sent) == 5


async def _denied(gateway: Gateway, count: int) -> bool:
    return bool(
        await gateway.owner.fetchval("SELECT count(*) = $1 FROM contact WHERE state = 'denied'", count)
    )


async def test_an_unknown_pace_sends_nothing(
    gateway: Gateway, adapter: ScriptedAdapter, clock: MovedClock
) -> None:
    """With Redis away the provider's pace cannot be known, and nothing leaves until it is back."""
    contact = (await gateway.accept()).id
    async with open_gateway(gateway.site, clock, adapter, redis_url="redis://127.0.0.1:1/0") as blind:
        lane = Lane(blind.rt, blind.route, adapter)
        async with running(asyncio.create_task(lane.run())):
            await lane.put([UUID(contact)])
            await asyncio.sleep(0.05)
    assert adapter.sent == []
    assert await gateway.state(contact) == "queued"


async def test_a_closing_lane_finishes_what_it_began(gateway: Gateway, adapter: ScriptedAdapter) -> None:
    """A worker that is asked to stop records the sends under way and begins no other."""
    reached, held = asyncio.Event(), asyncio.Event()

    async def hold(_message: Message) -> None:
        reached.set()
        await held.wait()

    adapter.after = hold
    first, second = (await gateway.accept()).id, (await gateway.accept(**mail(2))).id
    lane = Lane(gateway.rt, gateway.route, adapter)
    running_lane = asyncio.create_task(lane.run())
    await lane.put([UUID(first)])
    await reached.wait()
    lane.close()
    await lane.put([UUID(second)])
    await asyncio.sleep(0.02)
    assert not running_lane.done()
    held.set()
    await asyncio.wait_for(running_lane, 5)
    assert await gateway.state(first) == "sent"
    assert await gateway.state(second) == "queued"


async def test_one_broken_contact_harms_no_other_of_its_group(
    gateway: Gateway, adapter: ScriptedAdapter
) -> None:
    """An adapter that fails for one message of a group leaves that one unknown and the others sent."""
    ids = [(await gateway.accept(**mail(n))).id for n in range(4)]
    adapter.outcomes.append(RuntimeError("a bug"))
    await gateway.hand_off(*ids)
    assert sorted([await gateway.state(one) for one in ids]) == ["sent", "sent", "sent", "unknown"]


async def test_the_queue_holds_ids_only(gateway: Gateway, hints: ArqHints) -> None:
    """Whoever reads the queue's server finds ids of contacts and the account's name, and nothing about anybody."""
    contact = (await gateway.accept()).id
    await hints.hint(ACCOUNT, [contact])
    queue = gateway.site.settings.queue_url
    assert queue is not None
    async with redis.asyncio.Redis.from_url(queue) as client:
        jobs = [await client.get(key) for key in await client.keys("arq:job:*")]
    assert len(jobs) == 1
    job = msgspec.msgpack.decode(jobs[0])
    assert job["a"] == [[contact]]
    assert job["k"] == {}
