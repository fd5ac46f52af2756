"""Every state change that any function of the schema can make is one of the tables; nothing else changes a state."""

import asyncio
import itertools
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from channels.base import (
    Message,
    NotSent,
    Outcome,
    Receipt,
    ReceiptStatus,
    RefusalKind,
    Refused,
    Submitted,
    Unknown,
)
from gateway.answers import ContactState
from gateway.attempt import FROM, FROM_RECEIPT, GIVEN_BACK, RETRY_AFTER, AttemptState, given_up, settle
from gateway.contact import NEXT, WAITING, may_become
from gateway.receipts import record_receipts
from gateway.store.columns import Move
from tests.fakes.clock import NOON, MovedClock
from tests.fakes.scripted_adapter import ScriptedAdapter
from tests.gateway_world import ACCOUNT, Gateway

OUTCOMES: tuple[Outcome, ...] = (
    Submitted(provider_id="p"),
    NotSent(reason="n"),
    Unknown(reason="u"),
    *(Refused(kind=kind, code="c") for kind in RefusalKind),
)
CONTACT_OF = {
    AttemptState.PERMITTED: ContactState.DISPATCHING,
    AttemptState.SUBMITTED: ContactState.SENT,
    AttemptState.UNKNOWN: ContactState.UNKNOWN,
    AttemptState.DELIVERED: ContactState.DELIVERED,
    AttemptState.UNDELIVERED: ContactState.UNDELIVERED,
}
"""The contact of an attempt that is its last; refused and not sent leave it queued or failed."""


@pytest.mark.parametrize("tries", range(1, len(RETRY_AFTER) + 2))
@pytest.mark.parametrize("hours", [0, 24])
def test_outcomes_follow_the_table(tries: int, hours: int) -> None:
    """Whatever an adapter answers, in time or after the sweep, moves the contact along the table."""
    expires_at = NOON + timedelta(hours=hours)
    for outcome in OUTCOMES:
        first = settle(outcome, tries=tries, expires_at=expires_at, at=NOON)
        for settlement in filter(None, (first, given_up(first))):
            assert set(settlement.come_from) <= set(FROM[settlement.state])
            for was in settlement.come_from:
                assert may_become(CONTACT_OF[was], settlement.contact), (outcome, was)


def test_receipts_follow_the_table() -> None:
    """Whatever a receipt proves moves the contact along the table, also after a try that was given up."""
    for state in filter(None, FROM_RECEIPT.values()):
        for was in set(FROM[state]) - GIVEN_BACK:
            assert may_become(CONTACT_OF[was], CONTACT_OF[state])
    for contact in WAITING | {ContactState.FAILED}:
        assert may_become(contact, ContactState.DELIVERED)


def test_an_end_is_an_end() -> None:
    """From delivered, denied, expired and cancelled nothing leads on; failed and unknown lead to no other try."""
    ends = set(ContactState) - set(NEXT)
    assert ends == {
        ContactState.DELIVERED,
        ContactState.DENIED,
        ContactState.EXPIRED,
        ContactState.CANCELLED,
    }
    for state in (ContactState.UNKNOWN, ContactState.FAILED):
        assert not NEXT[state] & (WAITING | {ContactState.DISPATCHING})


async def _put(owner: asyncpg.Connection, contact: str, state: ContactState) -> None:
    await owner.execute("UPDATE contact SET state = $2 WHERE id = $1", UUID(contact), state.value)


@pytest.mark.parametrize("target", ["scheduled", "denied", "expired", "cancelled"])
async def test_moves_start_from_waiting_only(gateway: Gateway, target: str) -> None:
    """What is sent, over or under way is never cancelled, expired, denied or scheduled."""
    contact = (await gateway.accept()).id
    for state in ContactState:
        await _put(gateway.owner, contact, state)
        move = Move(
            contact=UUID(contact), creditor="acme", state=target, due_at=None, decision=None, at=gateway.clock.now(),
            kind="test", leaf=lambda _stamp: b"{}",
        )  # fmt: skip
        await gateway.rt.moving.write(move)
        after = ContactState(await gateway.state(contact))
        assert after == (target if state in WAITING else state)
        assert after is state or may_become(state, after)


