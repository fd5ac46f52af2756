"""A stored contact as an answer: opened for its owner, with the labels of the policy it was decided under."""

from collections.abc import Sequence
from typing import Final

import msgspec

from gateway.answers import AttemptBody, ContactAnswer, ContactState, DecisionBody
from gateway.bodies import decision_body
from gateway.decisions import policy_of, unpack_decision
from gateway.runtime import Runtime
from gateway.store.contacts import StoredAttempt, StoredContact
from gateway.vault import VaultError
from gateway.wire import ContactRequest
from throttling.decision import Decision, Verdict
from throttling.facts import Channel, Debt, Request

_requests: Final = msgspec.json.Decoder(ContactRequest)
_FIRST: Final = {
    Verdict.ALLOW: ContactState.QUEUED,
    Verdict.DEFER: ContactState.SCHEDULED,
    Verdict.DENY: ContactState.DENIED,
}


def open_request(rt: Runtime, contact: StoredContact) -> ContactRequest | None:
    """The request as the caller sent it, or None once the person was erased (or where it cannot be read)."""
    if contact.wrapped is None:
        return None
    try:
        key = rt.vault.open_borrower_key(contact.creditor, contact.subject, contact.wrapped)
        return _requests.decode(key.open("contact.request", contact.id, contact.request))
    except (VaultError, msgspec.DecodeError):
        return None


async def answer_of(rt: Runtime, contact: StoredContact, attempts: Sequence[StoredAttempt]) -> ContactAnswer:
    """The contact as it stands, with its newest decision and its attempts."""
    decision = await _decision(rt, contact.latest or contact.decision)
    tried = tuple(
        AttemptBody(id=str(a.id), state=a.state, at=a.permitted_at, account=a.account, code=a.code)
        for a in attempts
    )
    return msgspec.structs.replace(
        summary_of(contact), code=decision.code, decision=await _body(rt, contact, decision), attempts=tried
    )


async def first_answer_of(rt: Runtime, contact: StoredContact) -> ContactAnswer:
    """The answer that the first request with this idempotency key was given, whatever has happened since."""
    decision = await _decision(rt, contact.decision)
    status = _FIRST[decision.verdict]
    due_at = {ContactState.QUEUED: contact.created_at, ContactState.SCHEDULED: decision.until}.get(status)
    return msgspec.structs.replace(
        summary_of(contact),
        status=status,
        due_at=due_at,
        code=decision.code,
        decision=await _body(rt, contact, decision),
    )


async def _decision(rt: Runtime, stored: bytes) -> Decision:
    return unpack_decision(stored, await rt.policy.labels(policy_of(stored)))


async def _body(rt: Runtime, contact: StoredContact, decision: Decision) -> DecisionBody | None:
    await rt.creditors.find(contact.creditor)
    request = open_request(rt, contact)
    return None if request is None else decision_body(decision, request, _asked(rt, contact, request))


def summary_of(contact: StoredContact) -> ContactAnswer:
    """The contact as a list shows it: nothing is opened."""
    state = ContactState(contact.state)
    return ContactAnswer(
        id=str(contact.id),
        status=state,
        creditor=contact.creditor,
        channel=Channel(contact.channel),
        created_at=contact.created_at,
        expires_at=contact.expires_at,
        due_at=contact.due_at if state in {ContactState.QUEUED, ContactState.SCHEDULED} else None,
        reference=contact.reference,
    )


def _asked(rt: Runtime, contact: StoredContact, request: ContactRequest) -> Request:
    """Only as much of the asked request as gives debts their names back."""
    debts = tuple(
        Debt(
            token=rt.vault.debt_token(contact.namespace, debt.id).hex(),
            group=None
            if debt.group is None
            else rt.vault.debt_token(contact.namespace, f"group {debt.group}").hex(),
        )
        for debt in request.debts
    )
    return Request(
        creditor=contact.creditor,
        channel=request.channel,
        purpose=request.purpose,
        country=None,
        region=None,
        debts=debts,
        zones=(),
        lines=frozenset(),
        template=contact.template.hex(),
    )
