"""Sends by all four channels to the sandbox carrier, many messages to a request.

Messages sent at the same time share one POST of up to 100 NDJSON lines, because a request costs a hundred times
what a line does. Each message keeps its own lease, its own point of no return and its own outcome.
"""

import asyncio
import ipaddress
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import aiohttp
from yarl import URL

from channels.base import (
    Account,
    AccountError,
    Adapter,
    Lease,
    Message,
    NotSent,
    Outcome,
    RefusalKind,
    Refused,
    Unknown,
    payload,
)
from channels.sandbox_wire import ACCOUNT_HEADER, NDJSON, SUBMIT_PATH, read_results

LINES_MAX = 100
REQUEST_BYTES = 1024 * 1024
"""A request is full at this size as well; a hundred long mails would be more than a carrier takes."""
LINGER_S = 0.001
"""How long the first message waits for company. Senders hand over a group within one turn of the event loop; a
millisecond also catches those of a second group, and nobody notices it."""
PIECE_BYTES = 32 * 1024
"""Lines leave in pieces of about this size, each lease asked when its piece is pulled; below aiohttp's high-water
mark of 64 KiB, so that a slow link holds back the next piece and not only the socket."""
ANSWER_BYTES_MAX = 1024 * 1024
CONNECT_S = 2.0
ANSWER_DEADLINE_S = 5.0
LAPSED = "the permit ran out before the message left"
IDLE_S = 10.0
"""Shorter than the carrier keeps an idle connection, so that we never write into one it has just closed."""

# What a status without results means for every line of the request. A status that is not here is unknown: a proxy
# may answer 502 or 504 after the carrier took the lines.
REFUSED_STATUS = {
    400: RefusalKind.OURS,
    401: RefusalKind.OURS,
    403: RefusalKind.OURS,
    404: RefusalKind.OURS,
    405: RefusalKind.OURS,
    413: RefusalKind.OURS,
    415: RefusalKind.OURS,
    429: RefusalKind.TRANSIENT,
    503: RefusalKind.TRANSIENT,
}


@asynccontextmanager
async def open_channel(account: Account) -> AsyncIterator[Adapter]:
    """The adapter for one sandbox account; leaving waits for the answers still due (`answer_deadline_s`).

    Settings: `url` of the carrier (`http` only on this host, unless `plain_http` is `on`), `answer_deadline_s`.
    Secret: `token`, the bearer. Raises `AccountError` when one is missing or unsafe.
    """
    url = _carrier_url(account)
    token = account.secrets.get("token", "")
    if not token:
        raise AccountError(f"account {account.name}: the secret `token` is missing or empty")
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=account.concurrency, keepalive_timeout=IDLE_S),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S),
        headers={
            "Authorization": f"Bearer {token}",
            "Content-Type": NDJSON,
            ACCOUNT_HEADER: account.name,
        },
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
    )
    async with session:
        adapter = SandboxAdapter(session, url, account.concurrency, _deadline_s(account))
        try:
            yield adapter
        finally:
            await adapter.drain()


class _Line:
    """One message on its way: its bytes, its permit, and who waits for the outcome."""

    __slots__ = ("answer", "attempt_id", "bytes", "lapsed", "lease", "pulled")

    def __init__(self, message: Message, lease: Lease, answer: asyncio.Future[Outcome]) -> None:
        self.attempt_id = message.attempt_id
        self.bytes = payload(message) + b"\n"
        self.lease = lease
        self.answer = answer
        self.pulled = False
        self.lapsed = False


