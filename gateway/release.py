"""Release: contacts that are due become hints for the hand-off, in the order that is right at this moment.

One process at a time releases, whoever holds the advisory lock. It keeps about a second of each account's pace in the
queue, so that the order (priority, turn between creditors, due_at) is chosen late: a legal notice overtakes a campaign.
What it remembers is only which hints are fresh; a leader that dies costs doubled hints, which the permit ignores.
"""

import asyncio
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import asyncpg
import redis

from gateway import metrics
from gateway.logs import get_logger
from gateway.providers import Route, account_for
from gateway.queue import ArqHints
from gateway.runtime import Runtime
from gateway.store.faults import AWAY

LOCK: Final = (7041, 2)
PERIOD_S: Final = 0.05
HINT_LIVES_S: Final = 10.0  # after this a contact that still waits is hinted again
JOB_MAX: Final = 100  # ids a job
AHEAD_S: Final = 1.0  # how much of an account's pace may lie in the queue
BACK_OFF_S: Final = 1.0

# Each creditor's contacts are numbered by themselves, so the first of each come before the second of any.
DUE = """
SELECT id, channel FROM (
  SELECT id, channel, priority, due_at, row_number() OVER (PARTITION BY priority, creditor ORDER BY due_at, id) AS turn
    FROM (SELECT id, channel, priority, creditor, due_at FROM contact
           WHERE channel = ANY ($1) AND state IN ('queued', 'scheduled') AND due_at <= $2 AND id <> ALL ($3)
           ORDER BY priority, due_at LIMIT $4) AS due) AS turns
 ORDER BY priority, turn, due_at, id LIMIT $5"""

PAUSES: Final[tuple[type[Exception], ...]] = (*AWAY, redis.RedisError)

log = get_logger()


class Release:
    """Gives hints until cancelled, whenever it is this process's turn to."""

    def __init__(self, rt: Runtime, hints: ArqHints, routes: Sequence[Route]) -> None:
        self._rt, self._hints, self._routes = rt, hints, routes
        self._fresh: dict[UUID, float] = {}

    async def run(self) -> None:
        """Stand by for the lock, then release; a lost connection is a lost lock, and standing by again."""
        while True:
            try:
                connection = await self._rt.pool.acquire()
                try:
                    await self._lead(connection)
                finally:
                    await self._rt.pool.release(connection)
            except PAUSES as fault:
                log.warning("release.paused", error=type(fault).__name__)
                await asyncio.sleep(BACK_OFF_S)

    async def _lead(self, connection: asyncpg.pool.PoolConnectionProxy) -> None:
        # Another process leads: its end is a closed connection, which no event of ours can tell.
        while not await connection.fetchval("SELECT pg_try_advisory_lock($1, $2)", *LOCK):  # noqa: ASYNC110
            await asyncio.sleep(BACK_OFF_S)
        log.info("release.leading")
        try:
            while True:
                given = await self.release_once(connection)
                if not given:
                    await asyncio.sleep(PERIOD_S)
        finally:
            if not connection.is_closed():
                await asyncio.shield(connection.execute("SELECT pg_advisory_unlock($1, $2)", *LOCK))

    async def release_once(self, connection: asyncpg.pool.PoolConnectionProxy) -> int:
        """Hint what is due now, as far as the paces have room; the number of contacts hinted."""
        self._forget_old()
        given = 0
        for route in self._routes:
            channels = [c.value for c in route.channels if account_for(self._routes, c.value) is route]
            if not channels:
                continue
            room = max(JOB_MAX, int(route.rate_per_s * AHEAD_S)) - await self._outstanding()
            if room <= 0:
                continue
            rows = await connection.fetch(
                DUE, channels, self._rt.clock.now(), list(self._fresh), room * 4, min(room, JOB_MAX * 10)
            )
            given += await self._hint(route, [row["id"] for row in rows])
        return given

    async def _outstanding(self) -> int:
        return await self._hints.waiting() * JOB_MAX

    async def _hint(self, route: Route, contacts: Sequence[UUID]) -> int:
        now_s = self._rt.clock.boottime_s()
        for start in range(0, len(contacts), JOB_MAX):
            part = contacts[start : start + JOB_MAX]
            await self._hints.hint(route.account, [str(contact) for contact in part])
            self._fresh.update(dict.fromkeys(part, now_s + HINT_LIVES_S))
        metrics.released.labels(account=route.account).inc(len(contacts))
        return len(contacts)

    def _forget_old(self) -> None:
        now_s = self._rt.clock.boottime_s()
        self._fresh = {contact: until_s for contact, until_s in self._fresh.items() if until_s > now_s}
