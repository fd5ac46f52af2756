"""Delivery receipts: each once, early, late or twice, joined to the attempt they tell of.

A receipt may come before the answer to the send. One that names our attempt settles it at once; one that names only the
provider's id waits in its table until that id is known, and is joined then.
"""

from collections.abc import Sequence
from datetime import datetime

from audit.record import clean_code
from channels.base import Receipt
from gateway import leaves, metrics
from gateway.answers import ContactState
from gateway.attempt import FROM, FROM_RECEIPT, GIVEN_BACK, AttemptState
from gateway.contact import WAITING, may_become
from gateway.errors import StoreBusy
from gateway.runtime import Runtime
from gateway.store.codes import Receiving
from gateway.store.columns import ReceiptSeen
from gateway.store.receipts import Matched, match_attempts, unmatched_receipts

LOOKS = 5  # an attempt has six states to move through at the very most

_CONTACT_OF = {
    AttemptState.DELIVERED: ContactState.DELIVERED,
    AttemptState.UNDELIVERED: ContactState.UNDELIVERED,
}


async def record_receipts(rt: Runtime, receipts: Sequence[Receipt]) -> list[Receiving]:
    """Store receipts, durably, and apply what they prove; only then may the provider be told that we have them.

    Raises StoreAway and StoreBusy: the provider sends them again.
    """
    answers = await _write(rt, receipts)
    for receipt, code in zip(receipts, answers, strict=True):
        metrics.receipts.labels(account=receipt.account, code=code.name.lower()).inc()
        # The answer to the send may have brought the provider's id between our look and our write.
        if code is Receiving.KEPT:
            await join_receipts(rt, receipt.account, receipt.provider_id)
    return answers


async def _write(rt: Runtime, receipts: Sequence[Receipt]) -> list[Receiving]:
    """Match, write, and look again at those whose attempt moved on in between; their leaf must say what happened."""
    answers: dict[int, Receiving] = {}
    left = list(range(len(receipts)))
    for _ in range(LOOKS):
        if not left:
            break
        looked = [receipts[n] for n in left]
        known = await match_attempts(rt.pool, looked)
        at = rt.clock.now()
        codes = await rt.receiving.write_all([_seen(one, known.get(_key(one)), at) for one in looked])
        answers |= dict(zip(left, map(Receiving, codes), strict=True))
        left = [n for n in left if answers[n] is Receiving.MOVED_ON]
    if left:
        raise StoreBusy("record_receipts")
    return [answers[n] for n in range(len(receipts))]


async def join_receipts(rt: Runtime, account: str, provider_id: str) -> None:
    """Apply receipts that waited for an attempt with this provider's id to be known; nothing to do is fine."""
    waiting = await unmatched_receipts(rt.pool, account, provider_id)
    known = await match_attempts(rt.pool, waiting)
    matched = [receipt for receipt in waiting if _key(receipt) in known]
    if matched:
        await _write(rt, matched)


def _key(receipt: Receipt) -> tuple[str, str]:
    return receipt.account, receipt.event_id


def _proven(receipt: Receipt, matched: Matched | None) -> tuple[AttemptState | None, ContactState | None]:
    """The states that attempt and contact enter by this receipt; None where it changes nothing."""
    state = FROM_RECEIPT[receipt.status]
    if state is None or matched is None:
        return state, None
    if matched.attempt_state not in FROM[state]:
        return None, None
    contact = ContactState(matched.state)
    if matched.attempt_state in GIVEN_BACK and contact not in WAITING | {ContactState.FAILED}:
        return state, None  # another try of the contact has left since: its end is told by its own receipts
    return (state, _CONTACT_OF[state]) if may_become(contact, _CONTACT_OF[state]) else (None, None)


def _seen(receipt: Receipt, matched: Matched | None, at: datetime) -> ReceiptSeen:
    """`at` is when it was taken: a provider's own time may be anything, and a log that is read by time must not be."""
    state, contact_state = _proven(receipt, matched)
    return ReceiptSeen(
        account=receipt.account,
        event_id=receipt.event_id,
        provider_id=receipt.provider_id,
        status=receipt.status.value,
        code=clean_code(receipt.code),
        at=at,
        attempt=None if matched is None else matched.attempt,
        from_states="" if state is None else ",".join(FROM[state]),
        state=None if state is None else state.value,
        contact=None if matched is None else matched.contact,
        contact_was=None if matched is None else matched.state,
        contact_state=None if contact_state is None else contact_state.value,
        creditor="" if matched is None else matched.creditor,
        leaf=_no_leaf
        if matched is None
        else leaves.receipt(
            matched.attempt,
            matched.contact,
            contact_state,
            receipt.account,
            receipt.status.value,
            receipt.code,
            receipt.provider_id,
            at,
        ),
    )


def _no_leaf(_stamp: object) -> bytes:
    """A receipt for nobody we know is kept, but proves nothing yet: its leaf is written when it is joined."""
    return b"{}"
