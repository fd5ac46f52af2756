"""Gathered reads: one query for many callers, each with its own row, and nobody left waiting."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from gateway.errors import StoreAway
from gateway.store.reader import GatheredReader
from tests.conftest import DatabaseUrls

TWICE = "SELECT n, n * 2 AS twice FROM unnest($1::int[]) WITH ORDINALITY AS u (n, o) ORDER BY o"


def read_twice(record: asyncpg.Record) -> int:
    """Parse a row; thirteen cannot be parsed."""
    if record["n"] == 13:
        raise ValueError("a row that this release cannot read")
    found: int = record["twice"]
    return found


@pytest.fixture
async def reader(database: DatabaseUrls) -> AsyncIterator[GatheredReader[int, int]]:
    """A reader in groups of at most ten."""
    async with asyncpg.create_pool(database.app, min_size=1, max_size=1) as pool:
        yield GatheredReader(
            pool, query=TWICE, columns=lambda keys: (list(keys),), row=read_twice, group_max=10
        )


async def test_each_caller_gets_its_own_row(reader: GatheredReader[int, int]) -> None:
    """Fifty questions at once are answered each with its own row, equal questions as well."""
    keys = [n % 7 for n in range(50)]
    assert await asyncio.gather(*(reader.read(n) for n in keys)) == [n * 2 for n in keys]


async def test_a_caller_who_went_away_harms_no_other(reader: GatheredReader[int, int]) -> None:
    """A question that was given up is left out of the answers."""
    gone = asyncio.ensure_future(reader.read(1))
    here = asyncio.ensure_future(reader.read(2))
    await asyncio.sleep(0)
    gone.cancel()
    assert await here == 4


async def test_a_database_that_is_away_is_told_to_everyone(reader: GatheredReader[int, int]) -> None:
    """A failed query answers every caller that shared it, and the reader goes on."""
    asked = [asyncio.ensure_future(reader.read(n)) for n in (1, 2**40)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(answer) for answer in answers] == [StoreAway, StoreAway]
    assert await reader.read(3) == 6


async def test_a_row_that_cannot_be_read_leaves_nobody_waiting(reader: GatheredReader[int, int]) -> None:
    """A row that this release cannot read is an error for whoever asked, not silence for ever."""
    async with asyncio.timeout(5):
        with pytest.raises(StoreAway):
            await reader.read(13)
        assert await reader.read(4) == 8
