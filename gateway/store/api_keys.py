"""API keys in PostgreSQL. Making and revoking them is the owner's right; serving processes may only look."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import asyncpg

from gateway.errors import StoreAway
from gateway.keys import KeyRecord, PrincipalKind
from gateway.store.faults import TRANSIENT

_COLUMNS: Final = (
    "id, secret_hash, subject, kind, creditors, actions, namespace, created_at, expires_at, revoked_at, last_used_at"
)  # fmt: skip
_FIND: Final = f"SELECT {_COLUMNS} FROM api_key WHERE id = $1"
_LIST: Final = f"SELECT {_COLUMNS} FROM api_key ORDER BY created_at, id"
_INSERT: Final = f"""
INSERT INTO api_key ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""
_REVOKE: Final = "UPDATE api_key SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL RETURNING id"


class ApiKeys:
    """The keys as a `KeyStore` for `gateway.key_ring.KeyRing`. Raises StoreAway where the database gives no answer."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def find_key(self, key_id: str) -> KeyRecord | None:
        """Return one key's record."""
        try:
            row = await self._pool.fetchrow(_FIND, key_id)
        except TRANSIENT as fault:
            raise StoreAway("api_key could not be read") from fault
        return None if row is None else _record(row)

    async def mark_used(self, key_id: str, at: datetime) -> None:
        """Note the use of a key."""
        try:
            await self._pool.execute("SELECT keys_used($1::text[], $2)", [key_id], at)
        except TRANSIENT as fault:
            raise StoreAway("api_key could not be marked as used") from fault


async def insert_key(connection: asyncpg.Connection, record: KeyRecord) -> None:
    """Store a new key as the owner. Raises asyncpg.UniqueViolationError if the id exists."""
    await connection.execute(
        _INSERT,
        record.id,
        record.secret_hash,
        record.subject,
        record.kind.value,
        list(record.creditors),
        list(record.actions),
        record.namespace,
        record.created_at,
        record.expires_at,
        record.revoked_at,
        record.last_used_at,
    )


async def list_keys(connection: asyncpg.Connection) -> Sequence[KeyRecord]:
    """Return every key, revoked ones included, oldest first."""
    return [_record(row) for row in await connection.fetch(_LIST)]


async def revoke_key(connection: asyncpg.Connection, key_id: str, at: datetime) -> bool:
    """Revoke a key as the owner; False if there is none of this id or it is revoked already."""
    return await connection.fetchval(_REVOKE, key_id, at) is not None


def _record(row: asyncpg.Record) -> KeyRecord:
    return KeyRecord(
        id=row["id"],
        secret_hash=row["secret_hash"],
        subject=row["subject"],
        kind=PrincipalKind(row["kind"]),
        creditors=tuple(row["creditors"]),
        actions=tuple(row["actions"]),
        namespace=row["namespace"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
        last_used_at=row["last_used_at"],
    )
