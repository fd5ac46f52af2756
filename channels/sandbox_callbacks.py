"""Sends the sandbox carrier's receipts and replies to the gateway: signed, in arrays, again when it fails."""

import asyncio
import heapq
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import count

import aiohttp

from channels.sandbox_webhooks import SIGNATURE_HEADER, sign
from channels.sandbox_wire import CarrierEvent, encode

EVENTS_MAX = 100
PENDING_MAX = 200_000
TICK_S = 0.05
POSTS_MAX = 4
ANSWER_S = 10.0
RETRY_AFTER_S = (1.0, 5.0, 15.0, 60.0)
"""A carrier gives up at some time; four tries in a minute and a half outlast a restart of the gateway."""

Due = tuple[float, int, str, CarrierEvent, int]


class Callbacks:
    """The events on their way to the gateway. `run` must be running for those sent `later`."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        url_of: Callable[[str], str],
        secret: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._session = session
        self._url_of = url_of
        self._secret = secret
        self._clock = clock
        self._heap: list[Due] = []
        self._order = count()
        self._wake = asyncio.Event()
        self._posts: set[asyncio.Task[None]] = set()
        self._soon: set[asyncio.Task[None]] = set()
        self.given_up = 0

    def later(self, account: str, event: CarrierEvent, after_s: float) -> None:
        """Send `event` in `after_s` seconds, together with whatever else is due then."""
        self._push(asyncio.get_running_loop().time() + after_s, account, event, 0)

    async def now(self, account: str, event: CarrierEvent) -> int | None:
        """Send `event` alone and wait: the gateway's HTTP status, or None when it did not answer. Not repeated."""
        return await self._post(account, [event])

    def soon(self, account: str, event: CarrierEvent) -> asyncio.Task[None]:
        """Send `event` at once; the task ends when the gateway has answered. A failure is repeated like others."""
        task = asyncio.get_running_loop().create_task(self._deliver([(0.0, 0, account, event, 0)]))
        self._soon.add(task)
        task.add_done_callback(self._soon.discard)
        return task

    async def run(self) -> None:
        """Send what is due until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await self._until_due()
            if len(self._posts) >= POSTS_MAX:
                await asyncio.wait(self._posts, return_when=asyncio.FIRST_COMPLETED)
            for due in self._take_due(loop.time()):
                task = loop.create_task(self._deliver(due))
                self._posts.add(task)
                task.add_done_callback(self._posts.discard)

    async def _until_due(self) -> None:
        """Wait for the first due event, and a tick more for its company."""
        loop = asyncio.get_running_loop()
        while not self._heap or self._heap[0][0] > loop.time():
            self._wake.clear()
            wait_s = self._heap[0][0] - loop.time() if self._heap else None
            try:
                await asyncio.wait_for(self._wake.wait(), wait_s)
            except TimeoutError:
                break
        await asyncio.sleep(TICK_S)

    def _push(self, at_s: float, account: str, event: CarrierEvent, tries: int) -> None:
        if len(self._heap) >= PENDING_MAX:
            self.given_up += 1
            return
        first = self._heap[0][0] if self._heap else None
        heapq.heappush(self._heap, (at_s, next(self._order), account, event, tries))
        if first is None or at_s < first:
            self._wake.set()

    def _take_due(self, now_s: float) -> Iterator[list[Due]]:
        """Groups of due events, one account each."""
        groups: dict[str, list[Due]] = {}
        while self._heap and self._heap[0][0] <= now_s:
            due = heapq.heappop(self._heap)
            group = groups.setdefault(due[2], [])
            group.append(due)
            if len(group) == EVENTS_MAX:
                yield groups.pop(due[2])
        yield from groups.values()

    async def _deliver(self, group: list[Due]) -> None:
        status = await self._post(group[0][2], [due[3] for due in group])
        if status is not None and status < 300:  # noqa: PLR2004 - HTTP's 2xx
            return
        now_s = asyncio.get_running_loop().time()
        for _, _, account, event, tries in group:
            if tries >= len(RETRY_AFTER_S):
                self.given_up += 1
            else:
                self._push(now_s + RETRY_AFTER_S[tries], account, event, tries + 1)

    async def _post(self, account: str, events: list[CarrierEvent]) -> int | None:
        raw = encode(events)
        headers = {
            "Content-Type": "application/json",
            SIGNATURE_HEADER: sign(self._secret, int(self._clock().timestamp()), raw),
        }
        try:
            async with (
                asyncio.timeout(ANSWER_S),
                self._session.post(self._url_of(account), data=raw, headers=headers) as answer,
            ):
                return answer.status
        except (aiohttp.ClientError, OSError, TimeoutError):
            return None
