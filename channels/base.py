"""The contract between the gateway and an adapter: what goes out, what came of it, what comes back.

An adapter is our code for one provider. It implements `Adapter`, is opened by an `open_channel` factory, and
keeps the three failures apart that every client library blurs: refused, never left this host, cannot know.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from enum import StrEnum, unique
from typing import Protocol

import msgspec


@unique
class ChannelName(StrEnum):
    """The ways to reach a person."""

    SMS = "sms"
    VOICE = "voice"
    EMAIL = "email"
    PUSH = "push"


class SmsContent(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="sms"):
    """The text of one SMS, of any length; the adapter or the carrier cuts it into parts."""

    text: str


class EmailContent(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="email"):
    """A mail as its reader sees it; `headers` are extra ones such as List-Unsubscribe, in the order given."""

    subject: str
    text: str
    html: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


class VoiceContent(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="voice"):
    """What a call says.

    `script` is for a confirmed person only. `voicemail` is the limited-content message for a machine
    (12 CFR 1006.2(j)); None means that nothing is left on one. `digits` pairs a key with its meaning.
    """

    script: str
    voicemail: str | None = None
    digits: tuple[tuple[str, str], ...] = ()


class PushContent(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="push"):
    """A notification. Only `lock_screen` may show on a locked phone: a debt there is disclosure."""

    title: str
    body: str
    lock_screen: str


Content = SmsContent | EmailContent | VoiceContent | PushContent


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to reach one address.

    `destination` is an E.164 number, a mail address or a push token; `sender` the sender id that the person
    sees. `attempt_id` is ours, unique per attempt (a UUIDv7, whose instant dates a mail), and travels to every
    provider that has room for it.
    """

    attempt_id: str
    channel: ChannelName
    destination: str
    sender: str
    content: Content
    locale: str

    def __repr__(self) -> str:
        """Name the attempt and nothing of the person, so that no traceback or log can tell."""
        return f"Message(attempt_id={self.attempt_id!r}, channel={self.channel.value!r})"


_canonical = msgspec.json.Encoder(order="deterministic")


def payload(message: Message) -> bytes:
    """The one byte string that stands for this message, whichever adapter carries it.

    The audit commitment covers exactly these bytes. Nothing that a connection adds (Date, sequence numbers,
    signatures) is in them.
    """
    return _canonical.encode(message)


@unique
class RefusalKind(StrEnum):
    """Why a provider refused, as the question that the caller asks next."""

    PERMANENT = "permanent"
    """This address or this content will never be taken; do not try again."""
    TRANSIENT = "transient"
    """Not now: throttled, busy, greylisted. A new attempt may be decided later."""
    OURS = "ours"
    """Our account, credentials or set-up: stop and alert; the person has nothing to do with it."""
    CONSENT = "consent"
    """The person has opted out at the provider: feed the suppression list."""


class Submitted(msgspec.Struct, frozen=True, kw_only=True, tag_field="outcome", tag="submitted"):
    """The provider took the message and said so."""

    provider_id: str
    words: str = ""


class Refused(msgspec.Struct, frozen=True, kw_only=True, tag_field="outcome", tag="refused"):
    """The provider answered that it did not take the message. `code` is the provider's own."""

    kind: RefusalKind
    code: str
    words: str = ""


class NotSent(msgspec.Struct, frozen=True, kw_only=True, tag_field="outcome", tag="not_sent"):
    """Provably nothing of this message left this host, or nothing that the provider may act on."""

    reason: str


class Unknown(msgspec.Struct, frozen=True, kw_only=True, tag_field="outcome", tag="unknown"):
    """The message may or may not have been taken; it is never sent again by us."""

    reason: str


Outcome = Submitted | Refused | NotSent | Unknown


class Lease(Protocol):
    """The permit, as far as an adapter may see it."""

    def live(self) -> bool:
        """True while the permit may still be used. Asked at the adapter's point of no return, not before."""
        ...


@unique
class ReceiptStatus(StrEnum):
    """What a delivery receipt (DLR) claims."""

    DELIVERED = "delivered"
    """The handset, mailbox or device has it. Says nothing about a person having read it."""
    UNDELIVERED = "undelivered"
    """Final: it will not be delivered."""
    PENDING = "pending"
    """Interim: another receipt follows."""
    UNKNOWN = "unknown"
    """The provider itself does not know. Not a failure."""


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery receipt, in our words.

    It can come before the answer to the send, twice, or out of order; `event_id` is the provider's id of the
    report and serves to drop repeats. `attempt_id` is None when the provider does not echo ours.
    """

    account: str
    provider_id: str
    attempt_id: str | None
    status: ReceiptStatus
    code: str
    at: datetime
    words: str
    event_id: str


class Inbound(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a person sent us (MO): a reply, a pressed digit, an unsubscribe.

    `sender` is the person's address, `recipient` ours. `in_reply_to` is the attempt it answers, if the
    provider knows it.
    """

    account: str
    channel: ChannelName
    sender: str
    recipient: str
    text: str
    event_id: str
    at: datetime
    in_reply_to: str | None

    def __repr__(self) -> str:
        """Name the event and nothing of the person."""
        return f"Inbound(account={self.account!r}, event_id={self.event_id!r})"


class WebhookEvents(msgspec.Struct, frozen=True, kw_only=True):
    """What one authentic callback told us."""

    receipts: tuple[Receipt, ...] = ()
    inbound: tuple[Inbound, ...] = ()


class WebhookRefused(msgspec.Struct, frozen=True, kw_only=True):
    """The callback is not authentic, too old or unreadable; `reason` is safe to log."""

    reason: str


class Adapter(Protocol):
    """One open provider account.

    `point_of_no_return` names in one sentence the act after which the provider may have the message.
    `answer_deadline_s` is how long after that act `send` waits before it answers `Unknown`.
    """

    @property
    def point_of_no_return(self) -> str: ...

    @property
    def answer_deadline_s(self) -> float: ...

    async def send(self, message: Message, lease: Lease) -> Outcome:
        """Submit the message at most once and say what came of it.

        Never raises for what a network or a provider can do. Asks `lease.live()` at the point of no return; a
        dead lease is `NotSent`. When `send` itself is cancelled the caller must record `Unknown`.
        """
        ...


class WebhookReader(Protocol):
    """Turns a provider's callback into events, after proving who sent it."""

    def read(self, headers: Mapping[str, str], raw: bytes, at: datetime) -> WebhookEvents | WebhookRefused:
        """Verify the signature over the raw bytes in constant time and within its time window; then parse.

        `headers` must look names up without regard to case. `at` is the time of arrival, aware UTC.
        """
        ...


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A configured account at a provider, its secrets already read from their files.

    `provider` names an entry point of the group `forbear.channels`. `rate_per_s`, `burst`, `concurrency` are
    the provider's limits (pace), never a person's (caps).
    """

    name: str
    provider: str
    channels: frozenset[ChannelName]
    settings: Mapping[str, str]
    secrets: Mapping[str, str]
    rate_per_s: float
    burst: int
    concurrency: int

    def __repr__(self) -> str:
        """Name the account and nothing that could be a secret."""
        return f"Account(name={self.name!r}, provider={self.provider!r})"


OpenChannel = Callable[[Account], AbstractAsyncContextManager[Adapter]]
"""A factory: `async with open_channel(account) as adapter`; `AccountError` when the account cannot work."""

ReaderOf = Callable[[Account], WebhookReader]
"""Makes the reader for one account's callbacks."""


class AccountError(Exception):
    """Raised when an account is opened whose settings cannot work; names the account and the setting."""
