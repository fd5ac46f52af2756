"""Gathered reads: callers that ask at the same time share one query, as group commit shares one write."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import asyncpg

from gateway.errors import StoreAway
from gateway.store.faults import AWAY

Key = TypeVar("Key")
Row = TypeVar("Row")


class GatheredReader(Generic[Key, Row]):
    """Answers each key with its row; keys that wait while a query runs go into the next one together.

    `query` takes the columns that `columns` makes of the keys and returns exactly one record a key, in order;
    `row` parses a record. At most `group_max` keys a query.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        *,
        query: str,
        columns: Callable[[Sequence[Key]], Sequence[object]],
        row: Callable[[asyncpg.Record], Row],
        group_max: int = 200,
    ) -> None:
        self._pool, self._query, self._columns, self._row = pool, query, columns, row
        self._group_max = group_max
        self._waiting: deque[tuple[Key, asyncio.Future[Row]]] = deque()
        self._task: asyncio.Task[None] | None = None

    async def read(self, key: Key) -> Row:
        """The row of one key. Raises StoreAway where the database gives no answer."""
        answer: asyncio.Future[Row] = asyncio.get_running_loop().create_future()
        self._waiting.append((key, answer))
        if self._task is None:
            self._task = asyncio.create_task(self._drain())
        return await answer

    async def _drain(self) -> None:
        try:
            while self._waiting:
                await asyncio.sleep(0)  # let everyone who is ready in this turn of the loop come along
                size = min(self._group_max, len(self._waiting))
                group = [self._waiting.popleft() for _ in range(size)]
                try:
                    await self._answer(group)
                finally:  # a row that cannot be read, or a process that closes: nobody is left waiting
                    _fail(group, "no answer")
        finally:
            self._task = None

    async def _answer(self, group: Sequence[tuple[Key, asyncio.Future[Row]]]) -> None:
        try:
            records = await self._pool.fetch(self._query, *self._columns([key for key, _ in group]))
        except AWAY as fault:
            _fail(group, type(fault).__name__)
            return
        for (_, answer), record in zip(group, records, strict=True):
            if not answer.done():
                answer.set_result(self._row(record))


def _fail(group: Sequence[tuple[object, asyncio.Future[Row]]], reason: str) -> None:
    for _, answer in group:
        if not answer.done():
            answer.set_exception(StoreAway(reason))
