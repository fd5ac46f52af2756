"""Facts that callers tell: what happened elsewhere, opt-outs, restrictions, consents.

Each raises the version that permits are checked against, so that none is given on what was known before.
"""

from functools import partial
from uuid import UUID

import msgspec

from gateway import leaves
from gateway.accept import KEEP_KEY, UNKNOWN_CREDITOR
from gateway.address import AddressFault, parse_address
from gateway.answers import (
    ConsentAnswer,
    ConsentList,
    EventAnswer,
    OptOutAnswer,
    RestrictionAnswer,
    RestrictionList,
)
from gateway.flows import Conflict, FieldFault, Invalid, Missing
from gateway.ids import new_id
from gateway.keys import Caller
from gateway.opt_out import complete
from gateway.runtime import Runtime
from gateway.store.codes import Taking
from gateway.store.columns import FactSeen
from gateway.store.facts import token_run
from gateway.store.opt_outs import live_permits
from gateway.store.told import (
    Person,
    StoredRestriction,
    find_consents,
    find_event_key,
    find_person,
    find_restriction,
    find_restrictions,
)
from gateway.wire import (
    ConsentRequest,
    EventReport,
    LiftRequest,
    OptOutRequest,
    RestrictionKind,
    RestrictionRequest,
)
from throttling.facts import Channel, SuppressionScope


class _Whom(msgspec.Struct, frozen=True, kw_only=True):
    """The borrower a fact is about; `subject` is the stored one or, for somebody new, the one to be stored."""

    namespace: str
    token: bytes
    subject: UUID


async def report_event(
    rt: Runtime, caller: Caller, report: EventReport, *, idempotency_key: str, raw: bytes
) -> EventAnswer | Conflict | Invalid:
    """Count what happened elsewhere, once for each idempotency key."""
    at = rt.clock.now()
    if await rt.creditors.find(report.creditor) is None:
        return Invalid(faults=(UNKNOWN_CREDITOR,))
    if report.at > at:
        return _invalid("/at", "in the future", "report what has happened, with its own time")
    whom = await _whom(rt, caller, report.creditor, report.borrower)
    event = new_id(at, rt.random)
    mac = rt.vault.request_mac(raw)
    tokens = [rt.vault.debt_token(whom.namespace, debt).hex() for debt in report.debts]
    fact = FactSeen(
        table="event",
        act="add",
        id=event,
        at=at,
        since=report.at,
        creditor=report.creditor,
        log=report.creditor,
        kind="event.reported",
        leaf=leaves.reported(
            event,
            whom.subject,
            report.kind.value,
            report.creditor,
            report.channel.value,
            report.at,
            caller.key_id,
            at,
        ),
        api_key=caller.key_id,
        idempotency_key=idempotency_key,
        mac=mac,
        keep_until=at + KEEP_KEY,
        borrower=whom.token,
        subject=whom.subject,
        namespace=whom.namespace,
        fact_kind=report.kind.value,
        channel=report.channel.value,
        debts=token_run(tokens),
    )
    if Taking(await rt.facts.write(fact)) is Taking.SEEN:
        stored = await find_event_key(rt.pool, caller.key_id, idempotency_key)
        if stored is None or stored[0] != mac:
            return Conflict()
        event = stored[1]
    return EventAnswer(id=str(event), kind=report.kind, at=report.at)


async def opt_out(rt: Runtime, caller: Caller, request: OptOutRequest) -> OptOutAnswer | Invalid:
    """Record the opt-out and return when no permit it forbids is live any more."""
    at = rt.clock.now()
    creditor = await rt.creditors.find(request.creditor)
    if creditor is None:
        return Invalid(faults=(UNKNOWN_CREDITOR,))
    faults = _opt_out_faults(request)
    if faults:
        return Invalid(faults=faults)
    binds = None if request.all_creditors or request.scope is SuppressionScope.ADDRESS else request.creditor
    optout = new_id(at, rt.random)
    fact = FactSeen(
        table="suppression",
        act="add",
        id=optout,
        at=at,
        since=request.at,
        creditor=binds,
        log=request.creditor,
        kind="optout.received",
        leaf=leaves.opted_out(
            optout,
            scope=request.scope.value,
            channel=None if request.channel is None else request.channel.value,
            creditor=binds,
            subject=None,
            contact=None,
            source=request.source,
            at=at,
        ),
        scope=request.scope.value,
        channel=_suppressed_channel(request),
        source=request.source,
        evidence=request.evidence,
    )
    if request.scope is SuppressionScope.ADDRESS:
        assert request.channel is not None
        assert request.address is not None
        address = parse_address(request.channel, request.address)
        if isinstance(address, AddressFault):
            return _invalid("/address", address.message, address.hint)
        token = rt.vault.address_index(address.kind, address.text)
        fact = msgspec.structs.replace(fact, address=token)
        free = partial(live_permits, rt.pool, address=token)
    else:
        assert request.borrower is not None
        whom = await _whom(rt, caller, request.creditor, request.borrower)
        fact = msgspec.structs.replace(
            fact,
            borrower=whom.token,
            subject=whom.subject,
            namespace=whom.namespace,
            debts=None if request.debt is None else rt.vault.debt_token(whom.namespace, request.debt),
        )
        free = partial(live_permits, rt.pool, borrower=whom.token)
    await rt.facts.write(fact)
    completed_at = await complete(rt, optout, request.creditor, at, until_free=free)
    return OptOutAnswer(id=str(optout), scope=request.scope, since=request.at, completed_at=completed_at)


