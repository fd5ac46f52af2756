"""Signs and reads the sandbox carrier's callbacks: `X-Sandbox-Signature: t=<unix seconds>,v1=<hex>`."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime

import msgspec

from channels.base import (
    Account,
    AccountError,
    Inbound,
    Receipt,
    WebhookEvents,
    WebhookReader,
    WebhookRefused,
)
from channels.sandbox_wire import CarrierEvent, ReceiptEvent, decode_events

SIGNATURE_HEADER = "X-Sandbox-Signature"
WINDOW_S = 300
"""How far the stamp may be from our clock. Bounds how long a captured callback can be replayed; repeats within it
are dropped by their event id."""

_SIGNATURE = re.compile(r"t=(\d{1,12}),v1=([0-9a-f]{64})", re.ASCII)


def sign(secret: str, stamp_s: int, raw: bytes) -> str:
    """The signature header's value for `raw` sent at `stamp_s` (Unix seconds)."""
    return f"t={stamp_s},v1={_mac(secret, stamp_s, raw)}"


def webhook_reader(account: Account) -> WebhookReader:
    """A reader for one account's callbacks.

    Takes the secret `webhook` and, while it is being changed, `webhook_previous`. Raises `AccountError` when there
    is no secret: receipts would be open to anyone.
    """
    secrets = tuple(
        account.secrets[name] for name in ("webhook", "webhook_previous") if name in account.secrets
    )
    if not secrets or not all(secrets):
        raise AccountError(f"account {account.name}: the secret `webhook` is missing or empty")
    return _Reader(account.name, secrets)


class _Reader:
    def __init__(self, account: str, secrets: tuple[str, ...]) -> None:
        self._account = account
        self._secrets = secrets

    def read(self, headers: Mapping[str, str], raw: bytes, at: datetime) -> WebhookEvents | WebhookRefused:
        header = headers.get(SIGNATURE_HEADER)
        if header is None:
            return WebhookRefused(reason="no signature")
        signature = _SIGNATURE.fullmatch(header)
        if signature is None:
            return WebhookRefused(reason="signature is not of the form t=<unix>,v1=<hex>")
        stamp_s, given = int(signature[1]), signature[2]
        if not any(hmac.compare_digest(_mac(secret, stamp_s, raw), given) for secret in self._secrets):
            return WebhookRefused(reason="signature does not fit the body")
        if abs(at.timestamp() - stamp_s) > WINDOW_S:
            return WebhookRefused(reason="signature is too old or from the future")
        try:
            return _events(self._account, decode_events(raw))
        except (msgspec.DecodeError, UnicodeDecodeError):
            return WebhookRefused(reason="body is not a list of events")


def _mac(secret: str, stamp_s: int, raw: bytes) -> str:
    return hmac.new(secret.encode(), b"%d." % stamp_s + raw, hashlib.sha256).hexdigest()


def _events(account: str, events: tuple[CarrierEvent, ...]) -> WebhookEvents:
    receipts: list[Receipt] = []
    inbound: list[Inbound] = []
    for event in events:
        if isinstance(event, ReceiptEvent):
            receipts.append(
                Receipt(
                    account=account,
                    provider_id=event.id,
                    attempt_id=event.attempt_id,
                    status=event.status,
                    code=event.code,
                    at=event.at,
                    words=event.words,
                    event_id=event.event_id,
                )
            )
        else:
            inbound.append(
                Inbound(
                    account=account,
                    channel=event.channel,
                    sender=event.sender,
                    recipient=event.recipient,
                    text=event.text,
                    event_id=event.event_id,
                    at=event.at,
                    in_reply_to=event.in_reply_to,
                )
            )
    return WebhookEvents(receipts=tuple(receipts), inbound=tuple(inbound))
