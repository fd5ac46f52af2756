"""A finished text, in the shape its channel needs. Personal data: for the store and the provider only."""

from msgspec import Struct

from templates_sms.template import Keypress


class RenderedSms(Struct, frozen=True, kw_only=True):
    """A text message, not yet split into segments."""

    text: str

    def __repr__(self) -> str:
        return "RenderedSms(<hidden>)"


class RenderedEmail(Struct, frozen=True, kw_only=True):
    """An e-mail whose HTML part says exactly what its text part says."""

    subject: str
    text: str
    html: str

    def __repr__(self) -> str:
        return "RenderedEmail(<hidden>)"


class RenderedVoice(Struct, frozen=True, kw_only=True):
    """A script for a person, the limited-content message for a machine (None: hang up), and the menu."""

    script: str
    voicemail: str | None
    digits: tuple[tuple[str, Keypress], ...]

    def __repr__(self) -> str:
        return "RenderedVoice(<hidden>)"


class RenderedPush(Struct, frozen=True, kw_only=True):
    """A push message: what a locked phone shows, and what is read after unlocking."""

    title: str
    body: str
    lock_screen: str

    def __repr__(self) -> str:
        return "RenderedPush(<hidden>)"


Rendered = RenderedSms | RenderedEmail | RenderedVoice | RenderedPush
