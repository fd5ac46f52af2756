"""Receipts and the attempts they may belong to."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import asyncpg
import msgspec

from channels.base import Receipt, ReceiptStatus

# Two joins, not one with OR, which would look at every attempt of the account for every receipt.
MATCHES: Final = """
WITH told AS (
  SELECT * FROM unnest($1::text[], $2::text[], $3::uuid[], $4::text[]) AS u (account, event_id, attempt, provider_id))
SELECT m.account, m.event_id, m.id, m.attempt_state, m.contact_id, m.creditor, c.state
  FROM (SELECT u.account, u.event_id, a.id, a.state AS attempt_state, a.contact_id, a.creditor
          FROM told u JOIN attempt a ON a.id = u.attempt AND a.account = u.account
         UNION ALL
        SELECT u.account, u.event_id, a.id, a.state, a.contact_id, a.creditor
          FROM told u
          JOIN attempt a ON u.attempt IS NULL AND a.account = u.account AND a.provider_id = u.provider_id) AS m
  JOIN contact c ON c.id = m.contact_id"""


class Matched(msgspec.Struct, frozen=True, kw_only=True):
    """The attempt that a receipt tells of; `state` is its contact's, `attempt_state` its own."""

    attempt: UUID
    attempt_state: str
    contact: UUID
    creditor: str
    state: str


async def match_attempts(pool: asyncpg.Pool, receipts: Sequence[Receipt]) -> dict[tuple[str, str], Matched]:
    """The attempts by (account, event id). Our own id counts first; both must be of the account that reports."""
    records = await pool.fetch(
        MATCHES,
        [receipt.account for receipt in receipts],
        [receipt.event_id for receipt in receipts],
        [_uuid(receipt.attempt_id) for receipt in receipts],
        [receipt.provider_id for receipt in receipts],
    )
    return {
        (record["account"], record["event_id"]): Matched(
            attempt=record["id"],
            attempt_state=record["attempt_state"],
            contact=record["contact_id"],
            creditor=record["creditor"],
            state=record["state"],
        )
        for record in records
    }


async def unmatched_receipts(pool: asyncpg.Pool, account: str, provider_id: str) -> list[Receipt]:
    """Receipts that came before anybody knew whose they are."""
    records = await pool.fetch(
        """SELECT account, event_id, provider_id, status, code, at FROM receipt
            WHERE account = $1 AND provider_id = $2 AND attempt_id IS NULL ORDER BY at""",
        account,
        provider_id,
    )
    return [
        Receipt(
            account=record["account"],
            provider_id=record["provider_id"],
            attempt_id=None,
            status=ReceiptStatus(record["status"]),
            code=record["code"],
            at=record["at"],
            words="",
            event_id=record["event_id"],
        )
        for record in records
    ]


def _uuid(text: str | None) -> UUID | None:
    """Our id as the provider echoed it; anything else names no attempt of ours."""
    if text is None:
        return None
    try:
        return UUID(text)
    except ValueError:
        return None
