"""A lane: the contacts of one provider account on their way out, as fast as its pace and no faster."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from channels.base import Adapter
from gateway import metrics
from gateway.errors import StoreAway, StoreBusy
from gateway.hand_off import permit_group, send_all
from gateway.logs import get_logger
from gateway.providers import Route
from gateway.runtime import Runtime
from gateway.store.faults import AWAY
from throttling.pace import PaceAway

GROUP_MAX = 100
GROUPS_MAX = 4  # groups under way at once: one sends while the next is decided
AHEAD_S = (
    2.0  # seconds of pace that may wait in a lane: behind them a legal notice still overtakes a campaign
)
QUEUE_MIN, QUEUE_MAX = 2 * GROUP_MAX, 2_000  # ids; a bound on what a stopped database can pile up
PAUSE_S = 0.05  # before asking again for pace, or a store that is away

PAUSES: tuple[type[Exception], ...] = (*AWAY, StoreAway, StoreBusy)

log = get_logger()


class Lane:
    """Takes ids and hands their contacts over in groups. One task runs it; `close` lets what is under way finish."""

    def __init__(self, rt: Runtime, route: Route, adapter: Adapter) -> None:
        self._rt, self._route, self._adapter = rt, route, adapter
        self._queue: asyncio.Queue[UUID] = asyncio.Queue(
            min(QUEUE_MAX, max(QUEUE_MIN, int(route.rate_per_s * AHEAD_S)))
        )
        self._room = asyncio.Semaphore(GROUPS_MAX)
        self._closing = asyncio.Event()
        self._groups: set[asyncio.Task[None]] = set()

    async def put(self, contacts: Sequence[UUID]) -> None:
        """Take ids; waits while the lane is full, so that hints stay in their queue instead of in memory."""
        for contact in contacts:
            await self._queue.put(contact)

    async def run(self) -> None:
        """Hand over until `close`; then finish the groups under way and return. Ids still queued are only hints."""
        while not self._closing.is_set():
            contacts = await self._next_group()
            if not contacts:
                continue
            granted = await self._take_pace(len(contacts))
            for contact in contacts[granted:]:
                self._put_back(contact)
            if granted:
                await self._room.acquire()
                self._start(contacts[:granted])
        while self._groups:
            await asyncio.wait(self._groups)

    def close(self) -> None:
        """Take no new group."""
        self._closing.set()

    async def _next_group(self) -> list[UUID]:
        getting = asyncio.ensure_future(self._queue.get())
        closing = asyncio.ensure_future(self._closing.wait())
        await asyncio.wait({getting, closing}, return_when=asyncio.FIRST_COMPLETED)
        closing.cancel()
        if self._closing.is_set() or not getting.done():
            getting.cancel()
            return []
        contacts = [getting.result()]
        while len(contacts) < GROUP_MAX and not self._queue.empty():
            contacts.append(self._queue.get_nowait())
        return list(dict.fromkeys(contacts))

    async def _take_pace(self, want: int) -> int:
        """How many may go now; 0 after a pause where the provider's pace is used up or cannot be known."""
        try:
            granted = await self._rt.pace.take(
                self._route.account, want, rate_per_s=self._route.rate_per_s, burst=self._route.burst
            )
        except PaceAway:
            log.warning("pace.away", account=self._route.account)
            granted = 0
        if granted == 0:
            await asyncio.sleep(PAUSE_S)
        return granted

    def _put_back(self, contact: UUID) -> None:
        if not self._queue.full():
            self._queue.put_nowait(contact)  # else the hint is dropped, and release gives it again

    def _start(self, contacts: list[UUID]) -> None:
        task = asyncio.create_task(self._hand_over(contacts))
        self._groups.add(task)
        task.add_done_callback(self._groups.discard)

    async def _hand_over(self, contacts: list[UUID]) -> None:
        unused = len(contacts)
        try:
            handed = await permit_group(self._rt, self._route, contacts)
            unused -= len(handed.permitted)
            for contact in handed.again:
                self._put_back(contact)
            if unused:
                await self._give_back(unused)
            await send_all(self._rt, self._route, self._adapter, handed.permitted)
        except PAUSES as fault:
            metrics.groups_failed.labels(account=self._route.account).inc()
            log.warning("hand_off.store_away", account=self._route.account, error=type(fault).__name__)
            await asyncio.sleep(PAUSE_S)
        except Exception:
            # The entry of the work: a bug in one group is told, and must not stop the lane. What was permitted and has
            # no outcome ends as unknown, by the sweep.
            metrics.groups_failed.labels(account=self._route.account).inc()
            log.exception("hand_off.broken", account=self._route.account)
        finally:
            self._room.release()

    async def _give_back(self, unused: int) -> None:
        try:
            await self._rt.pace.give_back(self._route.account, unused)
        except PaceAway:
            return
