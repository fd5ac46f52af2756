"""Cancelling: what waits is stopped, what has left is not. A paid debt stops everything scheduled for it."""

from collections.abc import Sequence
from datetime import datetime

from gateway import leaves
from gateway.answers import CancelAnswer, ContactAnswer, ContactState
from gateway.contact import WAITING
from gateway.flows import Missing, TooLate
from gateway.keys import Caller
from gateway.runtime import Runtime
from gateway.store.codes import Moving
from gateway.store.columns import Move
from gateway.store.contacts import StoredContact, find_attempts, find_contact, find_waiting
from gateway.stored import answer_of
from gateway.told import as_uuid
from gateway.wire import CancelRequest
from throttling.ledger import LedgerAway


async def cancel_contact(
    rt: Runtime, caller: Caller, contact_id: str, reason: str
) -> ContactAnswer | TooLate | Missing:
    """Stop one contact; stopping it again changes nothing."""
    uid = as_uuid(contact_id)
    contact = None if uid is None else await find_contact(rt.pool, uid)
    if contact is None or not caller.may_act_for(contact.creditor):
        return Missing()
    if contact.state in WAITING:
        await _cancel(rt, [contact], reason)
        contact = await find_contact(rt.pool, contact.id)
        assert contact is not None
    if contact.state != ContactState.CANCELLED:
        return TooLate(state=ContactState(contact.state))
    return await answer_of(rt, contact, await find_attempts(rt.pool, contact.id))


async def cancel_contacts(rt: Runtime, caller: Caller, request: CancelRequest) -> CancelAnswer:
    """Stop every waiting contact of a borrower, a debt, a reference, or the creditor."""
    namespace = caller.namespace_for(request.creditor)
    waiting, late = await find_waiting(
        rt.pool,
        request.creditor,
        borrower=None if request.borrower is None else rt.vault.borrower_token(namespace, request.borrower),
        debt=None if request.debt is None else rt.vault.debt_token(namespace, request.debt),
        reference=request.reference,
    )
    stopped = []
    for start in range(0, len(waiting), 500):
        stopped += await _cancel(rt, waiting[start : start + 500], request.reason)
    return CancelAnswer(
        cancelled=len(stopped),
        too_late=late + len(waiting) - len(stopped),
        ids=tuple(str(contact.id) for contact in stopped),
    )


async def _cancel(rt: Runtime, contacts: Sequence[StoredContact], reason: str) -> list[StoredContact]:
    at = rt.clock.now()
    if not contacts:
        return []
    codes = await rt.moving.write_all([_move(contact, reason, at) for contact in contacts])
    stopped = [c for c, code in zip(contacts, codes, strict=True) if code == Moving.MOVED]
    for contact in stopped:
        try:
            await rt.ledger.drop(contact.borrower.hex(), str(contact.id))
        except LedgerAway:
            break  # the pending entries end by themselves
    return stopped


def _move(contact: StoredContact, reason: str, at: datetime) -> Move:
    return Move(
        contact=contact.id,
        creditor=contact.creditor,
        state=ContactState.CANCELLED.value,
        due_at=None,
        decision=None,
        at=at,
        kind="contact.state",
        leaf=leaves.moved(contact.id, contact.state, ContactState.CANCELLED, reason, None, at),
    )
