"""The outermost layer: numbers each request, turns every outcome and every fault into an answer, and notes it."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final, Protocol

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from gateway.http.access_log import AccessLog
from gateway.http.call import Lines
from gateway.http.endpoint import Endpoint
from gateway.http.metrics import HttpMetrics
from gateway.http.problems import BROKEN, Refusal, broken, refuse
from gateway.http.reading import LINES_TYPE
from gateway.http.reply import Reply

# An answer is for its caller alone, is what it says it is, and runs nothing in a browser.
SAFE_HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
_LETTERS: Final = str.maketrans(
    "0123456789", "ghijklmnop"
)  # an id without digits cannot be taken for a number
_BUSY: Final = Refusal(code="too-many-requests", retry_after_s=1)


class Log(Protocol):
    """Where faults are told; `gateway.logs` makes one."""

    def exception(self, event: str, **fields: Any) -> Any:
        """Write a line with the current exception's type and place."""


class Edge:
    """Makes aiohttp handlers of endpoints. Above `in_flight_max` requests at once, callers are told to wait."""

    def __init__(
        self, *, metrics: HttpMetrics, access: AccessLog, log: Log, process: str, in_flight_max: int
    ) -> None:
        self._metrics, self._access, self._log = metrics, access, log
        self._ids = request_ids(process)
        self._in_flight, self._in_flight_max = 0, in_flight_max

    def handler(self, endpoint: Endpoint) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """Return the aiohttp handler of one endpoint."""
        name = endpoint.route.name

        async def handle(request: web.Request) -> web.StreamResponse:
            time_s = asyncio.get_running_loop().time
            started, request_id = time_s(), next(self._ids)
            key, outcome = await self._outcome(endpoint, request, request_id)
            if isinstance(outcome, Refusal):
                outcome = refuse(outcome, request_id)
            if isinstance(outcome, Lines):
                status, problem = 200, ""
                response: web.StreamResponse = await _stream(request, outcome, request_id)
            else:
                status, problem = outcome.status, outcome.code
                response = respond(outcome, request_id)
            spent_s = time_s() - started
            self._metrics.observe(name, status, spent_s)
            self._access.note(
                request=request_id,
                route=name,
                status=status,
                duration_ms=round(spent_s * 1000, 2),
                key=key,
                problem=problem,
            )
            return response

        return handle

    async def _outcome(
        self, endpoint: Endpoint, request: web.Request, request_id: str
    ) -> tuple[str, Reply | Refusal | Lines]:
        if self._in_flight >= self._in_flight_max:
            return "", _BUSY
        self._in_flight += 1
        try:
            caller, outcome = await endpoint.serve(request, request_id)
        except BROKEN as error:
            self._log.exception("http_unavailable", request=request_id, route=endpoint.route.name)
            return "", broken(error)
        except ConnectionError:
            raise  # the caller went away in the middle of its body; aiohttp closes the connection
        except Exception:  # noqa: BLE001 - one of the four places: whatever happens, the caller gets an answer
            self._log.exception("http_failed", request=request_id, route=endpoint.route.name)
            return "", Refusal(code="internal")
        finally:
            self._in_flight -= 1
        return caller.key_id, outcome

    @property
    def unmatched(self) -> Middleware:
        """Return the one aiohttp middleware: unknown paths and methods get a problem, too."""

        @web.middleware
        async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
            error = request.match_info.http_exception
            if error is None:
                return await handler(request)
            request_id = next(self._ids)
            refusal = Refusal(code="not-found")
            if isinstance(error, web.HTTPMethodNotAllowed):
                refusal = Refusal(code="method-not-allowed", allow=", ".join(sorted(error.allowed_methods)))
            answer = refuse(refusal, request_id)
            self._metrics.observe("unmatched", answer.status, 0.0)
            self._access.note(
                request=request_id,
                route="unmatched",
                status=answer.status,
                duration_ms=0.0,
                key="",
                problem=answer.code,
            )
            return respond(answer, request_id)

        return middleware


def respond(reply: Reply, request_id: str) -> web.Response:
    """Return the aiohttp response of a reply, with the headers every answer carries."""
    headers = {**SAFE_HEADERS, "Content-Type": reply.content_type, "X-Request-Id": request_id}
    if reply.headers:
        headers.update(reply.headers)
    return web.Response(status=reply.status, body=reply.body, headers=headers)


def request_ids(process: str) -> Iterator[str]:
    """Yield ids that are unique while processes have different names; letters and one hyphen."""
    return (f"{process}-{count:x}".translate(_LETTERS) for count in itertools.count(1))


async def _stream(request: web.Request, lines: Lines, request_id: str) -> web.StreamResponse:
    response = web.StreamResponse(
        headers={**SAFE_HEADERS, "Content-Type": LINES_TYPE, "X-Request-Id": request_id}
    )
    await response.prepare(request)
    async for line in lines.stream:
        await response.write(line)
    await response.write_eof()
    return response
