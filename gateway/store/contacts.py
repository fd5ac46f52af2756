"""Contacts as stored, found by id, by idempotency key, or in pages."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
import msgspec

from gateway.store.facts import wrapped_key
from gateway.vault import WrappedKey
from gateway.wire import Priority

PRIORITIES: Final[dict[Priority, int]] = {
    Priority.LEGAL: 0,
    Priority.HIGH: 1,
    Priority.NORMAL: 2,
    Priority.BULK: 3,
}

_COLUMNS = """c.id, c.creditor, c.borrower_id, b.subject, b.token AS borrower, k.version AS k_version, k.wrapped,
  c.address, c.channel, c.state, c.due_at, c.expires_at, c.tries, c.debts, c.template, c.reference, c.request,
  c.decision, c.latest, c.created_at, c.changed_at, c.api_key, b.namespace"""
_FROM = """contact c JOIN borrower b ON b.id = c.borrower_id
  LEFT JOIN borrower_key k ON k.creditor = c.creditor AND k.borrower_id = c.borrower_id"""


class StoredContact(msgspec.Struct, frozen=True, kw_only=True):
    """One contact as the journal has it; `wrapped` is None once the person was erased."""

    id: UUID
    creditor: str
    borrower_id: int
    borrower: bytes
    subject: UUID
    namespace: str
    wrapped: WrappedKey | None
    address: bytes
    channel: str
    state: str
    due_at: datetime
    expires_at: datetime
    tries: int
    debts: bytes
    template: bytes
    reference: str | None
    request: bytes
    decision: bytes
    latest: bytes | None
    created_at: datetime
    changed_at: datetime
    api_key: str


class StoredAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt as an answer shows it."""

    id: UUID
    state: str
    permitted_at: datetime
    account: str
    code: str | None


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """What the first request with an idempotency key left behind."""

    mac: bytes
    contact: StoredContact


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """What a list is narrowed by; None does not narrow. `before` is the id after which the page continues."""

    creditor: str
    borrower: bytes | None = None
    reference: str | None = None
    state: str | None = None
    before: UUID | None = None
    limit: int = 50


async def find_contact(pool: asyncpg.Pool, contact: UUID) -> StoredContact | None:
    """The contact, or None."""
    record = await pool.fetchrow(f"SELECT {_COLUMNS} FROM {_FROM} WHERE c.id = $1", contact)
    return None if record is None else _contact(record)


async def find_by_key(pool: asyncpg.Pool, api_key: str, key: str) -> Replay | None:
    """What the idempotency key made, or None where the key made no contact."""
    record = await pool.fetchrow(
        f"SELECT i.mac, {_COLUMNS} FROM {_FROM} JOIN idempotency i ON i.made = c.id"
        " WHERE i.api_key = $1 AND i.key = $2",
        api_key,
        key,
    )
    return None if record is None else Replay(mac=record["mac"], contact=_contact(record))


async def find_page(pool: asyncpg.Pool, page: Page) -> list[StoredContact]:
    """Contacts of one creditor, newest first (ids are ordered by time)."""
    records = await pool.fetch(
        f"""SELECT {_COLUMNS} FROM {_FROM}
             WHERE c.creditor = $1 AND ($2::bytea IS NULL OR b.token = $2) AND ($3::text IS NULL OR c.reference = $3)
               AND ($4::text IS NULL OR c.state = $4) AND ($5::uuid IS NULL OR c.id < $5)
             ORDER BY c.id DESC LIMIT $6""",
        page.creditor,
        page.borrower,
        page.reference,
        page.state,
        page.before,
        page.limit,
    )
    return [_contact(record) for record in records]


async def find_attempts(pool: asyncpg.Pool, contact: UUID) -> list[StoredAttempt]:
    """The attempts of a contact, oldest first."""
    records = await pool.fetch(
        "SELECT id, state, permitted_at, account, code FROM attempt WHERE contact_id = $1 ORDER BY id",
        contact,
    )
    return [StoredAttempt(**dict(record)) for record in records]


async def find_waiting(
    pool: asyncpg.Pool, creditor: str, *, borrower: bytes | None, debt: bytes | None, reference: str | None
) -> tuple[list[StoredContact], int]:
    """The contacts of a creditor that can still be stopped, and how many are on their way already."""
    where = """c.creditor = $1 AND ($2::bytea IS NULL OR b.token = $2) AND ($4::text IS NULL OR c.reference = $4)
       AND ($3::bytea IS NULL OR position($3 IN c.debts) % 16 = 1)"""
    records = await pool.fetch(
        f"SELECT {_COLUMNS} FROM {_FROM} WHERE {where} AND c.state IN ('queued', 'scheduled') ORDER BY c.id",
        creditor,
        borrower,
        debt,
        reference,
    )
    late: int = await pool.fetchval(
        f"SELECT count(*) FROM {_FROM} WHERE {where} AND c.state = 'dispatching'",
        creditor,
        borrower,
        debt,
        reference,
    )
    return [_contact(record) for record in records], late


def _contact(record: asyncpg.Record) -> StoredContact:
    values = {name: record[name] for name in StoredContact.__struct_fields__ if name != "wrapped"}
    return StoredContact(**values, wrapped=wrapped_key(record))


def ids(contacts: Sequence[StoredContact]) -> tuple[str, ...]:
    """Their ids as text."""
    return tuple(str(contact.id) for contact in contacts)
