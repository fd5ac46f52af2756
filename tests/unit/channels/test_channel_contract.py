"""The values of the contract: the payload that the audit covers, and what they never print."""

from datetime import UTC, datetime

import hypothesis
import msgspec
import pytest
from hypothesis import strategies as st

from channels.base import (
    Account,
    ChannelName,
    Content,
    EmailContent,
    Inbound,
    Message,
    PushContent,
    SmsContent,
    VoiceContent,
    payload,
)

CONTENTS: dict[ChannelName, Content] = {
    ChannelName.SMS: SmsContent(text="Hello"),
    ChannelName.VOICE: VoiceContent(script="Hello", voicemail=None, digits=(("9", "stop"),)),
    ChannelName.EMAIL: EmailContent(subject="S", text="T", html=None, headers=(("List-Unsubscribe", "<x>"),)),
    ChannelName.PUSH: PushContent(title="T", body="B", lock_screen="L"),
}


def message(channel: ChannelName, **changes: str) -> Message:
    plain = Message(
        attempt_id="a1",
        channel=channel,
        destination="+12025550114",
        sender="+12025550100",
        content=CONTENTS[channel],
        locale="en-US",
    )
    return msgspec.structs.replace(plain, **changes)


@pytest.mark.parametrize("channel", ChannelName)
def test_a_payload_tells_the_whole_message(channel: ChannelName):
    """Whoever opens a sealed payload reads back the very message, of any kind of content."""
    assert msgspec.json.decode(payload(message(channel)), type=Message) == message(channel)


@hypothesis.given(st.text(), st.text(), st.text())
def test_different_messages_have_different_payloads(one: str, other: str, sender: str):
    """Two messages share a payload only when they are the same: the commitment covers every field."""
    first, second = message(ChannelName.SMS, destination=one), message(ChannelName.SMS, destination=other)
    assert (payload(first) == payload(second)) == (one == other)
    assert (payload(message(ChannelName.SMS, sender=sender)) == payload(message(ChannelName.SMS))) == (
        sender == "+12025550100"
    )


def test_a_payload_is_stable():
    """The bytes of a payload are part of the record: this exact form may not change under it."""
    assert payload(message(ChannelName.SMS)) == (
        b'{"attempt_id":"a1","channel":"sms","destination":"+12025550114","sender":"+12025550100",'
        b'"content":{"kind":"sms","text":"Hello"},"locale":"en-US"}'
    )


def test_no_value_prints_a_person_or_a_secret():
    """A traceback or a log line that prints a message, a reply or an account tells ids only."""
    inbound = Inbound(
        account="sandbox",
        channel=ChannelName.SMS,
        sender="+12025550114",
        recipient="+12025550100",
        text="STOP it, says Jordan",
        event_id="e1",
        at=datetime(2026, 3, 2, tzinfo=UTC),
        in_reply_to=None,
    )
    account = Account(
        name="sandbox",
        provider="sandbox",
        channels=frozenset(ChannelName),
        settings={},
        secrets={"token": "hunter2"},
        rate_per_s=1.0,
        burst=1,
        concurrency=1,
    )
    printed = f"{message(ChannelName.SMS)!r} {inbound!r} {account!r} {message(ChannelName.SMS)} {[inbound]}"
    for secret in ("+12025550114", "Hello", "Jordan", "hunter2"):
        assert secret not in printed
