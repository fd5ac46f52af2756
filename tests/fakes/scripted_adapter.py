"""An adapter that keeps the promise of `channels.base.Adapter` and does what the test says."""

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import count

from channels.base import Account, Lease, Message, NotSent, Outcome, Submitted

Act = Callable[[Message], Awaitable[None]]


async def nothing(_message: Message) -> None:
    """Do nothing."""


class ScriptedAdapter:
    """Takes messages; `sent` are those that passed the point of no return, in order.

    `outcomes` are answered in turn, and `Submitted` when there are none left; an exception among them is raised.
    `before` runs between permit and point of no return, `after` between that and the answer.
    """

    point_of_no_return = "the append to `sent`"
    answer_deadline_s = 3.0

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.outcomes: deque[Outcome | Exception] = deque()
        self.before: Act = nothing
        self.after: Act = nothing
        self._ids = count(1)

    async def send(self, message: Message, lease: Lease) -> Outcome:
        await self.before(message)
        planned = self.outcomes.popleft() if self.outcomes else None
        if isinstance(planned, NotSent):
            return planned
        if not lease.live():
            return NotSent(reason="lease-over")
        self.sent.append(message)
        await self.after(message)
        if isinstance(planned, Exception):
            raise planned
        return planned or Submitted(provider_id=f"p-{next(self._ids)}")

    @asynccontextmanager
    async def open(self, _account: Account) -> AsyncIterator["ScriptedAdapter"]:
        """The factory that wiring asks for."""
        yield self
