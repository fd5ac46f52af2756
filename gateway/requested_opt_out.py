"""Opt-outs that arrive by API, for an address or a borrower; the answer comes when nothing they forbid can leave."""

from functools import partial

import msgspec

from gateway import fact_leaves
from gateway.accept import UNKNOWN_CREDITOR
from gateway.address import AddressFault, parse_address
from gateway.answers import OptOutAnswer
from gateway.flows import FieldFault, Invalid
from gateway.ids import new_id
from gateway.keys import Caller
from gateway.opt_out import complete
from gateway.runtime import Runtime
from gateway.store.columns import FactSeen
from gateway.store.opt_outs import live_permits
from gateway.told import find_or_name, invalid
from gateway.wire import OptOutRequest
from throttling.facts import SuppressionScope


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
        leaf=fact_leaves.opted_out(
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
            return invalid("/address", address.message, address.hint)
        token = rt.vault.address_index(address.kind, address.text)
        fact = msgspec.structs.replace(fact, address=token)
        free = partial(live_permits, rt.pool, address=token)
    else:
        assert request.borrower is not None
        whom = await find_or_name(rt, caller, request.creditor, request.borrower)
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
