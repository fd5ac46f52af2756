"""Group commit: what waits is written by one statement, and a lost answer is asked for again, not written again.

A writer owns one connection and one sequence. The statement that carries sequence n is sent until the database answers;
if its commit happened but the answer was lost, the database finds n in `audit_writer` and returns the stored result.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import asyncpg
import msgspec

from gateway.errors import StoreAway, StoreBusy, StoreRefused
from gateway.store.faults import CUT_SHORT, TRANSIENT, PostgresError

Item = TypeVar("Item")

RETRY_S = 0.05  # between two tries of one statement while the database is away
# Our place in the sequence is not the database's: it was restored, or somebody else writes under our name. What we sent
# may or may not be there; the next statement begins a new epoch.
FENCED = frozenset({"FB001", "FB002"})


# The database will not have an item, or its columns and record cannot be made: a fault of the item, not of the writer.
REFUSED: tuple[type[Exception], ...] = (
    PostgresError,
    ValueError,
    TypeError,
    OverflowError,
    msgspec.MsgspecError,
)


class Stamp(msgspec.Struct, frozen=True, kw_only=True):
    """Where a statement stands in its writer's sequence; every leaf of the statement carries it."""

    writer: str
    epoch: int
    seq: int


class _Waiting(msgspec.Struct, Generic[Item], kw_only=True, eq=False):
    items: Sequence[Item]
    answer: asyncio.Future[list[int]]


class GroupWriter(Generic[Item]):
    """Writes items in the order they came, as many to a statement as wait; each caller hears its own items' codes.

    `statement` calls one function of the schema as `SELECT f($1, $2, ...)` with the stamp's three fields first;
    `columns` turns items and stamp into the rest. `give_up_s` bounds how long a caller may wait for a database that
    is away (None: for as long as the process lives, as outcomes must). At most `waiting_max` items wait; more are
    refused at once with `StoreBusy`.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[asyncpg.Connection]],
        *,
        name: str,
        statement: str,
        columns: Callable[[Sequence[Item], Stamp], Sequence[object]],
        group_max: int = 200,
        waiting_max: int = 5_000,
        give_up_s: float | None = 3.0,
    ) -> None:
        self._connect, self._name, self._statement, self._columns = connect, name, statement, columns
        self._group_max, self._waiting_max, self._give_up_s = group_max, waiting_max, give_up_s
        self._queue: deque[_Waiting[Item]] = deque()
        self._queued = 0
        self._wake = asyncio.Event()
        self._connection: asyncpg.Connection | None = None
        self._stamp: Stamp | None = None

    async def write(self, item: Item) -> int:
        """One item's code, once it is durable.

        Raises StoreBusy (too many wait), StoreAway (no answer in time: it may or may not be written),
        StoreRefused (the database will not have this item).
        """
        return (await self.write_all((item,)))[0]

    async def write_all(self, items: Sequence[Item]) -> list[int]:
        """The codes of items that belong into one statement, in order. Raises as `write`."""
        if self._queued + len(items) > self._waiting_max:
            raise StoreBusy(self._name)
        answer: asyncio.Future[list[int]] = asyncio.get_running_loop().create_future()
        self._queue.append(_Waiting(items=items, answer=answer))
        self._queued += len(items)
        self._wake.set()
        return await answer

    async def run(self) -> None:
        """Write until cancelled; what waits then is told that the store is away."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._queue:
                    group = self._take()
                    try:
                        await self._write_group(group)
                    finally:
                        _fail(
                            group, StoreAway(self._name)
                        )  # whoever has no answer yet: it may have been written
        finally:
            for waiting in self._queue:
                _fail([waiting], StoreAway(self._name))
            if self._connection is not None:
                self._connection.terminate()

    def _take(self) -> list[_Waiting[Item]]:
        group, size = [self._queue.popleft()], 0
        size = len(group[0].items)
        while self._queue and size + len(self._queue[0].items) <= self._group_max:
            group.append(self._queue.popleft())
            size += len(group[-1].items)
        self._queued -= size
        return group

    async def _write_group(self, group: list[_Waiting[Item]]) -> None:
        group = [waiting for waiting in group if not waiting.answer.done()]
        if not group:
            return
        try:
            codes = await self._statement_until_answered([item for w in group for item in w.items])
        except StoreAway as away:
            _fail(group, away)
        except REFUSED as fault:
            if len(group) == 1:
                _fail(
                    group, StoreRefused(self._name, getattr(fault, "sqlstate", None) or type(fault).__name__)
                )
                return
            for waiting in group:  # one bad item must not take its neighbours down: each goes alone
                await self._write_group([waiting])
        else:
            at = 0
            for waiting in group:
                if not waiting.answer.done():
                    waiting.answer.set_result(codes[at : at + len(waiting.items)])
                at += len(waiting.items)

    async def _statement_until_answered(self, items: Sequence[Item]) -> list[int]:
        loop = asyncio.get_running_loop()
        deadline = None if self._give_up_s is None else loop.time() + self._give_up_s
        arguments: Sequence[object] | None = None
        sent = None
        while True:
            try:
                connection = await self._ready()
                if self._stamp != sent:  # a new epoch: nothing of an earlier one can still be in flight
                    sent, arguments = self._stamp, None
                assert self._stamp is not None
                if arguments is None:
                    arguments = self._columns(items, self._stamp)
                stamp = self._stamp
                codes: list[int] = await connection.fetchval(
                    self._statement, stamp.writer, stamp.epoch, stamp.seq, *arguments
                )
            except ValueError:
                raise  # asyncpg's own DataError is one, and an InterfaceError too; sent again it would block us
            except TRANSIENT as fault:
                await self._lost(fault)
                if deadline is not None and loop.time() > deadline:
                    self._stamp = None  # this sequence may be taken: never put other items under it
                    raise StoreAway(self._name) from fault
                await asyncio.sleep(RETRY_S)
            except PostgresError as fault:
                if getattr(fault, "sqlstate", None) in FENCED:
                    self._stamp = None
                    raise StoreAway(self._name) from fault
                raise
            else:
                self._stamp = Stamp(writer=stamp.writer, epoch=stamp.epoch, seq=stamp.seq + 1)
                return codes

    async def _ready(self) -> asyncpg.Connection:
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._connect()
        if self._stamp is None:
            epoch = await self._connection.fetchval("SELECT audit_open_writer($1)", self._name)
            self._stamp = Stamp(writer=self._name, epoch=epoch, seq=1)
        return self._connection

    async def _lost(self, fault: Exception) -> None:
        """Keep a connection whose statement was merely cut short; drop one that may be in any state."""
        if self._connection is not None and not isinstance(fault, CUT_SHORT):
            self._connection.terminate()
            self._connection = None


def _fail(group: Sequence[_Waiting[Item]], fault: Exception) -> None:
    for waiting in group:
        if not waiting.answer.done():
            waiting.answer.set_exception(fault)
