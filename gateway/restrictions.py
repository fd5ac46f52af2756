"""Standing reasons not to contact a borrower, with dates and evidence: recorded, listed, lifted."""

import msgspec

from gateway import fact_leaves
from gateway.answers import RestrictionAnswer, RestrictionList
from gateway.flows import UNKNOWN_CREDITOR, Invalid, Missing
from gateway.ids import new_id
from gateway.keys import Caller
from gateway.runtime import Runtime
from gateway.store.columns import FactSeen
from gateway.store.told import StoredRestriction, find_restriction, find_restrictions
from gateway.told import as_uuid, find_known, find_or_name, invalid, undatable
from gateway.wire import LiftRequest, RestrictionKind, RestrictionRequest
from throttling.facts import Channel


async def add_restriction(
    rt: Runtime, caller: Caller, borrower_id: str, request: RestrictionRequest
) -> RestrictionAnswer | Invalid:
    """Record a restriction, in force from its date on."""
    at = rt.clock.now()
    if await rt.creditors.find(request.creditor) is None:
        return Invalid(faults=(UNKNOWN_CREDITOR,))
    if (faults := undatable(since=request.since, until=request.until)) is not None:
        return faults
    if request.until is not None and request.until <= request.since:
        return invalid("/until", "not after since", "leave it out for a restriction without an end")
    whom = await find_or_name(rt, caller, request.creditor, borrower_id)
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
        leaf=fact_leaves.restricted(uid, request, whom.subject, caller.key_id, at),
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
    person = await find_known(rt, caller, creditor, borrower_id)
    if person is None:
        return Missing()
    found = await find_restrictions(rt.pool, person.id, creditor)
    return RestrictionList(items=tuple(_restriction(one, creditor) for one in found))


async def lift_restriction(
    rt: Runtime, caller: Caller, borrower_id: str, restriction_id: str, request: LiftRequest
) -> RestrictionAnswer | Missing:
    """End a restriction; ending it again changes nothing."""
    at = rt.clock.now()
    person = await find_known(rt, caller, request.creditor, borrower_id)
    uid = as_uuid(restriction_id)
    if person is None or uid is None:
        return Missing()
    found = await find_restriction(rt.pool, person.id, request.creditor, uid)
    if found is None or found.recorded_by != request.creditor:
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
                leaf=fact_leaves.lifted(uid, person.subject, caller.key_id, at),
                borrower=rt.vault.borrower_token(namespace, borrower_id),
                subject=person.subject,
                namespace=namespace,
            )
        )
        found = msgspec.structs.replace(found, lifted_at=at)
    return _restriction(found, request.creditor)


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
