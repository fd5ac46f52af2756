"""An audit writer of one statement, for commands: they act as the owner, once, and no process could repeat them."""

from datetime import datetime
from typing import Final
from uuid import UUID

from audit.record import EPOCH, MICROSECOND
from gateway.store.pool import Connection

SYSTEM_LOG: Final = 0
FIRST_STATEMENT: Final = 1
WRITE: Final = (
    "SELECT audit_write($1::int[], $2::timestamptz[], $3::text[], $4::uuid[], $5::bytea[], $6, $7, $8)"
)


class SingleWriter:
    """Writes one record of the system's log inside the caller's transaction. `open_single_writer` makes it."""

    def __init__(self, connection: Connection, name: str, epoch: int, at: datetime) -> None:
        self._connection, self._at = connection, at
        self.name, self.epoch = name, epoch
        self.ts = (at - EPOCH) // MICROSECOND

    async def write(self, kind: str, body: bytes) -> None:
        """Write the record, whose body names this writer, its epoch and statement 1."""
        place = ([SYSTEM_LOG], [self._at], [kind], [None], [body])
        await self._connection.execute(WRITE, *place, self.name, self.epoch, FIRST_STATEMENT)


async def open_single_writer(connection: Connection, identifier: UUID, at: datetime) -> SingleWriter:
    """A writer under a name that nobody had before."""
    name = f"keys-{identifier}"
    epoch = await connection.fetchval("SELECT audit_open_writer($1)", name)
    return SingleWriter(connection, name, epoch, at)
