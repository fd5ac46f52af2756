"""What a reply of a mail server means, by the stage of the conversation in which it came."""

import re
from enum import StrEnum, unique

from channels.base import NotSent, RefusalKind, Refused

WORDS_MAX = 200

_ENHANCED = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_OURS_CODES = frozenset({500, 502, 503, 504, 530, 534, 535, 538})
"""Command, sequence or authentication (RFC 5321 section 4.2.3, RFC 4954 section 6): our set-up, not the person."""


@unique
class Stage(StrEnum):
    """Where in the conversation a reply came."""

    GREETING = "greeting"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    DOT = "dot"


def read_reply(stage: Stage, code: int, text: str, *, hide: str) -> Refused | NotSent:
    """The outcome of a reply that is no success, before the final dot or at it.

    `hide` is the person's address: servers like to quote it, and it goes no further. A code that is no refusal
    (1yz, 3yz, unreadable) leaves the mail unsent before the dot; at the dot the caller must not ask here.
    """
    if not 400 <= code < 600:  # noqa: PLR2004 - RFC 5321 section 4.2.1: neither transient nor permanent
        return NotSent(reason=f"the server's reply to {stage.value} cannot be read")
    enhanced = _ENHANCED.search(text)
    words = re.sub(re.escape(hide), "<recipient>", text, flags=re.IGNORECASE) if hide else text
    return Refused(
        kind=_kind(stage, code, enhanced[1] if enhanced else ""),
        code=f"{code} {enhanced[1]}" if enhanced else str(code),
        words=" ".join(words.split())[:WORDS_MAX],
    )


def _kind(stage: Stage, code: int, enhanced: str) -> RefusalKind:
    if code < 500:  # noqa: PLR2004 - 4yz: try again later
        return RefusalKind.TRANSIENT
    if stage in {Stage.GREETING, Stage.AUTH, Stage.MAIL} or code in _OURS_CODES:
        return RefusalKind.OURS
    # At RCPT a policy refusal (5.7.x) is meant for the client: relaying denied. At the dot it is the content's.
    if stage is Stage.RCPT and enhanced.startswith("5.7."):
        return RefusalKind.OURS
    return RefusalKind.PERMANENT
