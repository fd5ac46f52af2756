"""API keys as values: what one looks like, what is stored of it, and what it permits its caller."""

import base64
import hashlib
import hmac
import zlib
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

EVERY_CREDITOR = "*"
_ID_BYTES, _SECRET_BYTES = 10, 32
_TOKEN_LENGTH = len("fb_live_") + 16 + 1 + 52 + 1 + 8


class Action(StrEnum):
    """What a key may be allowed to do; each route names the one it needs."""

    CONTACTS_WRITE = "contacts:write"
    CONTACTS_READ = "contacts:read"
    DECISIONS = "decisions"
    BORROWERS_WRITE = "borrowers:write"
    BORROWERS_READ = "borrowers:read"
    OPT_OUTS_WRITE = "opt-outs:write"
    METRICS = "metrics"


class PrincipalKind(StrEnum):
    """Who stands behind a key; acts that need two people need two different persons."""

    PERSON = "person"
    MACHINE = "machine"


class Caller(Struct, frozen=True, kw_only=True):
    """The principal of one request, as its API key names it."""

    key_id: str
    subject: str
    kind: PrincipalKind
    creditors: frozenset[str]
    actions: frozenset[str]
    namespace: str | None = None
    live: bool = True

    def may_act_for(self, creditor: str) -> bool:
        """Tell whether the creditor is in the key's scope."""
        return creditor in self.creditors or EVERY_CREDITOR in self.creditors

    def namespace_for(self, creditor: str) -> str:
        """Return the namespace in which the caller's borrower and debt ids are unique."""
        return creditor if self.namespace is None else self.namespace

    def only_creditor(self) -> str | None:
        """Return the one creditor of the key, or None if it names several or all."""
        return (
            next(iter(self.creditors))
            if len(self.creditors) == 1 and EVERY_CREDITOR not in self.creditors
            else None
        )


class KeyRecord(Struct, frozen=True, kw_only=True):
    """One row of `api_key`: everything about a key but its secret."""

    id: str
    secret_hash: bytes
    subject: str
    kind: PrincipalKind
    creditors: tuple[str, ...]
    actions: tuple[str, ...]
    created_at: datetime
    namespace: str | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None


class KeyToken(Struct, frozen=True, kw_only=True):
    """A key as its owner holds it, taken apart."""

    live: bool
    id: str
    secret: str


class NewKey(Struct, frozen=True, kw_only=True):
    """A fresh key: `token` is shown once and kept nowhere, `secret_hash` is stored."""

    id: str
    token: str
    secret_hash: bytes


def mint_key(token_bytes: Callable[[int], bytes], *, live: bool = True) -> NewKey:
    """Return a new key of 256 bits from the given source of randomness.

    The checksum lets a mistyped key be refused without a look-up, and lets scanners recognise a leaked one.
    """
    identifier = ("live" if live else "test") + "_" + _text(token_bytes(_ID_BYTES))
    secret = _text(token_bytes(_SECRET_BYTES))
    body = f"fb_{identifier}_{secret}"
    return NewKey(id=identifier, token=f"{body}_{_checksum(body)}", secret_hash=hash_secret(secret))


def parse_token(text: str) -> KeyToken | None:
    """Take a key apart, or return None if it cannot be one of ours (wrong shape or checksum)."""
    if len(text) != _TOKEN_LENGTH or not text.isascii():
        return None
    body, _, checksum = text.rpartition("_")
    parts = body.split("_")
    if len(parts) != 4 or parts[0] != "fb" or parts[1] not in {"live", "test"}:  # noqa: PLR2004 - fb, kind, id, secret
        return None
    if _checksum(body) != checksum:
        return None
    return KeyToken(live=parts[1] == "live", id=f"{parts[1]}_{parts[2]}", secret=parts[3])


def hash_secret(secret: str) -> bytes:
    """Return what is stored of a secret. A plain hash suffices from 112 random bits (OWASP ASVS 6.5.2)."""
    return hashlib.sha256(secret.encode("ascii")).digest()


def verify(token: KeyToken, record: KeyRecord, at: datetime) -> Caller | None:
    """Return the caller if the secret is right and the key neither revoked nor expired, else None."""
    if not hmac.compare_digest(hash_secret(token.secret), record.secret_hash):
        return None
    if record.revoked_at is not None or (record.expires_at is not None and at >= record.expires_at):
        return None
    return Caller(
        key_id=record.id,
        subject=record.subject,
        kind=record.kind,
        creditors=frozenset(record.creditors),
        actions=frozenset(record.actions),
        namespace=record.namespace,
        live=token.live,
    )


def _text(raw: bytes) -> str:
    return base64.b32encode(raw).decode("ascii").rstrip("=").lower()


def _checksum(body: str) -> str:
    return f"{zlib.crc32(body.encode('ascii')):08x}"
