"""The sandbox carrier's wire format: what it is sent, what it answers, what it calls back with.

A submission is one line of NDJSON per message: exactly the bytes of `channels.base.payload`.
"""

from datetime import datetime
from typing import Annotated

import msgspec

from channels.base import ChannelName, Message, Outcome, ReceiptStatus, RefusalKind, Refused, Submitted

SUBMIT_PATH = "/carrier/messages"
ACCOUNT_HEADER = "X-Sandbox-Account"
NDJSON = "application/x-ndjson"

AwareTime = Annotated[datetime, msgspec.Meta(tz=True)]


class Taken(msgspec.Struct, frozen=True, kw_only=True, tag_field="result", tag="taken"):
    """The carrier has the message, under its own `id`."""

    attempt_id: str
    id: str


class Declined(msgspec.Struct, frozen=True, kw_only=True, tag_field="result", tag="declined"):
    """The carrier did not take the message."""

    attempt_id: str
    kind: RefusalKind
    code: str
    words: str


CarrierResult = Taken | Declined


class ReceiptEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="receipt"):
    """A delivery report."""

    event_id: str
    id: str
    attempt_id: str
    status: ReceiptStatus
    code: str
    words: str
    at: AwareTime


class InboundEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="inbound"):
    """A reply, a pressed digit or an unsubscribe."""

    event_id: str
    channel: ChannelName
    sender: str
    recipient: str
    text: str
    in_reply_to: str | None
    at: AwareTime


CarrierEvent = ReceiptEvent | InboundEvent

_results = msgspec.json.Decoder(CarrierResult)
_messages = msgspec.json.Decoder(Message)
encode = msgspec.json.Encoder().encode
decode_events = msgspec.json.Decoder(tuple[CarrierEvent, ...]).decode


def decode_messages(raw: bytes) -> list[Message]:
    """The messages of one submission. Raises `msgspec.DecodeError` when any line is unreadable."""
    return _messages.decode_lines(raw)


def read_results(raw: bytes) -> dict[str, Outcome]:
    """What became of each attempt, as far as the answer can be read; never raises.

    Only whole lines count. A line that cannot be read says nothing, and the attempt it may have been about stays
    unknown, as does one that the answer does not mention.
    """
    outcomes: dict[str, Outcome] = {}
    for line in raw.split(b"\n")[:-1]:
        try:
            result = _results.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
        outcomes[result.attempt_id] = _outcome(result)
    return outcomes


def _outcome(result: CarrierResult) -> Outcome:
    if isinstance(result, Taken):
        return Submitted(provider_id=result.id)
    return Refused(kind=result.kind, code=result.code, words=result.words)
