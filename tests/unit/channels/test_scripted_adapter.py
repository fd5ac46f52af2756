"""The adapter that the gateway's tests script keeps the promise of every adapter, so that they test the real thing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from channels.base import (
    Account,
    Adapter,
    ChannelName,
    Message,
    NotSent,
    Outcome,
    RefusalKind,
    Refused,
    SmsContent,
    Unknown,
)
from channels.conformance import CHECKS, Check, Play
from tests.fakes.scripted_adapter import ScriptedAdapter

PLAYS: dict[Play, Outcome] = {
    Play.REFUSE_FOR_EVER: Refused(kind=RefusalKind.PERMANENT, code="c"),
    Play.REFUSE_FOR_NOW: Refused(kind=RefusalKind.TRANSIENT, code="c"),
    Play.LOSE_ANSWER: Unknown(reason="answer-lost"),
    Play.GARBAGE: Unknown(reason="answer-unreadable"),
    Play.SILENT: Unknown(reason="no-answer"),
    Play.DOWN: NotSent(reason="refused"),
}
ACCOUNT = Account(
    name="a",
    provider="scripted",
    channels=frozenset(ChannelName),
    settings={},
    secrets={},
    rate_per_s=1.0,
    burst=1,
    concurrency=1,
)


class Rig:
    """The scripted adapter, made to play what a provider would."""

    def __init__(self) -> None:
        self.adapter = ScriptedAdapter()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Adapter]:
        async with self.adapter.open(ACCOUNT) as adapter:
            yield adapter

    async def play(self, play: Play) -> None:
        self.adapter.outcomes.clear()
        if play in PLAYS:
            self.adapter.outcomes.append(PLAYS[play])
        await asyncio.sleep(0)

    def message(self, attempt_id: str) -> Message:
        return Message(
            attempt_id=attempt_id,
            channel=ChannelName.SMS,
            destination="+12025550143",
            sender="+12025550100",
            content=SmsContent(text="Reply STOP to opt out"),
            locale="en-US",
        )

    def submissions(self, attempt_id: str) -> int:
        return sum(message.attempt_id == attempt_id for message in self.adapter.sent)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_the_scripted_adapter_keeps_the_promise(check: Check) -> None:
    """Every check of the kit holds for the adapter that stands for a provider in the gateway's tests."""
    assert await check(Rig()) == []
