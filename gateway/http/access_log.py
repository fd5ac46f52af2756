"""The access line: one JSON line a request, whose type is its allow-list. Cheap, for it is on every request."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import BinaryIO, Final

import msgspec

_encode: Final = msgspec.json.Encoder().encode


class AccessLine(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="http_request"
):
    """What is noted of a request: names of ours, an id, figures. Never a path, a header or a body."""

    timestamp: datetime
    level: str
    request: str
    route: str
    status: int
    duration_ms: float
    key: str = ""
    problem: str = ""


class AccessLog:
    """Writes access lines to a stream, flushed once per turn of the event loop however many there are."""

    def __init__(self, stream: BinaryIO, now: Callable[[], datetime]) -> None:
        self._stream, self._now = stream, now
        self._waiting: list[bytes] = []

    def note(
        self, *, request: str, route: str, status: int, duration_ms: float, key: str, problem: str
    ) -> None:
        """Note one answered request."""
        line = AccessLine(
            timestamp=self._now(),
            level="info",
            request=request,
            route=route,
            status=status,
            duration_ms=duration_ms,
            key=key,
            problem=problem,
        )
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._flush)
        self._waiting.append(_encode(line))

    def _flush(self) -> None:
        self._waiting.append(b"")
        self._stream.write(b"\n".join(self._waiting))
        self._waiting.clear()
        self._stream.flush()
