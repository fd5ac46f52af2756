"""The conformance kit itself: an adapter that breaks its promise in one way is found out."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from channels.base import Adapter, Lease, Message, NotSent, Outcome, RefusalKind, Refused, Submitted, Unknown
from channels.conformance import (
    CHECKS,
    Check,
    Play,
    accepts,
    distrusts_garbage,
    gives_up_waiting,
    heeds_the_lease,
    knows_a_lost_answer,
    knows_that_nothing_left,
    recovers,
    refuses_for_ever,
    refuses_for_now,
    serves_a_crowd,
    tells_of_itself,
)
from tests.sandbox_rig import message

HONEST: dict[Play, Outcome] = {
    Play.REFUSE_FOR_EVER: Refused(kind=RefusalKind.PERMANENT, code="no"),
    Play.REFUSE_FOR_NOW: Refused(kind=RefusalKind.TRANSIENT, code="later"),
    Play.LOSE_ANSWER: Unknown(reason="cut"),
    Play.GARBAGE: Unknown(reason="garbage"),
    Play.SILENT: Unknown(reason="silence"),
    Play.DOWN: NotSent(reason="nobody there"),
}
REACHES = {Play.ACCEPT, Play.LOSE_ANSWER, Play.GARBAGE, Play.SILENT}


class PlainAdapter:
    """An adapter of a few lines, honest unless told to lie about one play."""

    point_of_no_return = "the count of the message"
    answer_deadline_s = 0.01

    def __init__(self, lies: dict[Play, Outcome], *, twice: bool, heedless: bool) -> None:
        self.lies = lies
        self.twice = twice
        self.heedless = heedless
        self.play = Play.ACCEPT
        self.taken: Counter[str] = Counter()

    async def send(self, message: Message, lease: Lease) -> Outcome:
        if not lease.live() and not self.heedless:
            return NotSent(reason="lapsed")
        if self.play in REACHES:
            self.taken[message.attempt_id] += 2 if self.twice else 1
        if self.play in self.lies:
            return self.lies[self.play]
        return HONEST.get(self.play, Submitted(provider_id=f"p-{message.attempt_id}"))


class PlainRig:
    def __init__(
        self, lies: dict[Play, Outcome] | None = None, *, twice: bool = False, heedless: bool = False
    ) -> None:
        self.adapter = PlainAdapter(lies or {}, twice=twice, heedless=heedless)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Adapter]:
        yield self.adapter

    async def play(self, play: Play) -> None:
        self.adapter.play = play

    def message(self, attempt_id: str) -> Message:
        return message(1, "+12025550114", attempt_id=attempt_id)

    def submissions(self, attempt_id: str) -> int:
        return self.adapter.taken[attempt_id]


FAILED = Refused(kind=RefusalKind.TRANSIENT, code="x")


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_an_honest_adapter_passes(check: Check):
    """The kit asks nothing that a plain, honest adapter does not give."""
    assert await check(PlainRig()) == []


@pytest.mark.parametrize(
    ("rig", "check"),
    [
        (PlainRig({Play.ACCEPT: Submitted(provider_id="")}), accepts),
        (PlainRig(twice=True), accepts),
        (PlainRig({Play.REFUSE_FOR_EVER: FAILED}), refuses_for_ever),
        (PlainRig({Play.REFUSE_FOR_NOW: Unknown(reason="?")}), refuses_for_now),
        (PlainRig(heedless=True), heeds_the_lease),
        (PlainRig({Play.LOSE_ANSWER: FAILED}), knows_a_lost_answer),
        (PlainRig({Play.GARBAGE: Submitted(provider_id="guess")}), distrusts_garbage),
        (PlainRig({Play.SILENT: NotSent(reason="time-out")}), gives_up_waiting),
        (PlainRig({Play.DOWN: Unknown(reason="?")}), knows_that_nothing_left),
        (PlainRig({Play.ACCEPT: FAILED}), recovers),
        (PlainRig({Play.ACCEPT: Submitted(provider_id="same")}), serves_a_crowd),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
async def test_each_broken_promise_is_found(rig: PlainRig, check: Check):
    """For each check there is a lie that only it can tell: a time-out called unsent, garbage called success."""
    assert await check(rig) != []


async def test_an_adapter_must_name_its_point_of_no_return():
    """An adapter that cannot say when a message is out of its hands is not finished."""
    rig = PlainRig()
    rig.adapter.point_of_no_return = ""
    assert await tells_of_itself(rig) == ["`point_of_no_return` says nothing"]