def _suppressed_channel(request: OptOutRequest) -> str | None:
    """An address is closed for every channel: whoever says stop by text does not wait for the call instead."""
    if request.scope is SuppressionScope.ADDRESS or request.channel is None:
        return None
    return request.channel.value


def _opt_out_faults(request: OptOutRequest) -> tuple[FieldFault, ...]:
    needs = {
        SuppressionScope.ADDRESS: ("channel", "address"),
        SuppressionScope.CHANNEL: ("borrower", "channel"),
        SuppressionScope.DEBT: ("borrower", "debt"),
        SuppressionScope.ALL: ("borrower",),
    }[request.scope]
    return tuple(
        FieldFault(
            pointer=f"/{name}",
            message=f"missing: an opt-out of scope {request.scope.value} needs it",
            hint=f"send {' and '.join(needs)}",
        )
        for name in needs
        if getattr(request, name) is None
    )


async def add_restriction(
    rt: Runtime, caller: Caller, borrower_id: str, request: RestrictionRequest
) -> RestrictionAnswer | Invalid:
    """Record a restriction, in force from its date on."""
    at = rt.clock.now()
    if await rt.creditors.find(request.creditor) is None:
        return Invalid(faults=(UNKNOWN_CREDITOR,))
    if request.until is not None and request.until <= request.since:
        return _invalid("/until", "not after since", "leave it out for a restriction without an end")
    whom = await _whom(rt, caller, request.creditor, borrower_id)
    uid = new_id(at, rt.random)
    fact = FactSeen(
        table="restriction",
        act="add",
        id=uid,
        at=at,
        since=request.since,
        creditor=None if request.all_creditors else request.creditor,
        log=request.creditor,
        kind="restriction.added",
        leaf=leaves.restricted(uid, request, whom.subject, caller.key_id, at),
        borrower=whom.token,
        subject=whom.subject,
        namespace=whom.namespace,
        fact_kind=request.kind.value,
        channel=None if request.channel is None else request.channel.value,
        debts=None if request.debt is None else rt.vault.debt_token(whom.namespace, request.debt),
        until=request.until,
        source=request.source,
        evidence=request.evidence,
    )
    await rt.facts.write(fact)
    return RestrictionAnswer(
        id=str(fact.id),
        kind=request.kind,
        creditor=request.creditor,
        since=request.since,
        source=request.source,
        until=request.until,
        channel=request.channel,
        debt=request.debt,
        all_creditors=request.all_creditors,
        evidence=request.evidence,
    )


async def list_restrictions(
    rt: Runtime, caller: Caller, borrower_id: str, creditor: str
) -> RestrictionList | Missing:
    """Every restriction of a borrower that binds the creditor."""
    person = await _person(rt, caller, creditor, borrower_id)
    if person is None:
        return Missing()
    found = await find_restrictions(rt.pool, person.id, creditor)
    return RestrictionList(items=tuple(_restriction(one, creditor) for one in found))


