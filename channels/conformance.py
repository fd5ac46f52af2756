"""What every adapter must do, as checks to run against it: the promise of `channels.base.Adapter`, tried out.

An adapter's tests give a `Rig`, a scripted counterpart that speaks the provider's protocol on loopback, and run
every check of `CHECKS` with it. A check returns the faults found, none when the adapter keeps its promise.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from enum import StrEnum, unique
from typing import Protocol

from channels.base import Adapter, Message, NotSent, Outcome, RefusalKind, Refused, Submitted, Unknown

CROWD = 25
QUESTIONS_MAX = 6
"""An adapter may ask its lease early as well; more often than this would be waste."""
GRACE_S = 2.0
"""What a busy machine may add to the deadline."""


@unique
class Play(StrEnum):
    """How the counterpart behaves from now on."""

    ACCEPT = "accept"
    REFUSE_FOR_EVER = "refuse for ever"
    REFUSE_FOR_NOW = "refuse for now"
    LOSE_ANSWER = "take the message, then break the connection"
    GARBAGE = "take the message, then answer with success and nonsense"
    SILENT = "take the message and never answer"
    DOWN = "nothing listens"


class Rig(Protocol):
    """A scripted counterpart and the adapter under test, opened against it with a deadline of about a second."""

    def open(self) -> AbstractAsyncContextManager[Adapter]:
        """Start the counterpart, playing `ACCEPT`, and open the adapter."""
        ...

    async def play(self, play: Play) -> None:
        """Behave so from the next message on."""
        ...

    def message(self, attempt_id: str) -> Message:
        """A message that the counterpart takes when it plays `ACCEPT`."""
        ...

    def submissions(self, attempt_id: str) -> int:
        """How many whole submissions of this attempt reached the counterpart."""
        ...


class CountedLease:
    """A lease that is live for the first `lives` questions and dead afterwards."""

    def __init__(self, lives: int) -> None:
        self._lives = lives

    def live(self) -> bool:
        """Answer, and count the question."""
        self._lives -= 1
        return self._lives >= 0


class _LiveLease:
    def live(self) -> bool:
        return True


Check = Callable[[Rig], Awaitable[list[str]]]


async def accepts(rig: Rig) -> list[str]:
    """A message that the provider takes is `Submitted` with the provider's id, and was submitted once."""
    async with rig.open() as adapter:
        outcome = await _send(rig, adapter, "a1")
        faults = _unless(isinstance(outcome, Submitted) and outcome.provider_id != "", outcome)
        return faults + _counted(rig, "a1", 1)


async def refuses_for_ever(rig: Rig) -> list[str]:
    """A permanent refusal is `Refused(permanent)` with the provider's code."""
    return await _refused(rig, Play.REFUSE_FOR_EVER, RefusalKind.PERMANENT)


async def refuses_for_now(rig: Rig) -> list[str]:
    """A transient refusal is `Refused(transient)` with the provider's code."""
    return await _refused(rig, Play.REFUSE_FOR_NOW, RefusalKind.TRANSIENT)


async def heeds_the_lease(rig: Rig) -> list[str]:
    """Whenever the lease dies, the message is either submitted once or provably not at all."""
    faults: list[str] = []
    async with rig.open() as adapter:
        for lives in range(QUESTIONS_MAX + 1):
            attempt = f"lease-{lives}"
            outcome = await adapter.send(rig.message(attempt), CountedLease(lives))
            if lives == 0:
                faults += _unless(isinstance(outcome, NotSent), outcome)
            if lives == QUESTIONS_MAX:
                faults += _unless(isinstance(outcome, Submitted), outcome)
            faults += _unless(isinstance(outcome, NotSent | Submitted), outcome)
            faults += _counted(rig, attempt, 1 if isinstance(outcome, Submitted) else 0)
    return faults


async def knows_a_lost_answer(rig: Rig) -> list[str]:
    """A connection that breaks after the message was taken leaves `Unknown`, never a second submission."""
    return await _unknown(rig, Play.LOSE_ANSWER)


async def distrusts_garbage(rig: Rig) -> list[str]:
    """An answer of success that cannot be read leaves `Unknown`: the message may have gone out."""
    return await _unknown(rig, Play.GARBAGE)


