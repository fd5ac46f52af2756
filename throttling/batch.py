"""Script calls that wait while another pipeline is in flight share the next one: fewer round trips, no added wait."""

import asyncio
from collections.abc import Sequence
from hashlib import sha1
from importlib.resources import files
from typing import Any, Protocol

import msgspec

# Past this a pipeline's answer takes longer than the calls behind it should wait.
BATCH_MAX = 256


class Script(msgspec.Struct, frozen=True):
    """A Lua script and the name the server knows it by."""

    text: str
    digest: str


def read_script(name: str) -> Script:
    """Read a script that lies beside this module."""
    text = files("throttling").joinpath(name).read_text("utf-8")
    return Script(text, sha1(text.encode(), usedforsecurity=False).hexdigest())


class Client(Protocol):
    """What is asked of a redis.asyncio client (single, Sentinel or Cluster; answers as bytes)."""

    def pipeline(self, transaction: Any = ...) -> Any: ...
    def script_load(self, script: str) -> Any: ...


class BrokenError(Exception):
    """The server refused, did not answer in time, or is not there."""


class Batch:
    """Sends calls in pipelines, at most one in flight. One for each event loop and client."""

    def __init__(
        self,
        client: Client,
        *,
        timeout_s: float,
        broken: tuple[type[Exception], ...],
        no_script: type[Exception],
    ) -> None:
        self._client = client
        self._timeout_s = timeout_s
        self._broken: tuple[type[Exception], ...] = (*broken, TimeoutError, OSError)
        self._no_script = no_script
        self._waiting: list[_Call] = []
        self._flusher: asyncio.Task[None] | None = None

    def call(self, script: Script, key: str, *arguments: bytes | str | float) -> asyncio.Future[Any]:
        """Run a script on one key; the answer arrives, or BrokenError is raised, within two timeouts."""
        call = _Call(script, key, arguments)
        self._waiting.append(call)
        if self._flusher is None:
            self._flusher = asyncio.create_task(self._flush(), name="redis-batch")
        return call.answer

    async def _flush(self) -> None:
        calls: list[_Call] = []
        try:
            while self._waiting:
                calls, self._waiting = self._waiting[:BATCH_MAX], self._waiting[BATCH_MAX:]
                await self._send(calls)
        finally:
            # Also when this task is cancelled: nobody may wait for an answer that cannot come.
            self._flusher = None
            for call in (*calls, *self._waiting):
                call.fail(BrokenError("the connection was closed"))
            self._waiting = []

    async def _send(self, calls: Sequence["_Call"]) -> None:
        try:
            answers = await self._execute(calls)
            unknown = [
                call
                for call, answer in zip(calls, answers, strict=True)
                if isinstance(answer, self._no_script)
            ]
            if unknown:
                # The server was restarted or emptied. Scripts that it does not know did nothing; the others did.
                await self._load({call.script for call in unknown})
                again = dict(zip(unknown, await self._execute(unknown), strict=True))
                answers = [again.get(call, answer) for call, answer in zip(calls, answers, strict=True)]
        except self._broken as error:
            for call in calls:
                call.fail(BrokenError(type(error).__name__))
            return
        for call, answer in zip(calls, answers, strict=True):
            if isinstance(answer, Exception):
                call.fail(BrokenError(type(answer).__name__))
            elif not call.answer.done():
                call.answer.set_result(answer)

    async def _execute(self, calls: Sequence["_Call"]) -> list[object]:
        pipeline = self._client.pipeline(transaction=False)
        for call in calls:
            pipeline.execute_command("EVALSHA", call.script.digest, 1, call.key, *call.arguments)
        async with asyncio.timeout(self._timeout_s):
            answers: list[object] = await pipeline.execute(raise_on_error=False)
        return answers

    async def _load(self, scripts: set[Script]) -> None:
        async with asyncio.timeout(self._timeout_s):
            for script in scripts:
                await self._client.script_load(script.text)


class _Call:
    """One call, and the future its caller waits for."""

    def __init__(self, script: Script, key: str, arguments: tuple[bytes | str | float, ...]) -> None:
        self.script = script
        self.key = key
        self.arguments = arguments
        self.answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def fail(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)
            # Marks it as seen: a caller that waits for several answers raises the first and leaves the rest.
            self.answer.exception()
