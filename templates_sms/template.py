"""An approved text as the rest of Forbear sees it: checked whole, immutable, named by its hash."""

from enum import StrEnum

from msgspec import Struct

from templates_sms.lines import Line
from templates_sms.variables import Variable


class TextChannel(StrEnum):
    """The way a text is made for. Equal, as text, to the channel names of the other packages."""

    SMS = "sms"
    VOICE = "voice"
    EMAIL = "email"
    PUSH = "push"


class Keypress(StrEnum):
    """What a digit pressed during a call means."""

    AGENT = "agent"
    STOP = "stop"


class Template(Struct, frozen=True, kw_only=True):
    """One text in one language for one channel. Only `parse_template` makes one, so every one of them is sound."""

    name: str
    channel: TextChannel
    locale: str
    hash: str  # SHA-256 over the file's bytes, lower-case hex: what the audit record names
    title: str
    purpose: str
    variables: tuple[Variable, ...]
    lines: frozenset[Line]
    rules: tuple[str, ...]
    source: str
    body: str
    subject: str | None = None  # email
    push_title: str | None = None
    lock_screen: str | None = None  # push
    voicemail: str | None = None  # voice
    digits: tuple[tuple[str, Keypress], ...] = ()  # voice