async def test_permits_start_from_waiting_only(
    gateway: Gateway, adapter: ScriptedAdapter, clock: MovedClock
) -> None:
    """Only a waiting contact is ever permitted, whatever its row says otherwise."""
    contact = (await gateway.accept()).id
    for state in set(ContactState) - WAITING:
        await _put(gateway.owner, contact, state)
        assert await gateway.hand_off(contact) == 0
        assert await gateway.state(contact) == state
    assert adapter.sent == []


@pytest.mark.parametrize(("was", "status"), list(itertools.product(AttemptState, ReceiptStatus)))
async def test_receipts_move_along_the_table(
    gateway: Gateway, was: AttemptState, status: ReceiptStatus
) -> None:
    """A receipt for an attempt in any state changes attempt and contact together, or neither."""
    contact, attempt = await _attempted(gateway)
    before = CONTACT_OF.get(was, ContactState.FAILED)
    await _put(gateway.owner, contact, before)
    await gateway.owner.execute("UPDATE attempt SET state = $1", was.value)
    receipt = Receipt(
        account=ACCOUNT, provider_id="p-1", attempt_id=attempt, status=status, code="0", at=gateway.clock.now(),
        words="", event_id=str(uuid4()),
    )  # fmt: skip
    await record_receipts(gateway.rt, [receipt])
    after, (state,) = ContactState(await gateway.state(contact)), await gateway.attempts(contact)
    proven = FROM_RECEIPT[status]
    if proven is not None and was in FROM[proven]:
        assert (after, state) == (CONTACT_OF[proven], proven)
    else:
        assert (after, state) == (before, was)


async def _attempted(gateway: Gateway) -> tuple[str, str]:
    contact = (await gateway.accept()).id
    await gateway.hand_off(contact)
    return contact, str(await gateway.owner.fetchval("SELECT id FROM attempt"))


@pytest.mark.parametrize("outcome", OUTCOMES)
async def test_an_answer_after_the_sweep_settles_unknown(
    gateway: Gateway, adapter: ScriptedAdapter, clock: MovedClock, outcome: Outcome
) -> None:
    """The answer that comes after the sweep said unknown is written down, and never leads to another try."""

    async def late(_message: Message) -> None:
        clock.move(timedelta(seconds=7))
        await gateway.sweep()

    if isinstance(outcome, NotSent):
        adapter.before = late  # and the lease is over: nothing left
    else:
        adapter.after = late
    adapter.outcomes.append(outcome)
    contact = (await gateway.accept()).id
    await gateway.hand_off(contact)
    expected = {Submitted: "sent", Refused: "failed"}.get(type(outcome), "unknown")
    assert await gateway.state(contact) == expected
    clock.move(timedelta(hours=1))
    assert await gateway.hand_off(contact) == 0
    story = await gateway.story(contact)
    assert story == ["queued", "dispatching", "unknown", *([expected] if expected != "unknown" else [])]


async def test_answer_and_sweep_in_one_statement(
    gateway: Gateway, adapter: ScriptedAdapter, clock: MovedClock
) -> None:
    """When the answer and the sweep's "unknown" are written together, the answer is what is kept and told."""
    held, reached = asyncio.Event(), asyncio.Event()

    async def hold(_message: Message) -> None:
        reached.set()
        await held.wait()

    adapter.after = hold
    contact = (await gateway.accept()).id
    handing = asyncio.create_task(gateway.hand_off(contact))
    await reached.wait()
    clock.move(timedelta(seconds=7))
    sweeping = asyncio.create_task(gateway.sweep())
    held.set()
    await asyncio.gather(handing, sweeping)
    assert await gateway.state(contact) == "sent"
    assert (await gateway.story(contact))[-1] == "sent"


async def test_two_cancels_at_once_are_one(gateway: Gateway) -> None:
    """However many callers cancel a contact in one moment, it is cancelled once and told of once."""
    contact = (await gateway.accept()).id
    await asyncio.gather(*(gateway.service.cancel_contact(gateway.caller, contact, "paid") for _ in range(5)))
    assert await gateway.story(contact) == ["queued", "cancelled"]
