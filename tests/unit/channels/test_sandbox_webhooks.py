"""The sandbox carrier's callbacks: authentic, fresh and readable, or refused."""

from datetime import UTC, datetime, timedelta

import hypothesis
import pytest
from hypothesis import strategies as st
from multidict import CIMultiDict

from channels.base import Account, AccountError, ChannelName, ReceiptStatus, WebhookEvents, WebhookRefused
from channels.sandbox_webhooks import SIGNATURE_HEADER, WINDOW_S, sign, webhook_reader
from channels.sandbox_wire import InboundEvent, ReceiptEvent, encode

AT = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
STAMP = int(AT.timestamp())
RECEIPT = ReceiptEvent(
    event_id="e1", id="sb-1", attempt_id="a1", status=ReceiptStatus.DELIVERED, code="DELIVRD", words="", at=AT
)
INBOUND = InboundEvent(
    event_id="e2",
    channel=ChannelName.SMS,
    sender="+12025550114",
    recipient="+12025550100",
    text="STOP",
    in_reply_to="a1",
    at=AT,
)
RAW = encode([RECEIPT, INBOUND])


def account(**secrets: str) -> Account:
    return Account(
        name="sandbox",
        provider="sandbox",
        channels=frozenset(ChannelName),
        settings={},
        secrets=secrets,
        rate_per_s=1.0,
        burst=1,
        concurrency=1,
    )


READER = webhook_reader(account(webhook="current", webhook_previous="former"))


def read(raw: bytes, header: str | None, at: datetime = AT) -> WebhookEvents | WebhookRefused:
    return READER.read(CIMultiDict({} if header is None else {SIGNATURE_HEADER: header}), raw, at)


def test_an_authentic_callback_becomes_events():
    """Receipts and replies arrive in our words, bound to the account they came by."""
    events = read(RAW, sign("current", STAMP, RAW))
    assert isinstance(events, WebhookEvents)
    (receipt,), (inbound,) = events.receipts, events.inbound
    assert (receipt.account, receipt.provider_id, receipt.attempt_id) == ("sandbox", "sb-1", "a1")
    assert (receipt.status, receipt.event_id, receipt.at) == (ReceiptStatus.DELIVERED, "e1", AT)
    assert (inbound.account, inbound.sender, inbound.recipient) == ("sandbox", "+12025550114", "+12025550100")
    assert (inbound.text, inbound.in_reply_to, inbound.event_id) == ("STOP", "a1", "e2")


def test_a_secret_can_be_changed_without_losing_a_receipt():
    """While the secret is being changed, callbacks signed with the former one are read too."""
    assert isinstance(read(RAW, sign("former", STAMP, RAW)), WebhookEvents)


@pytest.mark.parametrize(
    ("raw", "header", "reason"),
    [
        (RAW, None, "no signature"),
        (RAW, "", "not of the form"),
        (RAW, "v1=00", "not of the form"),
        (RAW, sign("current", STAMP, RAW) + ",v1=" + "0" * 64, "not of the form"),
        (RAW, sign("another", STAMP, RAW), "does not fit"),
        (RAW + b" ", sign("current", STAMP, RAW), "does not fit"),
        (RAW, sign("current", STAMP, RAW).replace(str(STAMP), str(STAMP + 1)), "does not fit"),
        (RAW, sign("current", STAMP - WINDOW_S - 1, RAW), "too old"),
        (RAW, sign("current", STAMP + WINDOW_S + 1, RAW), "too old"),
        (b"{}", sign("current", STAMP, b"{}"), "not a list of events"),
        (b"[{\xff}]", sign("current", STAMP, b"[{\xff}]"), "not a list of events"),
    ],
)
def test_anything_else_is_refused(raw: bytes, header: str | None, reason: str):
    """A callback without proof, changed, replayed later or unreadable closes no attempt and opts nobody out."""
    refused = read(raw, header)
    assert isinstance(refused, WebhookRefused)
    assert reason in refused.reason


def test_a_time_without_zone_is_refused():
    """An event whose time has no zone could be any of many instants."""
    raw = RAW.replace(b"2026-03-02T15:00:00Z", b"2026-03-02T15:00:00")
    assert raw != RAW
    assert isinstance(read(raw, sign("current", STAMP, raw)), WebhookRefused)


def test_the_window_is_closed_at_its_very_end():
    """A stamp may be as old as the window, not a second older."""
    for age_s, kind in ((WINDOW_S, WebhookEvents), (WINDOW_S + 1, WebhookRefused)):
        assert isinstance(read(RAW, sign("current", STAMP, RAW), AT + timedelta(seconds=age_s)), kind)


@hypothesis.given(st.binary(), st.text())
def test_no_bytes_can_break_the_reader(raw: bytes, header: str):
    """Whatever a stranger posts is refused, never an exception."""
    assert isinstance(READER.read({SIGNATURE_HEADER: header}, raw, AT), WebhookRefused)
    assert isinstance(read(raw, sign("current", STAMP, raw)), WebhookRefused) or raw.strip() == b"[]"


@pytest.mark.parametrize("secrets", [{}, {"webhook": ""}, {"webhook_previous": ""}])
def test_an_account_without_secret_is_refused(secrets: dict[str, str]):
    """Without a secret receipts would be open to anyone, so the account does not open."""
    with pytest.raises(AccountError, match="`webhook` is missing or empty"):
        webhook_reader(account(**secrets))
