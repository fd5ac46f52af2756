"""Acceptance, top to bottom: read the request, find the person, decide, reserve, write it durably, answer.

The answer is early: what is allowed here is decided again, on fresh facts, before anything leaves. Redis may make it
too hopeful, never wrong in what it does; without Redis the facts come from PostgreSQL alone.
"""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from gateway import leaves
from gateway.answers import ContactAnswer, ContactState
from gateway.bodies import decision_body
from gateway.decisions import pack_decision
from gateway.errors import StoreAway, StoreBusy
from gateway.flows import UNKNOWN_CREDITOR, Accepted, Conflict, Invalid, Overloaded, Unavailable
from gateway.ids import new_id
from gateway.keys import Caller
from gateway.policy import Policy
from gateway.runtime import Runtime
from gateway.store.accepting import NewContact
from gateway.store.codes import Accepting
from gateway.store.contacts import PRIORITIES, find_by_key
from gateway.store.facts import HISTORY, NOBODY, Identity, token_run
from gateway.store.told import find_event_key
from gateway.stored import first_answer_of
from gateway.wanted import Wanted, as_event, bounded, read_request
from gateway.wire import ContactRequest
from throttling.decide import decide
from throttling.decision import Decision, Verdict
from throttling.facts import BorrowerFacts, Event, Facts
from throttling.ledger import LedgerAway

KEEP_KEY = timedelta(
    hours=24
)  # from the scheduled time, so that a replay finds it while the contact still waits
PENDING_S = 60
TRIES = 5  # races with another process about the same person; each try reads everything afresh


class _Asking(msgspec.Struct, frozen=True, kw_only=True):
    """One request on its way through acceptance."""

    key_id: str
    idempotency_key: str
    mac: bytes
    wanted: Wanted
    policy: Policy
    at: datetime


