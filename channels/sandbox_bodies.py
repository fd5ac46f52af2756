"""Reads request bodies of the sandbox page, within bounds and into exact types."""

from typing import Annotated, TypeVar

import msgspec
from aiohttp import web

from channels.sandbox_handsets import AnsweredBy

REPLY_BYTES_MAX = 8 * 1024

_Body = TypeVar("_Body")


class Reply(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person typed."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class Digit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key that a person pressed."""

    digit: Annotated[str, msgspec.Meta(pattern=r"^[0-9*#]$")]


class Answer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who takes a call."""

    by: AnsweredBy


async def read_bytes(request: web.Request, bytes_max: int) -> bytes | None:
    """The body, or None when it is too long; a limit of our own, since a mounted application has its parent's."""
    raw = bytearray()
    async for piece in request.content.iter_any():
        raw += piece
        if len(raw) > bytes_max:
            return None
    return bytes(raw)


async def read_body(request: web.Request, kind: type[_Body]) -> _Body | None:
    """The body as `kind`, or None when it is too long, not JSON, or not of that shape."""
    raw = await read_bytes(request, REPLY_BYTES_MAX)
    if raw is None or request.content_type != "application/json":
        return None
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
