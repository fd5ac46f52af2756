"""Read a request's body within its size and time limits, and refuse other media types before reading."""

import asyncio
from typing import Final

from aiohttp import hdrs, web

from gateway.http.problems import Refusal

JSON_TYPE: Final = "application/json"
LINES_TYPE: Final = "application/x-ndjson"


async def read_body(request: web.Request, bytes_max: int, timeout_s: float) -> bytes | Refusal:
    """Return the body's bytes. A slow sender gets 408, a large body 413 before it is read to its end."""
    declared = request.content_length
    if declared is not None and declared > bytes_max:
        return _too_large(bytes_max)
    content = request.content
    if content.is_eof() and declared is not None:
        return (
            content.read_nowait()
        )  # all here already, as nearly always; a timer would cost more than the read
    parts, size = [], 0
    try:
        async with asyncio.timeout(timeout_s):
            async for part in content.iter_any():
                size += len(part)
                if size > bytes_max:
                    return _too_large(bytes_max)
                parts.append(part)
    except TimeoutError:
        return Refusal(code="request-timeout")
    except web.RequestPayloadError:
        return Refusal(
            code="malformed-request", detail="The body ends before its length, or its chunks are broken."
        )
    return b"".join(parts)


def check_media_type(request: web.Request, *, batch: bool) -> Refusal | None:
    """Return a refusal unless the body is uncompressed JSON in UTF-8, or NDJSON where a batch is taken."""
    encoding = request.headers.get(hdrs.CONTENT_ENCODING)
    if encoding is not None and encoding.lower() != "identity":
        return Refusal(code="unsupported-media-type", detail="Send the body without Content-Encoding.")
    sent = request.headers.get(hdrs.CONTENT_TYPE)
    if sent == JSON_TYPE:
        return None
    media_type, _, parameters = (sent or "").lower().partition(";")
    known = (JSON_TYPE, LINES_TYPE) if batch else (JSON_TYPE,)
    if media_type.strip() not in known or parameters.replace('"', "").strip() not in {"", "charset=utf-8"}:
        return Refusal(code="unsupported-media-type", detail=f"Send Content-Type: {' or '.join(known)}.")
    return None


def is_lines(header: str | None) -> bool:
    """Tell whether a Content-Type or Accept header names NDJSON."""
    return header is not None and LINES_TYPE in header.lower()


def _too_large(bytes_max: int) -> Refusal:
    return Refusal(
        code="body-too-large", detail=f"At most {bytes_max // 1024} kB are taken here; nothing was done."
    )
