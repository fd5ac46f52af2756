"""What an opt-out asks the journal: which contact a reply answers, and whether a permit it forbids is still live."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg
import msgspec

from gateway.store.facts import wrapped_key
from gateway.vault import WrappedKey


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """The contact that a reply most likely answers."""

    contact: UUID
    creditor: str
    address: bytes
    subject: UUID
    wrapped: WrappedKey | None


async def answered_contact(
    pool: asyncpg.Pool, address: bytes, account: str, attempt: UUID | None
) -> Answered | None:
    """The contact of the attempt that the provider names, if it is this account's, or the newest to this address."""
    record = await pool.fetchrow(
        """SELECT c.id, c.creditor, a.address, b.subject, k.version AS k_version, k.wrapped
             FROM attempt a JOIN contact c ON c.id = a.contact_id JOIN borrower b ON b.id = a.borrower_id
             LEFT JOIN borrower_key k ON k.creditor = c.creditor AND k.borrower_id = b.id
            WHERE a.address = $1 OR (a.id = $2 AND a.account = $3)
            ORDER BY (a.id = $2 AND a.account = $3) DESC NULLS LAST, a.id DESC LIMIT 1""",
        address,
        attempt,
        account,
    )
    if record is None:
        return None
    return Answered(
        contact=record["id"],
        creditor=record["creditor"],
        address=record["address"],
        subject=record["subject"],
        wrapped=wrapped_key(record),
    )


async def live_permits(
    pool: asyncpg.Pool, *, addresses: Sequence[bytes] = (), borrower: bytes | None = None
) -> int:
    """How many permits may still be used: towards these addresses, or (none given) towards the borrower at any.

    By the database's clock, and a second longer than the lease says: the sender's clock may differ by that much and
    still be given permits (`gateway.runtime.SKEW_MAX`). An attempt that was called unknown while its lease runs (its
    sender was cancelled, or a sweep's clock ran ahead) may leave as long as the lease does.
    """
    count: int = await pool.fetchval(
        """SELECT count(*) FROM attempt a
            WHERE a.state IN ('permitted', 'unknown') AND a.not_after > clock_timestamp() - interval '1 second'
              AND a.answer_by > clock_timestamp() - interval '1 second'
              AND (cardinality($1::bytea[]) = 0 OR a.address = ANY ($1))
              AND ($2::bytea IS NULL OR a.borrower_id = (SELECT id FROM borrower WHERE token = $2))""",
        addresses,
        borrower,
    )
    return count