async def gives_up_waiting(rig: Rig) -> list[str]:
    """A provider that never answers leaves `Unknown` when `answer_deadline_s` has passed, not much later."""
    async with rig.open() as adapter:
        await rig.play(Play.SILENT)
        try:
            async with asyncio.timeout(adapter.answer_deadline_s + GRACE_S):
                outcome = await _send(rig, adapter, "a1")
        except TimeoutError:
            return [f"no outcome {GRACE_S} s after the answer's deadline"]
        return _unless(isinstance(outcome, Unknown), outcome) + _counted(rig, "a1", 1)


async def knows_that_nothing_left(rig: Rig) -> list[str]:
    """When nothing listens, nothing was sent."""
    async with rig.open() as adapter:
        await rig.play(Play.DOWN)
        outcome = await _send(rig, adapter, "a1")
        return _unless(isinstance(outcome, NotSent), outcome) + _counted(rig, "a1", 0)


async def recovers(rig: Rig) -> list[str]:
    """After every trouble the next message goes out as if nothing had been."""
    faults: list[str] = []
    async with rig.open() as adapter:
        for number, play in enumerate(Play):
            await rig.play(play)
            await _send(rig, adapter, f"trouble-{number}")
            await rig.play(Play.ACCEPT)
            outcome = await _send(rig, adapter, f"after-{number}")
            if not isinstance(outcome, Submitted):
                faults.append(f"after `{play.value}`: {outcome}")
            faults += _counted(rig, f"after-{number}", 1)
    return faults


async def serves_a_crowd(rig: Rig) -> list[str]:
    """Messages sent at the same time get their own outcomes, and the dead lease of one harms no other."""
    async with rig.open() as adapter:
        attempts = [f"crowd-{number}" for number in range(CROWD)]
        leases = [CountedLease(0) if number % 5 == 0 else _LiveLease() for number in range(CROWD)]
        outcomes = await asyncio.gather(
            *(adapter.send(rig.message(a), lease) for a, lease in zip(attempts, leases, strict=True))
        )
    faults: list[str] = []
    for number, (attempt, outcome) in enumerate(zip(attempts, outcomes, strict=True)):
        dead = number % 5 == 0
        faults += _unless(isinstance(outcome, NotSent if dead else Submitted), outcome)
        faults += _counted(rig, attempt, 0 if dead else 1)
    ids = [outcome.provider_id for outcome in outcomes if isinstance(outcome, Submitted)]
    return faults + ([] if len(set(ids)) == len(ids) else ["two messages have one provider id"])


async def tells_of_itself(rig: Rig) -> list[str]:
    """The adapter names its point of no return, and a deadline."""
    async with rig.open() as adapter:
        faults = [] if len(adapter.point_of_no_return) > 10 else ["`point_of_no_return` says nothing"]  # noqa: PLR2004
        return faults + ([] if adapter.answer_deadline_s > 0 else ["`answer_deadline_s` is not positive"])


CHECKS: tuple[Check, ...] = (
    accepts,
    refuses_for_ever,
    refuses_for_now,
    heeds_the_lease,
    knows_a_lost_answer,
    distrusts_garbage,
    gives_up_waiting,
    knows_that_nothing_left,
    recovers,
    serves_a_crowd,
    tells_of_itself,
)


async def _send(rig: Rig, adapter: Adapter, attempt_id: str) -> Outcome:
    return await adapter.send(rig.message(attempt_id), _LiveLease())


async def _refused(rig: Rig, play: Play, kind: RefusalKind) -> list[str]:
    async with rig.open() as adapter:
        await rig.play(play)
        outcome = await _send(rig, adapter, "a1")
        return _unless(isinstance(outcome, Refused) and outcome.kind is kind and outcome.code != "", outcome)


async def _unknown(rig: Rig, play: Play) -> list[str]:
    async with rig.open() as adapter:
        await rig.play(play)
        outcome = await _send(rig, adapter, "a1")
        return _unless(isinstance(outcome, Unknown), outcome) + _counted(rig, "a1", 1)


def _unless(good: bool, outcome: Outcome) -> list[str]:  # noqa: FBT001 - reads as a sentence
    return [] if good else [f"unexpected outcome: {outcome}"]


def _counted(rig: Rig, attempt_id: str, expected: int) -> list[str]:
    found = rig.submissions(attempt_id)
    return [] if found == expected else [f"{attempt_id}: submitted {found} times instead of {expected}"]
