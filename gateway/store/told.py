"""Facts that callers told us, as lists: restrictions and consents of a borrower."""

from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec


class StoredRestriction(msgspec.Struct, frozen=True, kw_only=True):
    """One restriction as stored; `creditor` None binds all."""

    id: UUID
    kind: str
    creditor: str | None
    recorded_by: str
    channel: str | None
    debt: bytes | None
    since: datetime
    until: datetime | None
    source: str
    evidence: str | None
    lifted_at: datetime | None


class StoredConsent(msgspec.Struct, frozen=True, kw_only=True):
    """One consent as stored."""

    id: UUID
    purpose: str
    creditor: str
    channel: str | None
    since: datetime
    until: datetime | None
    source: str
    wording: str | None
    evidence: str | None


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A borrower as a told fact needs it."""

    id: int
    subject: UUID


async def find_person(pool: asyncpg.Pool, token: bytes) -> Person | None:
    """The borrower with this token."""
    record = await pool.fetchrow("SELECT id, subject FROM borrower WHERE token = $1", token)
    return None if record is None else Person(id=record["id"], subject=record["subject"])


async def name_person(pool: asyncpg.Pool, token: bytes, subject: UUID, namespace: str) -> UUID:
    """The subject of the borrower with this token: `subject` for somebody new, whoever is first to say so."""
    named: UUID = await pool.fetchval("SELECT name_borrower($1, $2, $3)", token, subject, namespace)
    return named


async def find_restrictions(pool: asyncpg.Pool, person: int, creditor: str) -> list[StoredRestriction]:
    """Every restriction that binds this creditor, lifted ones included, oldest first."""
    records = await pool.fetch(
        """SELECT id, kind, creditor, recorded_by, channel, debt, since, until, source, evidence, lifted_at
             FROM restriction
            WHERE borrower_id = $1 AND (creditor IS NULL OR creditor = $2) ORDER BY since, id""",
        person,
        creditor,
    )
    return [StoredRestriction(**dict(record)) for record in records]


async def find_restriction(
    pool: asyncpg.Pool, person: int, creditor: str, restriction: UUID
) -> StoredRestriction | None:
    """One restriction of a borrower, if it binds this creditor."""
    found = await find_restrictions(pool, person, creditor)
    return next((one for one in found if one.id == restriction), None)


async def find_consents(pool: asyncpg.Pool, person: int, creditor: str) -> list[StoredConsent]:
    """Every consent towards this creditor, oldest first."""
    records = await pool.fetch(
        """SELECT id, purpose, creditor, channel, since, until, source, wording, evidence FROM consent
            WHERE borrower_id = $1 AND creditor = $2 ORDER BY since, id""",
        person,
        creditor,
    )
    return [StoredConsent(**dict(record)) for record in records]


async def find_event_key(pool: asyncpg.Pool, api_key: str, key: str) -> tuple[bytes, UUID] | None:
    """The body's MAC and the id that an idempotency key made."""
    record = await pool.fetchrow(
        "SELECT mac, made FROM idempotency WHERE api_key = $1 AND key = $2", api_key, key
    )
    return None if record is None else (record["mac"], record["made"])
