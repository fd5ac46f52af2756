"""Opt-outs that arrive by API, for an address or a borrower; the answer comes when nothing they forbid can leave."""

from datetime import datetime
from functools import partial
from uuid import UUID

import msgspec

from gateway import fact_leaves
from gateway.address import AddressFault, parse_address
from gateway.answers import OptOutAnswer
from gateway.flows import UNKNOWN_CREDITOR, FieldFault, Invalid
from gateway.ids import new_id
from gateway.keys import Caller
from gateway.opt_out import complete
from gateway.runtime import Runtime
from gateway.store.columns import FactSeen
from gateway.store.opt_outs import live_permits
from gateway.told import Whom, find_or_name, invalid, undatable
from gateway.wire import OptOutRequest
from throttling.facts import SuppressionScope


class _Whose(msgspec.Struct, frozen=True, kw_only=True):
    """Whose messages stop: those to an address, or those to a borrower."""

    address: bytes | None = None
    borrower: Whom | None = None


async def opt_out(rt: Runtime, caller: Caller, request: OptOutRequest) -> OptOutAnswer | Invalid:
    """Record the opt-out and return when no permit it forbids is live any more."""
    at = rt.clock.now()
    if await rt.creditors.find(request.creditor) is None:
        return Invalid(faults=(UNKNOWN_CREDITOR,))
    faults = _opt_out_faults(request)
    if faults:
        return Invalid(faults=faults)
    if (wrong := undatable(at=request.at)) is not None:
        return wrong
    whose = await _whose(rt, caller, request)
    if isinstance(whose, Invalid):
        return whose
    optout = new_id(at, rt.random)
    await rt.facts.write(_fact(rt, request, whose, optout, at))
    token = None if whose.borrower is None else whose.borrower.token
    addresses = () if whose.address is None else (whose.address,)
    free = partial(live_permits, rt.pool, addresses=addresses, borrower=token)
    completed_at = await complete(rt, optout, request.creditor, at, until_free=free)
    return OptOutAnswer(id=str(optout), scope=request.scope, since=request.at, completed_at=completed_at)


async def _whose(rt: Runtime, caller: Caller, request: OptOutRequest) -> _Whose | Invalid:
    if request.scope is SuppressionScope.ADDRESS:
        assert request.channel is not None
        assert request.address is not None
        address = parse_address(request.channel, request.address)
        if isinstance(address, AddressFault):
            return invalid("/address", address.message, address.hint)
        return _Whose(address=rt.vault.address_index(address.kind, address.text))
    assert request.borrower is not None
    return _Whose(borrower=await find_or_name(rt, caller, request.creditor, request.borrower))


def _fact(rt: Runtime, request: OptOutRequest, whose: _Whose, optout: UUID, at: datetime) -> FactSeen:
    """The suppression and its leaf. An address stops for every creditor: it may belong to somebody else by now."""
    person = whose.borrower
    binds = None if request.all_creditors or person is None else request.creditor
    return FactSeen(
        table="suppression",
        act="add",
        id=optout,
        at=at,
        since=request.at,
        creditor=binds,
        log=request.creditor,
        kind="optout.received",
        leaf=fact_leaves.opted_out(
            optout,
            scope=request.scope.value,
            channel=None if request.channel is None else request.channel.value,
            creditor=binds,
            subject=None if person is None else person.subject,
            contact=None,
            source=request.source,
            at=at,
        ),
        scope=request.scope.value,
        channel=_suppressed_channel(request),
        source=request.source,
        evidence=request.evidence,
        address=whose.address,
        borrower=None if person is None else person.token,
        subject=None if person is None else person.subject,
        namespace=None if person is None else person.namespace,
        debts=None
        if person is None or request.debt is None
        else rt.vault.debt_token(person.namespace, request.debt),
    )


def _suppressed_channel(request: OptOutRequest) -> str | None:
    """The one channel that is closed. Every other scope closes all: the channel only tells where the stop was heard."""
    if request.scope is not SuppressionScope.CHANNEL or request.channel is None:
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
