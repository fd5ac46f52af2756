"""Release: contacts that are due become hints for the hand-off, in the order that is right at this moment.

One process at a time releases, whoever holds the advisory lock. It keeps about a second of each account's pace in the
queue, so that the order (priority, turn between creditors, due_at) is chosen late: a legal notice overtakes a campaign.
What it remembers is only which hints are fresh; a leader that dies costs doubled hints, which the permit ignores.
"""

import asyncio
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from gateway import metrics
from gateway.logs import get_logger
from gateway.providers import Route, account_for
from gateway.queue import QUEUE_AWAY, ArqHints
from gateway.runtime import Runtime
from gateway.store.due import Leader, lead
from gateway.store.faults import AWAY

PERIOD_S: Final = 0.05
HINT_LIVES_S: Final = 10.0  # after this a contact that still waits is hinted again
JOB_MAX: Final = 100  # ids a job
LOOK_AT: Final = 5_000  # contacts among which turns are taken
AHEAD_S: Final = 1.0  # how much of an account's pace may lie in the queue
BACK_OFF_S: Final = 1.0

PAUSES: Final[tuple[type[Exception], ...]] = (*AWAY, *QUEUE_AWAY)

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
                async with lead(self._rt.pool) as leader:
                    log.info("release.leading")
                    await self._release(leader)
            except PAUSES as fault:
                log.warning("release.paused", error=type(fault).__name__)
                await asyncio.sleep(BACK_OFF_S)

    async def _release(self, leader: Leader) -> None:
        while True:
            # A full job at once; less waits for company, since a statement costs the same for one and for fifty.
            if await self.release_once(leader) < JOB_MAX:
                await asyncio.sleep(PERIOD_S)

    async def release_once(self, leader: Leader) -> int:
        """Hint what is due now, as far as the paces have room; the number of contacts hinted."""
        await self._forget(leader)
        given = 0
        for route in self._routes:
            channels = [c.value for c in route.channels if account_for(self._routes, c.value) is route]
            if not channels:
                continue
            room = max(JOB_MAX, int(route.rate_per_s * AHEAD_S)) - await self._outstanding(route)
            if room <= 0:
                continue
            limit, at = min(room, JOB_MAX * 10), self._rt.clock.now()
            due = await leader.due(channels, at, self._fresh, limit, look_at=LOOK_AT)
            given += await self._hint(route, due)
        return given

    async def _outstanding(self, route: Route) -> int:
        return await self._hints.waiting(route.account) * JOB_MAX

    async def _hint(self, route: Route, contacts: Sequence[UUID]) -> int:
        now_s = self._rt.clock.boottime_s()
        for start in range(0, len(contacts), JOB_MAX):
            part = contacts[start : start + JOB_MAX]
            await self._hints.hint(route.account, [str(contact) for contact in part])
            self._fresh.update(dict.fromkeys(part, now_s + HINT_LIVES_S))
        metrics.released.labels(account=route.account).inc(len(contacts))
        return len(contacts)

    async def _forget(self, leader: Leader) -> None:
        """Remember a hint only while it is fresh and its contact waits: what is remembered is compared each time."""
        now_s, waiting = self._rt.clock.boottime_s(), await leader.waiting(self._fresh)
        self._fresh = {
            contact: until_s
            for contact, until_s in self._fresh.items()
            if until_s > now_s and contact in waiting
        }
