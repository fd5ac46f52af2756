"""The live feed of the handset page: server-sent events, with a bounded queue for each browser."""

import asyncio
from collections import deque

import msgspec
from aiohttp import web

from channels.sandbox_handsets import HandsetView, Item

QUEUE_MAX = 500
GATHER_S = 0.05
HEARTBEAT_S = 15.0
RESYNC = b"event: resync\ndata: {}\n\n"


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One item new or changed on one handset."""

    handset: HandsetView
    item: Item
    submissions: int


class Feed:
    """Tells every open page what happens. A page that cannot keep up is told to fetch the state again."""

    def __init__(self) -> None:
        self._pages: set[_Page] = set()
        self._encode = msgspec.json.Encoder().encode

    def has_pages(self) -> bool:
        """True while somebody looks; nothing need be encoded for an empty room."""
        return bool(self._pages)

    def publish(self, shown: Shown) -> None:
        """Queue it for every open page."""
        line = b"event: item\ndata: " + self._encode(shown) + b"\n\n"
        for page in self._pages:
            page.put(line)

    def close(self) -> None:
        """End every stream, so that a server that stops does not wait for its readers."""
        for page in self._pages:
            page.closing = True
            page.wake.set()

    async def stream(self, request: web.Request, headers: dict[str, str]) -> web.StreamResponse:
        """Answer `GET /events` until the page or the server goes away."""
        response = web.StreamResponse(headers={**headers, "Content-Type": "text/event-stream"})
        await response.prepare(request)
        page = _Page()
        self._pages.add(page)
        try:
            await response.write(b": welcome\n\n")
            while not page.closing:
                await response.write(await page.next_bytes())
        except ConnectionError:
            pass  # the page was closed, which is how every stream ends
        finally:
            self._pages.discard(page)
        return response


class _Page:
    def __init__(self) -> None:
        self.lines: deque[bytes] = deque()
        self.wake = asyncio.Event()
        self.closing = False
        self.behind = False

    def put(self, line: bytes) -> None:
        if len(self.lines) >= QUEUE_MAX:
            self.behind = True
            self.lines.clear()
        if not self.behind:
            self.lines.append(line)
        self.wake.set()

    async def next_bytes(self) -> bytes:
        try:
            await asyncio.wait_for(self.wake.wait(), HEARTBEAT_S)
        except TimeoutError:
            return b": still here\n\n"
        await asyncio.sleep(GATHER_S)
        self.wake.clear()
        if self.behind:
            self.behind = False
            self.lines.clear()
            return RESYNC
        together = b"".join(self.lines)
        self.lines.clear()
        return together
