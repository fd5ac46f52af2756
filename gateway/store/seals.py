"""The sealer's view of the database: it reads heads and raw records, writes seals, and may stop sending."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import msgspec

from audit.seal_values import Head, Reading, Seal, Sealed, Span
from gateway.errors import StoreAway, StoreRefused
from gateway.store.faults import AWAY

CONNECT_TIMEOUT_S = 5.0
COMMAND_TIMEOUT_S = 40.0  # longer than the role's statement_timeout, so that PostgreSQL ends it and says so
SEALS_PER_PAGE = 10_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class StoredSeal(msgspec.Struct, frozen=True, kw_only=True):
    """A seal as the database has it."""

    n: int
    ts: int
    body: bytes
    checkpoint: str


class SealStore:
    """One connection of the sealer's role. Raises StoreAway for a database that does not answer."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def heads(self) -> list[Head]:
        """Every log with its head. Records below a head's size are visible from now on: both commit together."""
        rows = await self._fetch(
            "SELECT l.id, l.name, h.size, h.peaks FROM audit_log l JOIN audit_head h ON h.log_id = l.id ORDER BY l.id"
        )
        return [Head(log=row[0], name=row[1], size=row[2], peaks=row[3]) for row in rows]

    async def read(self, span: Span) -> Reading:
        """The records of a span, as raw bytes, in order of index."""
        if span.first == span.upto:
            return Reading(span=span, records=())
        rows = await self._fetch(
            "SELECT idx, body FROM audit_record WHERE log_id = $1 AND idx >= $2 AND idx < $3 ORDER BY idx",
            span.head.log,
            span.first,
            span.upto,
        )
        return Reading(span=span, records=[(row[0], row[1]) for row in rows])

    async def last_seal(self) -> StoredSeal | None:
        """The newest seal in the database."""
        rows = await self._fetch("SELECT n, at, body, checkpoint FROM seal ORDER BY n DESC LIMIT 1")
        return _stored(rows[0]) if rows else None

    async def seal_bodies(self) -> AsyncIterator[tuple[int, list[bytes]]]:
        """All seals' leaves from the first on, in pages of (number of the first, bodies)."""
        start = 0
        while rows := await self._fetch(
            "SELECT n, body FROM seal WHERE n >= $1 ORDER BY n LIMIT $2", start, SEALS_PER_PAGE
        ):
            yield rows[0][0], [row[1] for row in rows]
            start = rows[-1][0] + 1

    async def sealed_heads(self) -> dict[int, tuple[str, Sealed]]:
        """What the newest seal says of each log: the last word on it in any seal."""
        rows = await self._fetch(
            """SELECT DISTINCT ON (l.id) l.id, l.name, (h.value ->> 0)::bigint, h.value ->> 1
               FROM seal s CROSS JOIN jsonb_each(s.heads) h JOIN audit_log l ON l.id = h.key::int
               ORDER BY l.id, s.n DESC"""
        )
        return {row[0]: (row[1], Sealed(size=row[2], root=bytes.fromhex(row[3]))) for row in rows}

    async def write(self, seal: Seal) -> bool:
        """Write a seal; False when another one has its number already."""
        rows = await self._fetch(
            """INSERT INTO seal (n, at, checkpoint, heads, body) VALUES ($1, $2, $3, $4, $5)
               ON CONFLICT (n) DO NOTHING RETURNING n""",
            seal.n,
            EPOCH + timedelta(microseconds=seal.ts),
            seal.checkpoint,
            msgspec.json.encode(seal.heads).decode(),
            seal.body,
        )
        return bool(rows)

    async def stop_sending(self, flag: UUID, reason: str) -> None:
        """Set the stop flag for everything; harmless when it is set."""
        await self._fetch("SELECT stop_set($1, 'all', NULL, $2, 'sealer')", flag, reason)

    async def _fetch(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        try:
            rows: list[asyncpg.Record] = await self._connection.fetch(query, *arguments)
        except (asyncpg.InsufficientPrivilegeError, asyncpg.UndefinedTableError, asyncpg.DataError) as error:
            raise StoreRefused("sealer", error.sqlstate) from error
        except AWAY as error:
            raise StoreAway("the sealer's database does not answer") from error
        return rows


@asynccontextmanager
async def open_seal_store(dsn: str) -> AsyncIterator[SealStore]:
    """A connection of its own for the sealer. Raises StoreAway when there is none to be had."""
    try:
        connection = await asyncpg.connect(dsn, timeout=CONNECT_TIMEOUT_S, command_timeout=COMMAND_TIMEOUT_S)
    except AWAY as error:
        raise StoreAway("the sealer's database cannot be reached") from error
    try:
        yield SealStore(connection)
    finally:
        await _close(connection)


async def _close(connection: asyncpg.Connection) -> None:
    try:
        await connection.close(timeout=CONNECT_TIMEOUT_S)
    except AWAY:
        connection.terminate()


def _stored(row: asyncpg.Record) -> StoredSeal:
    return StoredSeal(
        n=row[0], ts=(row[1] - EPOCH) // timedelta(microseconds=1), body=row[2], checkpoint=row[3]
    )