class SandboxAdapter:
    """Coalesces sends into requests; at most `requests_max` are under way at a time."""

    point_of_no_return = "the pull of the message's line into the request body"

    def __init__(
        self, session: aiohttp.ClientSession, url: URL, requests_max: int, answer_deadline_s: float
    ) -> None:
        self.answer_deadline_s = answer_deadline_s
        self._session = session
        self._url = url
        self._requests_max = requests_max
        self._waiting: deque[_Line] = deque()
        self._under_way: set[asyncio.Task[None]] = set()
        self._linger: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    async def send(self, message: Message, lease: Lease) -> Outcome:
        """Submit once; see `channels.base.Adapter`."""
        line = _Line(message, lease, self._loop.create_future())
        self._waiting.append(line)
        if self._linger is None:
            self._linger = self._loop.call_later(LINGER_S, self._launch)
        return await line.answer

    async def drain(self) -> None:
        """Wait for the answers still due; what has not begun to leave is `NotSent`."""
        if self._linger is not None:
            self._linger.cancel()
        _settle(self._waiting, {}, NotSent(reason="the channel was closed first"), None)
        self._waiting.clear()
        while self._under_way:
            await asyncio.wait(self._under_way)

    def _launch(self) -> None:
        self._linger = None
        while self._waiting and len(self._under_way) < self._requests_max:
            task = self._loop.create_task(self._submit(self._next_lines()))
            self._under_way.add(task)
            task.add_done_callback(self._landed)

    def _next_lines(self) -> list[_Line]:
        lines: list[_Line] = []
        size = 0
        while self._waiting and len(lines) < LINES_MAX and size < REQUEST_BYTES:
            lines.append(self._waiting.popleft())
            size += len(lines[-1].bytes)
        return lines

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._launch()

    async def _submit(self, lines: list[_Line]) -> None:
        answer = bytearray()
        left_here: Outcome = NotSent(reason="the carrier could not be reached")
        if not any(line.lease.live() for line in lines):
            _settle(lines, {}, NotSent(reason=LAPSED), None)
            return
        left_us: Outcome = Unknown(reason="the connection broke before the answer")
        try:
            status = await self._exchange(lines, answer)
            left_us = _without_result(status)
        except TimeoutError:
            left_us = Unknown(reason="no answer in time")
        except (aiohttp.ClientError, OSError):
            pass  # the outcomes above say what is known: lines that were pulled may have arrived
        finally:
            # Also when cancelled or broken by a bug: nobody may wait for an outcome for ever.
            _settle(lines, read_results(bytes(answer)), left_here, left_us)

    async def _exchange(self, lines: list[_Line], answer: bytearray) -> int:
        """Send the lines and collect the answer into `answer`, which keeps what came before a cut."""
        async with asyncio.timeout(CONNECT_S) as deadline:
            body = self._body(lines, deadline)
            async with self._session.post(self._url, data=body, allow_redirects=False) as response:
                async for piece in response.content.iter_any():
                    answer += piece
                    if len(answer) > ANSWER_BYTES_MAX:
                        break
                return response.status

    async def _body(self, lines: Sequence[_Line], deadline: asyncio.Timeout) -> AsyncIterator[bytes]:
        # The first pull means that we are connected: from here the answer's time runs.
        deadline.reschedule(self._loop.time() + self.answer_deadline_s)
        piece = bytearray()
        for line in lines:
            # A line whose sender was cancelled is not sent: its attempt is on record as unknown already.
            if line.lease.live() and not line.answer.done():
                line.pulled = True
                piece += line.bytes
            else:
                line.lapsed = True
            if len(piece) >= PIECE_BYTES:
                yield bytes(piece)
                piece.clear()
        if piece:
            yield bytes(piece)


def _settle(
    lines: Sequence[_Line] | deque[_Line],
    outcomes: dict[str, Outcome],
    left_here: Outcome,
    left_us: Outcome | None,
) -> None:
    for line in lines:
        if line.answer.done():  # its sender was cancelled
            continue
        if line.lapsed:
            outcome: Outcome = NotSent(reason=LAPSED)
        elif not line.pulled or left_us is None:
            outcome = left_here
        else:
            outcome = outcomes.get(line.attempt_id, left_us)
        line.answer.set_result(outcome)


def _without_result(status: int) -> Outcome:
    if status == 200:  # noqa: PLR2004 - HTTP's own number
        return Unknown(reason="the answer does not mention this attempt")
    kind = REFUSED_STATUS.get(status)
    if kind is None:
        return Unknown(reason=f"HTTP {status}")
    return Refused(kind=kind, code=f"http-{status}")


def _carrier_url(account: Account) -> URL:
    text = account.settings.get("url", "")
    url = URL(text)
    if url.scheme not in {"http", "https"} or url.host is None:
        raise AccountError(f"account {account.name}: the setting `url` is not an http(s) address")
    plain_ok = account.settings.get("plain_http") == "on"
    if url.scheme == "http" and not plain_ok and not _is_this_host(url.host):
        raise AccountError(
            f"account {account.name}: plain http would carry people's messages off this host; use https, or set "
            "`plain_http: on` inside a private network"
        )
    return URL(text.rstrip("/") + SUBMIT_PATH)


def _is_this_host(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _deadline_s(account: Account) -> float:
    text = account.settings.get("answer_deadline_s", str(ANSWER_DEADLINE_S))
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 60:  # noqa: PLR2004 - a minute: the sweep waits this long before it says unknown
        raise AccountError(f"account {account.name}: `answer_deadline_s` must be more than 0 and at most 60")
    return value
