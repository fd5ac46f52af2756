"""What the sweep looks for."""

from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import msgspec


class Overdue(msgspec.Struct, frozen=True, kw_only=True):
    """A permitted attempt whose answer never came."""

    attempt: UUID
    contact: UUID
    creditor: str


class Expired(msgspec.Struct, frozen=True, kw_only=True):
    """A contact that waited past its expiry."""

    contact: UUID
    creditor: str
    state: str


async def clock_difference(pool: asyncpg.Pool, at: datetime) -> timedelta:
    """How far a clock that says `at` is ahead of the database's; a second of waiting for the answer counts as skew."""
    theirs: datetime = await pool.fetchval("SELECT clock_timestamp()")
    return at - theirs


async def overdue_attempts(pool: asyncpg.Pool, before: datetime, limit: int) -> list[Overdue]:
    """Permitted attempts that should have been answered before this instant, the oldest first."""
    records = await pool.fetch(
        """SELECT id, contact_id, creditor FROM attempt WHERE state = 'permitted' AND answer_by < $1
            ORDER BY answer_by LIMIT $2""",
        before,
        limit,
    )
    return [Overdue(attempt=r["id"], contact=r["contact_id"], creditor=r["creditor"]) for r in records]


async def expired_contacts(pool: asyncpg.Pool, at: datetime, limit: int) -> list[Expired]:
    """Waiting contacts past their expiry. They are due as well (nobody is scheduled after his expiry)."""
    records = await pool.fetch(
        """SELECT id, creditor, state FROM contact
            WHERE waiting AND due_at <= $1 AND expires_at <= $1 LIMIT $2""",
        at,
        limit,
    )
    return [Expired(contact=r["id"], creditor=r["creditor"], state=r["state"]) for r in records]


async def joinable_receipts(pool: asyncpg.Pool, limit: int) -> list[tuple[str, str]]:
    """Receipts whose attempt has become known since: account and provider's id."""
    records = await pool.fetch(
        """SELECT DISTINCT r.account, r.provider_id FROM receipt r
             JOIN attempt a ON a.account = r.account AND a.provider_id = r.provider_id
            WHERE r.attempt_id IS NULL LIMIT $1""",
        limit,
    )
    return [(r["account"], r["provider_id"]) for r in records]


async def forget_old_keys(pool: asyncpg.Pool, at: datetime) -> int:
    """Delete idempotency keys past their time, a bounded number a call."""
    count: int = await pool.fetchval("SELECT forget_old_keys($1)", at)
    return count


async def oldest_due(pool: asyncpg.Pool, at: datetime) -> list[tuple[str, float]]:
    """For each channel how long, in seconds, the contact that is due the longest has waited."""
    records = await pool.fetch(
        """SELECT channel, extract(epoch FROM $1 - min(due_at))::float8 AS age_s FROM contact
            WHERE waiting AND due_at <= $1 GROUP BY channel""",
        at,
    )
    return [(r["channel"], r["age_s"]) for r in records]
