"""The load generator, a process of its own: raw sockets, requests made before the clock starts, as lean as Python can.

Reads its orders as JSON from standard input, prints `ready`, waits for a line, runs, and prints its report as JSON.
"""

import asyncio
import contextlib
import signal
import sys
import time
from collections import Counter, deque
from typing import cast

import msgspec
import uvloop

from bench.bodies import contact, request


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """What to send. `rate_per_s` 0 is a closed loop; otherwise requests leave on time, however slow the answers.

    `first` and `count` say which borrowers; `batch` above 1 puts that many into each request. `again` starts over when
    all are used (only for servers that do not care).
    """

    port: int
    path: str
    token: str
    first: int
    count: int
    seconds: float
    connections: int = 64
    batch: int = 1
    rate_per_s: float = 0.0
    again: bool = False


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it: answers by status, seconds from first request to last answer, latencies in milliseconds."""

    answers: dict[str, int]
    seconds: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    late_ms: float
    cpu_s: float
    first_answer: str


class Run:
    """The state that all connections share."""

    def __init__(self, orders: Orders, requests: list[bytes]) -> None:
        self.orders, self.requests, self.next = orders, requests, 0
        self.answers: Counter[str] = Counter()
        self.latencies: list[float] = []
        self.first_answer = b""
        self.stop_at = self.last_at = self.cpu_began_s = 0.0
        self.idle: deque[Connection] = deque()
        self.waiting: deque[float] = deque()

    def take(self) -> bytes | None:
        """The next request, or None when there is none or time is up."""
        if self.next >= len(self.requests):
            if not self.orders.again:
                return None
            self.next = 0
        if time.perf_counter() >= self.stop_at:
            return None
        self.next += 1
        return self.requests[self.next - 1]


class Connection(asyncio.Protocol):
    """One connection with at most one request under way."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._held = b""
        self._missing = 0
        self._began = 0.0
        self._transport: asyncio.Transport | None = None
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way to write."""
        self._transport = cast("asyncio.Transport", transport)

    def send(self, content: bytes | None, began: float) -> None:
        """Send one request, timed from when it should have left; None ends the connection."""
        assert self._transport is not None
        if content is None:
            self._finish()
            return
        self._began = began
        self._transport.write(content)

    def data_received(self, data: bytes) -> None:
        """Read an answer to its end, which its Content-Length tells."""
        if self._missing:
            self._missing -= len(data)
            self._held += data if not self._run.first_answer else b""
        else:
            self._held += data
            head, mark, rest = self._held.partition(b"\r\n\r\n")
            if not mark:
                return
            self._run.answers[head[9:12].decode()] += 1
            length = head.lower().partition(b"content-length: ")[2].partition(b"\r")[0]
            self._missing, self._held = int(length) - len(rest), rest
        if self._missing == 0:
            self._answered()

    def connection_lost(self, exc: Exception | None) -> None:
        """Count a connection that the server ended."""
        del exc
        if not self.done.done():
            self._run.answers["lost"] += 1
            self._finish()

    def _answered(self) -> None:
        now = time.perf_counter()
        run = self._run
        run.latencies.append(now - self._began)
        run.last_at = now
        run.first_answer = run.first_answer or self._held
        self._held = b""
        if not run.orders.rate_per_s:
            self.send(run.take(), now)
        elif run.waiting:
            self.send(run.take(), run.waiting.popleft())
        else:
            run.idle.append(self)

    def _finish(self) -> None:
        if not self.done.done():
            self.done.set_result(None)


def make_requests(orders: Orders) -> list[bytes]:
    """Every request of a run, ready to be written."""
    indexes = range(orders.first, orders.first + orders.count)
    if orders.batch == 1:
        return [
            request(orders.path, contact(index), token=orders.token, key=f"k-{index}") for index in indexes
        ]
    items = [contact(index, batch=True) for index in indexes]
    groups = [items[at : at + orders.batch] for at in range(0, len(items), orders.batch)]
    return [
        request(orders.path, b"[" + b",".join(group) + b"]", token=orders.token, key=None) for group in groups
    ]


async def run_load(orders: Orders, requests: list[bytes]) -> Report:
    """Send until time or requests are used up, and wait for every answer."""
    loop = asyncio.get_running_loop()
    run = Run(orders, requests)
    connections = [
        (await loop.create_connection(lambda: Connection(run), "127.0.0.1", orders.port))[1]
        for _ in range(orders.connections)
    ]
    print("ready", flush=True)
    await loop.run_in_executor(None, sys.stdin.readline)
    run.cpu_began_s = time.process_time()
    began = time.perf_counter()
    run.stop_at = began + orders.seconds
    late_s = 0.0
    if orders.rate_per_s:
        late_s = await _paced(run, connections, began)
    else:
        for connection in connections:
            connection.send(run.take(), time.perf_counter())
        await asyncio.wait([connection.done for connection in connections], timeout=orders.seconds + 30)
    return _report(run, began, late_s)


async def _paced(run: Run, connections: list[Connection], began: float) -> float:
    """Open loop: a request is due every 1/rate seconds, and its latency counts from then."""
    run.idle.extend(connections)
    gap_s, sent, late_s = 1 / run.orders.rate_per_s, 0, 0.0
    due = min(len(run.requests), int(run.orders.seconds * run.orders.rate_per_s))
    run.stop_at += 3600
    while sent < due:
        now = time.perf_counter()
        while sent < due and began + sent * gap_s <= now:
            at = began + sent * gap_s
            late_s = max(late_s, now - at)
            if run.idle:
                run.idle.popleft().send(run.take(), at)
            else:
                run.waiting.append(at)
            sent += 1
        await asyncio.sleep(0.002)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(30):
            while len(run.latencies) < due:  # noqa: ASYNC110 - an event for each answer would cost more than this
                await asyncio.sleep(0.01)
    return late_s


def _report(run: Run, began: float, late_s: float) -> Report:
    latencies = sorted(run.latencies) or [0.0]
    return Report(
        answers=dict(run.answers),
        seconds=run.last_at - began,
        p50_ms=latencies[len(latencies) // 2] * 1000,
        p99_ms=latencies[len(latencies) * 99 // 100] * 1000,
        max_ms=latencies[-1] * 1000,
        late_ms=late_s * 1000,
        cpu_s=time.process_time() - run.cpu_began_s,
        first_answer=run.first_answer.decode(errors="replace")[:100_000],
    )


def main() -> None:
    """Obey one set of orders."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started us ends us
    orders = msgspec.json.decode(sys.stdin.readline(), type=Orders)
    report = uvloop.run(run_load(orders, make_requests(orders)))
    print(msgspec.json.encode(report).decode(), flush=True)


if __name__ == "__main__":
    main()
