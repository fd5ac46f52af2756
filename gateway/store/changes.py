"""A creditor's audit log from one place on, with the references by which callers know their contacts."""

from collections.abc import Sequence

import msgspec

from gateway.store.pool import Pool


class StoredChange(msgspec.Struct, frozen=True, kw_only=True):
    """One record: its place in the log, its bytes, and the contact's reference where it has one."""

    index: int
    body: bytes
    reference: str | None


async def find_changes(
    pool: Pool, log_id: int, start: int, kinds: Sequence[str], limit: int
) -> list[StoredChange]:
    """Records of these kinds from this place on, in the log's order."""
    records = await pool.fetch(
        """SELECT r.idx, r.body, c.reference FROM audit_record r LEFT JOIN contact c ON c.id = r.contact
            WHERE r.log_id = $1 AND r.idx >= $2 AND r.kind = ANY ($3) ORDER BY r.idx LIMIT $4""",
        log_id,
        start,
        kinds,
        limit,
    )
    return [StoredChange(index=r["idx"], body=r["body"], reference=r["reference"]) for r in records]