class _Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What was read about the person; `stamp` is None where Redis was away."""

    identity: Identity
    facts: BorrowerFacts
    pending: tuple[Event, ...]
    stamp: int | None
    fill: BorrowerFacts | None


async def accept(
    rt: Runtime, caller: Caller, request: ContactRequest, *, idempotency_key: str, raw: bytes
) -> Accepted | Conflict | Invalid:
    """Record the contact once and say what was decided; a repeat of the key hears the first answer.

    Raises Unavailable and Overloaded, in which case the caller repeats the request with the same key.
    """
    at = rt.clock.now()
    policy = rt.policy.current()
    if await rt.creditors.find(request.creditor) is None:
        return Invalid(faults=(UNKNOWN_CREDITOR,))
    wanted = read_request(
        request, namespace=caller.namespace_for(request.creditor), policy=policy, vault=rt.vault, at=at
    )
    mac = rt.vault.request_mac(raw)
    if not isinstance(wanted, Wanted):
        # Times pass and texts are taken out of use; a repeat must hear what became of the first all the same.
        return await _first_answer(rt, caller.key_id, idempotency_key, mac) or Invalid(faults=wanted)
    asking = _Asking(
        key_id=caller.key_id,
        idempotency_key=idempotency_key,
        mac=mac,
        wanted=wanted,
        policy=policy,
        at=at,
    )
    try:
        for _ in range(TRIES):
            answer = await _try_once(rt, asking)
            if answer is not None:
                return answer
    except StoreBusy:
        raise Overloaded from None
    except StoreAway:
        raise Unavailable("database") from None
    raise Overloaded


async def _try_once(rt: Runtime, asking: _Asking) -> Accepted | Conflict | None:
    """One try; None where somebody else changed the person meanwhile and it has to be looked at afresh."""
    wanted, at = asking.wanted, asking.at
    seen = await _look(rt, wanted, at)
    contact = new_id(at, rt.random)
    facts = Facts(
        request=wanted.asked, borrower=seen.facts, address=seen.identity.address, pending=seen.pending
    )
    decision = bounded(decide(facts, asking.policy.rules, wanted.from_at), wanted, at)
    if seen.stamp is not None and not await _reserve(rt, wanted, seen, contact, decision, at):
        return None
    new = _new_contact(rt, asking, seen.identity, decision, contact)
    code = Accepting(await rt.accepting.write(new))
    if code is Accepting.ACCEPTED:
        answer = ContactAnswer(
            id=str(contact),
            status=ContactState(new.state),
            creditor=new.creditor,
            channel=wanted.request.channel,
            created_at=at,
            expires_at=new.expires_at,
            due_at=None if decision.verdict is Verdict.DENY else new.due_at,
            reference=new.reference,
            code=decision.code,
            decision=decision_body(decision, wanted.request, wanted.asked),
        )
        return Accepted(answer=answer)
    if seen.stamp is not None and decision.verdict is Verdict.ALLOW:
        await _drop(rt, wanted, contact)
    if code is Accepting.MADE_ELSEWHERE:
        return None
    return await _first_answer(rt, asking.key_id, asking.idempotency_key, asking.mac)


async def _first_answer(rt: Runtime, key_id: str, key: str, mac: bytes) -> Accepted | Conflict | None:
    """What the first request with this key was answered; None where there was none, or it is being written again."""
    stored = await find_by_key(rt.pool, key_id, key)
    if stored is None:
        event = await find_event_key(rt.pool, key_id, key)
        return None if event is None or event[0] == mac else Conflict()
    if stored.mac != mac:
        return Conflict()
    return Accepted(answer=await first_answer_of(rt, stored.contact), replayed=True)


async def _look(rt: Runtime, wanted: Wanted, at: datetime) -> _Seen:
    """Everything known of the person: who it is from PostgreSQL, the facts from Redis where they are still true."""
    token = wanted.whose.borrower.hex()
    try:  # the address comes with the identity, so Redis is not asked for it
        view = await rt.ledger.read(token, None, at)
    except LedgerAway:
        view = None
    identity = await rt.identities.read(wanted.whose)
    pending = () if view is None else view.pending
    stamp = None if view is None else view.stamp
    if identity.id is None:
        return _Seen(identity=identity, facts=NOBODY, pending=pending, stamp=stamp, fill=None)
    if view is not None and view.borrower is not None and view.borrower.version == identity.version:
        return _Seen(identity=identity, facts=view.borrower, pending=pending, stamp=stamp, fill=None)
    facts = await rt.histories.read((identity.id, at - HISTORY))
    return _Seen(identity=identity, facts=facts, pending=pending, stamp=stamp, fill=facts)


async def _reserve(
    rt: Runtime, wanted: Wanted, seen: _Seen, contact: UUID, decision: Decision, at: datetime
) -> bool:
    """Leave a pending entry for an allow, and the facts just read for whoever comes next; False on a lost race."""
    assert seen.stamp is not None
    allowed = decision.verdict is Verdict.ALLOW
    if not allowed and seen.fill is None:
        return True
    try:
        won = await rt.ledger.reserve(
            wanted.whose.borrower.hex(),
            seen_stamp=seen.stamp,
            contact=str(contact),
            event=as_event(wanted, str(contact), at) if allowed else None,
            expires_s=PENDING_S,
            fill=seen.fill,
        )
    except LedgerAway:
        return True
    return won or not allowed


async def _drop(rt: Runtime, wanted: Wanted, contact: UUID) -> None:
    try:
        await rt.ledger.drop(wanted.whose.borrower.hex(), str(contact))
    except LedgerAway:
        return  # the entry ends by itself


def _new_contact(
    rt: Runtime, asking: _Asking, identity: Identity, decision: Decision, contact: UUID
) -> NewContact:
    wanted, at = asking.wanted, asking.at
    request = wanted.request
    subject = identity.subject or UUID(
        bytes=rt.random(16), version=4
    )  # random: it tells nothing, not even when
    if identity.wrapped is None:
        wrapped, borrower_key = rt.vault.begin_borrower(request.creditor, subject)
    else:
        wrapped = identity.wrapped
        borrower_key = rt.vault.open_borrower_key(request.creditor, subject, wrapped)
    state, due_at = _state(decision, at)
    return NewContact(
        api_key=asking.key_id,
        idempotency_key=asking.idempotency_key,
        mac=asking.mac,
        keep_until=due_at + KEEP_KEY,
        borrower=wanted.whose.borrower,
        subject=subject,
        namespace=wanted.namespace,
        creditor=request.creditor,
        wrapped=wrapped.blob,
        address=wanted.whose.address,
        id=contact,
        channel=request.channel.value,
        state=state.value,
        priority=PRIORITIES[request.priority],
        due_at=due_at,
        expires_at=wanted.expires_at,
        debts=token_run(wanted.debts),
        template=bytes.fromhex(wanted.template.hash),
        purpose=request.purpose,
        reference=request.reference,
        request=borrower_key.seal("contact.request", contact, _stored_form(request)),
        decision=pack_decision(decision),
        at=at,
        kind="contact.denied" if state is ContactState.DENIED else "contact.accepted",
        leaf=leaves.accepted(wanted, subject, contact, state, decision, at),
    )


def _stored_form(request: ContactRequest) -> bytes:
    """The request as the hand-off opens it again: an item of a batch without the fields that only batches have."""
    if type(request) is not ContactRequest:
        request = ContactRequest(
            **{name: getattr(request, name) for name in ContactRequest.__struct_fields__}
        )
    return msgspec.json.encode(request)


def _state(decision: Decision, at: datetime) -> tuple[ContactState, datetime]:
    match decision.verdict:
        case Verdict.ALLOW:
            return ContactState.QUEUED, at
        case Verdict.DEFER:
            assert decision.until is not None
            return ContactState.SCHEDULED, decision.until
        case Verdict.DENY:
            return ContactState.DENIED, at