async def lift_restriction(
    rt: Runtime, caller: Caller, borrower_id: str, restriction_id: str, request: LiftRequest
) -> RestrictionAnswer | Missing:
    """End a restriction; ending it again changes nothing."""
    at = rt.clock.now()
    person = await _person(rt, caller, request.creditor, borrower_id)
    uid = as_uuid(restriction_id)
    if person is None or uid is None:
        return Missing()
    found = await find_restriction(rt.pool, person.id, request.creditor, uid)
    if found is None:
        return Missing()
    if found.lifted_at is None:
        namespace = caller.namespace_for(request.creditor)
        await rt.facts.write(
            FactSeen(
                table="restriction",
                act="lift",
                id=uid,
                at=at,
                since=at,
                creditor=request.creditor,
                log=request.creditor,
                kind="restriction.lifted",
                leaf=leaves.lifted(uid, person.subject, caller.key_id, at),
                borrower=rt.vault.borrower_token(namespace, borrower_id),
                subject=person.subject,
                namespace=namespace,
            )
        )
        found = msgspec.structs.replace(found, lifted_at=at)
    return _restriction(found, request.creditor)


async def add_consent(
    rt: Runtime, caller: Caller, borrower_id: str, request: ConsentRequest
) -> ConsentAnswer | Invalid:
    """Record a consent with its evidence."""
    at = rt.clock.now()
    if await rt.creditors.find(request.creditor) is None:
        return Invalid(faults=(UNKNOWN_CREDITOR,))
    address = None
    if request.address is not None:
        if request.channel is None:
            return _invalid("/channel", "missing: an address needs its channel", "send the channel as well")
        parsed = parse_address(request.channel, request.address)
        if isinstance(parsed, AddressFault):
            return _invalid("/address", parsed.message, parsed.hint)
        address = rt.vault.address_index(parsed.kind, parsed.text)
    whom = await _whom(rt, caller, request.creditor, borrower_id)
    uid = new_id(at, rt.random)
    fact = FactSeen(
        table="consent",
        act="add",
        id=uid,
        at=at,
        since=request.given_at,
        creditor=request.creditor,
        log=request.creditor,
        kind="consent.added",
        leaf=leaves.consented(uid, request, whom.subject, caller.key_id, at),
        borrower=whom.token,
        subject=whom.subject,
        namespace=whom.namespace,
        address=address,
        fact_kind=request.purpose,
        channel=None if request.channel is None else request.channel.value,
        until=request.expires_at,
        source=request.source,
        wording=request.wording,
        evidence=request.evidence,
    )
    await rt.facts.write(fact)
    return ConsentAnswer(
        id=str(fact.id),
        creditor=request.creditor,
        purpose=request.purpose,
        given_at=request.given_at,
        source=request.source,
        channel=request.channel,
        expires_at=request.expires_at,
        wording=request.wording,
        evidence=request.evidence,
    )


async def list_consents(
    rt: Runtime, caller: Caller, borrower_id: str, creditor: str
) -> ConsentList | Missing:
    """Every consent of a borrower towards the creditor."""
    person = await _person(rt, caller, creditor, borrower_id)
    if person is None:
        return Missing()
    return ConsentList(
        items=tuple(
            ConsentAnswer(
                id=str(one.id),
                creditor=one.creditor,
                purpose=one.purpose,
                given_at=one.since,
                source=one.source,
                channel=None if one.channel is None else Channel(one.channel),
                expires_at=one.until,
                wording=one.wording,
                evidence=one.evidence,
            )
            for one in await find_consents(rt.pool, person.id, creditor)
        )
    )


def as_uuid(text: str) -> UUID | None:
    """An id as a caller wrote it, or None: then there is no such thing."""
    try:
        return UUID(text)
    except ValueError:
        return None


def _restriction(one: StoredRestriction, creditor: str) -> RestrictionAnswer:
    return RestrictionAnswer(
        id=str(one.id),
        kind=RestrictionKind(one.kind),
        creditor=creditor,
        since=one.since,
        source=one.source,
        until=one.until,
        channel=None if one.channel is None else Channel(one.channel),
        all_creditors=one.creditor is None,
        evidence=one.evidence,
        lifted_at=one.lifted_at,
    )


async def _person(rt: Runtime, caller: Caller, creditor: str, borrower_id: str) -> Person | None:
    return await find_person(rt.pool, rt.vault.borrower_token(caller.namespace_for(creditor), borrower_id))


async def _whom(rt: Runtime, caller: Caller, creditor: str, borrower_id: str) -> _Whom:
    namespace = caller.namespace_for(creditor)
    token = rt.vault.borrower_token(namespace, borrower_id)
    person = await find_person(rt.pool, token)
    subject = UUID(bytes=rt.random(16), version=4) if person is None else person.subject
    return _Whom(namespace=namespace, token=token, subject=subject)


def _invalid(pointer: str, message: str, hint: str) -> Invalid:
    return Invalid(faults=(FieldFault(pointer=pointer, message=message, hint=hint),))
