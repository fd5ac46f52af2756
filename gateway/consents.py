"""Permissions that borrowers gave: recorded with their evidence, and listed."""

from gateway import fact_leaves
from gateway.address import AddressFault, parse_address
from gateway.answers import ConsentAnswer, ConsentList
from gateway.flows import UNKNOWN_CREDITOR, Invalid, Missing
from gateway.ids import new_id
from gateway.keys import Caller
from gateway.runtime import Runtime
from gateway.store.columns import FactSeen
from gateway.store.told import find_consents
from gateway.told import find_known, find_or_name, invalid, undatable
from gateway.wire import ConsentRequest
from throttling.facts import Channel


async def add_consent(
    rt: Runtime, caller: Caller, borrower_id: str, request: ConsentRequest
) -> ConsentAnswer | Invalid:
    """Record a consent with its evidence."""
    at = rt.clock.now()
    if await rt.creditors.find(request.creditor) is None:
        return Invalid(faults=(UNKNOWN_CREDITOR,))
    if (faults := undatable(given_at=request.given_at, expires_at=request.expires_at)) is not None:
        return faults
    address = _address_token(rt, request)
    if isinstance(address, Invalid):
        return address
    whom = await find_or_name(rt, caller, request.creditor, borrower_id)
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
        leaf=fact_leaves.consented(uid, request, whom.subject, caller.key_id, at),
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


def _address_token(rt: Runtime, request: ConsentRequest) -> bytes | Invalid | None:
    """The token of the address that the consent is for, or None where it is for none in particular."""
    if request.address is None:
        return None
    if request.channel is None:
        return invalid("/channel", "missing: an address needs its channel", "send the channel as well")
    parsed = parse_address(request.channel, request.address)
    if isinstance(parsed, AddressFault):
        return invalid("/address", parsed.message, parsed.hint)
    return rt.vault.address_index(parsed.kind, parsed.text)


async def list_consents(
    rt: Runtime, caller: Caller, borrower_id: str, creditor: str
) -> ConsentList | Missing:
    """Every consent of a borrower towards the creditor."""
    person = await find_known(rt, caller, creditor, borrower_id)
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
