"""A provider account is never called faster than its pace, by however many takers."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from throttling.pace import Pace, PaceAway

pytestmark = pytest.mark.valkey

# So slow that no slot comes back within a test.
SLOW = 0.001


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator["Redis[bytes]"]:
    """A client as the gateway makes it."""
    async with Redis.from_url(redis_url) as opened:
        yield opened


@pytest.fixture
def pace(client: "Redis[bytes]") -> Pace:
    """The pace, patient enough for a busy test machine."""
    return Pace(client, timeout_s=5)


async def test_a_fresh_account_grants_its_burst_and_no_more(pace: Pace) -> None:
    """The first takers get the burst; after that slots come only with time."""
    assert await pace.take("x", 7, rate_per_s=SLOW, burst=10) == 7
    assert await pace.take("x", 7, rate_per_s=SLOW, burst=10) == 3
    assert await pace.take("x", 7, rate_per_s=SLOW, burst=10) == 0
    assert await pace.take("y", 7, rate_per_s=SLOW, burst=10) == 7


async def test_a_hundred_takers_share_one_bucket(pace: Pace) -> None:
    """Takers at the same moment get together exactly what is there."""
    granted = await asyncio.gather(*(pace.take("x", 3, rate_per_s=SLOW, burst=100) for _ in range(100)))
    assert sum(granted) == 100


async def test_zero_means_none(pace: Pace) -> None:
    """A rate, a burst or a wish of zero grants nothing."""
    assert await pace.take("x", 5, rate_per_s=0, burst=10) == 0
    assert await pace.take("x", 5, rate_per_s=10, burst=0) == 0
    assert await pace.take("x", 0, rate_per_s=10, burst=10) == 0


async def test_unused_slots_come_back_but_never_beyond_the_burst(pace: Pace) -> None:
    """Slots that were not needed serve the next taker."""
    await pace.take("x", 10, rate_per_s=SLOW, burst=10)
    await pace.give_back("x", 4)
    assert await pace.take("x", 10, rate_per_s=SLOW, burst=10) == 4
    await pace.give_back("x", 1000)
    assert await pace.take("x", 1000, rate_per_s=SLOW, burst=10) == 10


async def test_slots_come_with_time(pace: Pace) -> None:
    """Over any stretch at most burst plus rate times time is granted, and all of that is."""
    began = time.monotonic()
    total = 0
    while total < 30:
        total += await pace.take("x", 100, rate_per_s=200, burst=10)
        passed_s = time.monotonic() - began
        assert total <= 10 + 200 * passed_s + 1
        assert passed_s < 30


async def test_a_server_clock_that_steps_back_grants_nothing(pace: Pace, client: "Redis[bytes]") -> None:
    """After a failover to a server whose clock is behind, no slot is granted twice."""
    await pace.take("x", 10, rate_per_s=1000, burst=10)
    await client.hset("forbear:pace:{x}", mapping={"slots": "0", "at_us": "9000000000000000"})
    assert await pace.take("x", 10, rate_per_s=1000, burst=10) == 0


async def test_a_bucket_expires_once_it_would_be_full(pace: Pace, client: "Redis[bytes]") -> None:
    """An account that nobody uses leaves nothing behind."""
    await pace.take("x", 10, rate_per_s=10, burst=10)
    assert 0 < await client.pttl("forbear:pace:{x}") <= 2000


async def test_without_redis_the_pace_is_unknown() -> None:
    """Nobody sends unpaced because Redis is away."""
    async with Redis(host="127.0.0.1", port=1) as client:
        pace = Pace(client)
        with pytest.raises(PaceAway):
            await pace.take("x", 1, rate_per_s=10, burst=10)
        with pytest.raises(PaceAway):
            await pace.give_back("x", 1)


async def test_a_bucket_of_nonsense_is_a_fresh_one(pace: Pace, client: "Redis[bytes]") -> None:
    """A corrupt bucket does not grant more than a burst."""
    await client.hset("forbear:pace:{x}", mapping={"slots": "many", "at_us": "then"})
    assert await pace.take("x", 100, rate_per_s=SLOW, burst=10) == 10
