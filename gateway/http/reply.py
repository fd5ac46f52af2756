"""What a handler returns: a status and bytes, still without the headers that every answer carries."""

from typing import Final

import msgspec

JSON: Final = "application/json"
encode: Final = msgspec.json.Encoder().encode


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """An answer whose body is encoded; `code` names the problem in logs if it is one."""

    status: int
    body: bytes
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()
    code: str = ""


def reply(answer: msgspec.Struct, status: int = 200) -> Reply:
    """Encode an answer of the wire as JSON."""
    return Reply(status=status, body=encode(answer))
