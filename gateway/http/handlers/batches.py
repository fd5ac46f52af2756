"""Batches: each item is read, checked and carried out on its own; a bad one harms no other."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, Final, TypeVar

from gateway.flows import Accepted, FieldFault, Flows, Invalid
from gateway.http.batch_answers import (
    BatchContact,
    BatchContactFull,
    BatchDecision,
    BatchDecisionFull,
    compact_contact,
    compact_decision,
)
from gateway.http.body import BadBody, parse_body
from gateway.http.call import Batch, Call, Lines
from gateway.http.handlers.contacts import accepted_status
from gateway.http.model import Model, build_model
from gateway.http.problems import BROKEN, Refusal, broken, build_problem
from gateway.http.queries import BatchQuery, Detail
from gateway.http.reply import Reply, encode
from gateway.wire import BatchItem, ContactRequest, DecisionRequest

T = TypeVar("T", bound=ContactRequest)
BatchCall = Call[Batch, BatchQuery]
Answer = Callable[[int, bytes], Coroutine[Any, Any, bytes]]

UNDER_WAY: Final = 200  # items of a batch at once: while these are written the next are decided
_BREATH: Final = 25  # items started before others get a turn, so that a batch does not stall single requests
_ITEM: Final = build_model(BatchItem)
_QUESTION: Final = build_model(DecisionRequest)
_NOT_YOURS: Final = FieldFault(pointer="/creditor", message="not in your key's scope")


async def create_contacts(flows: Flows, call: BatchCall) -> Reply | Lines:
    """Accept up to 1,000 contact requests; one answer each, in order."""
    full = call.query.decision is Detail.FULL

    async def answer(index: int, raw: bytes) -> bytes:
        item = _read(call, raw, _ITEM)
        if isinstance(item, Refusal):
            return _contact_refused(index, None, item)
        key = item.idempotency_key
        try:
            outcome = await flows.accept(call.caller, item, idempotency_key=key, raw=raw)
        except BROKEN as error:
            return _contact_refused(index, key, broken(error))
        if isinstance(outcome, Accepted):
            return _contact(index, key, outcome, full=full)
        if isinstance(outcome, Invalid):
            return _contact_refused(index, key, Refusal(code="invalid-body", faults=outcome.faults))
        return _contact_refused(index, key, Refusal(code="idempotency-conflict"))

    return await _run(call.body, answer)


async def create_decisions(flows: Flows, call: BatchCall) -> Reply | Lines:
    """Decide up to 1,000 requests without effects; one answer each, in order."""
    full = call.query.decision is Detail.FULL

    async def answer(index: int, raw: bytes) -> bytes:
        asked = _read(call, raw, _QUESTION)
        if isinstance(asked, Refusal):
            return _decision_refused(index, asked)
        try:
            outcome = await flows.decide(
                call.caller, asked, at=asked.at, packs=asked.packs, facts=asked.facts
            )
        except BROKEN as error:
            return _decision_refused(index, broken(error))
        if isinstance(outcome, Invalid):
            return _decision_refused(index, Refusal(code="invalid-body", faults=outcome.faults))
        if full:
            return encode(BatchDecisionFull(index=index, status=200, decision=outcome))
        return encode(BatchDecision(index=index, status=200, decision=compact_decision(outcome)))

    return await _run(call.body, answer)


def _read(call: BatchCall, raw: bytes, model: Model[T]) -> T | Refusal:
    item = parse_body(raw, model)
    if isinstance(item, BadBody):
        return Refusal(code=item.code, faults=item.faults)
    if not call.caller.may_act_for(item.creditor):
        return Refusal(code="creditor-not-allowed", faults=(_NOT_YOURS,))
    return item


def _contact(index: int, key: str, outcome: Accepted, *, full: bool) -> bytes:
    status, replayed, answer = accepted_status(outcome), outcome.replayed, outcome.answer
    if full:
        return encode(
            BatchContactFull(
                index=index, status=status, idempotency_key=key, replayed=replayed, contact=answer
            )
        )
    short = compact_contact(answer)
    return encode(
        BatchContact(index=index, status=status, idempotency_key=key, replayed=replayed, contact=short)
    )


def _contact_refused(index: int, key: str | None, refusal: Refusal) -> bytes:
    problem = build_problem(refusal)
    return encode(BatchContact(index=index, status=problem.status, idempotency_key=key, problem=problem))


def _decision_refused(index: int, refusal: Refusal) -> bytes:
    problem = build_problem(refusal)
    return encode(BatchDecision(index=index, status=problem.status, problem=problem))


async def _run(batch: Batch, answer: Answer) -> Reply | Lines:
    """Start every item, so that they are written together, and return the answers in the order sent."""
    tasks, room = [], asyncio.Semaphore(UNDER_WAY)

    async def in_turn(index: int, raw: bytes) -> bytes:
        async with room:
            return await answer(index, raw)

    for index, raw in enumerate(batch.items):
        tasks.append(asyncio.create_task(in_turn(index, raw)))
        if index % _BREATH == _BREATH - 1:
            await asyncio.sleep(0)
    if batch.lines:
        return Lines(stream=_lines(tasks))
    await asyncio.wait(tasks)
    done = (_settled(index, task) for index, task in enumerate(tasks))
    return Reply(status=200, body=b'{"items":[' + b",".join(done) + b"]}")


async def _lines(tasks: list[asyncio.Task[bytes]]) -> AsyncIterator[bytes]:
    for index, task in enumerate(tasks):
        await asyncio.wait((task,))
        yield _settled(index, task) + b"\n"


def _settled(index: int, task: asyncio.Task[bytes]) -> bytes:
    """Return the item's answer; a bug that one item met is told in its place, and to the log."""
    error = task.exception()
    if error is None:
        return task.result()
    task.get_loop().call_exception_handler({"message": "a batch item failed", "exception": error})
    return _decision_refused(index, Refusal(code="internal"))
