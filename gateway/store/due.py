"""Contacts that are due, in the order in which they should leave, for the one process whose turn it is to say so."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final
from uuid import UUID

from gateway.store.pool import Borrowed, Pool

LOCK: Final = (7041, 2)
STAND_BY_S: Final = 1.0

# Each creditor's contacts are numbered by themselves, so the first of each come before the second of any. NOT IN a
# subquery is hashed; <> ALL an argument would compare every row with every id.
DUE: Final = """
SELECT id FROM (
  SELECT id, priority, due_at, row_number() OVER (PARTITION BY priority, creditor ORDER BY due_at, id) AS turn
    FROM (SELECT id, priority, creditor, due_at FROM contact
           WHERE channel = ANY ($1) AND waiting AND due_at <= $2
             AND id NOT IN (SELECT unnest($3::uuid[]))
           ORDER BY priority, due_at LIMIT $4) AS due) AS turns
 ORDER BY priority, turn, due_at, id LIMIT $5"""

WAITING: Final = "SELECT id FROM contact WHERE id = ANY ($1) AND waiting"


class Leader:
    """Whoever holds the lock. `lead` makes it; the lock ends with its connection."""

    def __init__(self, connection: Borrowed) -> None:
        self._connection = connection

    async def due(
        self, channels: Sequence[str], at: datetime, but: Collection[UUID], limit: int, *, look_at: int
    ) -> list[UUID]:
        """Contacts of these channels due by `at`, without those in `but`: at most `limit`, out of `look_at`."""
        records = await self._connection.fetch(DUE, channels, at, list(but), look_at, limit)
        return [record["id"] for record in records]

    async def waiting(self, contacts: Collection[UUID]) -> set[UUID]:
        """Those of these contacts that have not left yet."""
        if not contacts:
            return set()
        return {record["id"] for record in await self._connection.fetch(WAITING, list(contacts))}


@asynccontextmanager
async def lead(pool: Pool) -> AsyncIterator[Leader]:
    """Stand by until it is this process's turn, and have it until the block ends. A lost connection is a lost turn."""
    async with pool.acquire() as connection:
        # Another process leads: its end is a closed connection, which no event of ours can tell.
        while not await connection.fetchval("SELECT pg_try_advisory_lock($1, $2)", *LOCK):  # noqa: ASYNC110
            await asyncio.sleep(STAND_BY_S)
        try:
            yield Leader(connection)
        finally:
            if not connection.is_closed():
                await asyncio.shield(connection.execute("SELECT pg_advisory_unlock($1, $2)", *LOCK))
