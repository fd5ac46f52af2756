"""How the installation stands: the policy in force, the newest seal, and what is stopped."""

from datetime import datetime

import msgspec

from gateway.store.pool import Pool


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """One look at the database; `policy` and `sealed_at` are None where there is none yet."""

    policy: bytes | None
    sealed_at: datetime | None
    stops: int


async def find_standing(pool: Pool) -> Standing:
    """Look once."""
    record = await pool.fetchrow(
        """SELECT (SELECT hash FROM policy_active) AS policy,
                  (SELECT at FROM seal ORDER BY n DESC LIMIT 1) AS sealed_at,
                  (SELECT count(*) FROM stop_active) AS stops"""
    )
    assert record is not None  # a SELECT without FROM always has one row
    return Standing(policy=record["policy"], sealed_at=record["sealed_at"], stops=record["stops"])
