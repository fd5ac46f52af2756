"""The hand-off, top to bottom: facts with versions, decide, permit in one statement, send once, record what came of it.

The protocol and its failure cases are in docs/hand-off.md. Three things hold on every line here: no lock outlives a
statement, nothing is sent without a permit that is still live, and what was sent is never sent again by us.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from audit.record import clean_code
from channels.base import Adapter, Outcome, RefusalKind, Refused, Unknown
from gateway import leaves, metrics
from gateway.attempt import Settlement, given_up, settle
from gateway.errors import ForbearError
from gateway.lease import PermitLease
from gateway.logs import get_logger
from gateway.opt_out import believe_provider
from gateway.prepare import Left, Preparing, Ready, prepare
from gateway.providers import Route
from gateway.receipts import join_receipts
from gateway.runtime import Runtime
from gateway.store.codes import Permitting, Settling
from gateway.store.columns import Move, Settle
from gateway.store.faults import AWAY
from gateway.store.handing import Handing, load_handing
from gateway.vault import VaultError
from throttling.facts import Event
from throttling.ledger import LedgerAway

DECIDE_AGAIN = frozenset({Permitting.CHANGED, Permitting.POLICY, Permitting.LATE, Permitting.BUSY})
JOIN_LATER: tuple[type[Exception], ...] = (*AWAY, ForbearError)

log = get_logger()


class Permitted(msgspec.Struct, frozen=True, kw_only=True):
    """A message with a live permit."""

    ready: Ready
    lease: PermitLease


class Handed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a group: messages to send now, and contacts to decide again at once."""

    permitted: list[Permitted]
    again: list[UUID]


async def permit_group(rt: Runtime, route: Route, contacts: Sequence[UUID]) -> Handed:
    """Decide these contacts on fresh facts and get permits for those that may go; the rest is recorded or left.

    `contacts` are no more than the pace slots that the caller holds. Raises StoreAway and StoreBusy: a permit that
    nobody heard of is never used and ends as unknown, by the sweep.
    """
    began_s, at = rt.clock.boottime_s(), rt.clock.now()
    rows = await load_handing(rt.pool, contacts, at)
    ready, moves = await _prepare_group(rt, route, rows, at)
    codes, _ = await asyncio.gather(_permit(rt, ready), _record_moves(rt, moves))
    permitted, again = [], []
    for one, code in zip(ready, codes, strict=True):
        if code is Permitting.PERMITTED:
            lease = PermitLease(rt.clock, began_s=began_s, at=at, not_after=one.permit.not_after)
            permitted.append(Permitted(ready=one, lease=lease))
        elif code in DECIDE_AGAIN:
            again.append(one.contact.id)
    for code, count in Counter(codes).items():
        metrics.permits.labels(code=code.name.lower()).inc(count)
    if Permitting.SKEW in codes:
        log.error("clock_skew", account=route.account)
    if Permitting.POLICY in codes:
        await rt.policy.look()
    gone = {one.ready.contact.id for one in permitted} | {move.contact for move in moves}
    await _forget_pending(rt, [row for row in rows if row.id in gone])
    return Handed(permitted=permitted, again=again)


async def send_all(rt: Runtime, route: Route, adapter: Adapter, permitted: Sequence[Permitted]) -> None:
    """Send each permitted message once and record each outcome; returns when all are recorded."""
    async with asyncio.TaskGroup() as group:
        for one in permitted:
            group.create_task(_send(rt, route, adapter, one))


async def _prepare_group(
    rt: Runtime, route: Route, rows: Sequence[Handing], at: datetime
) -> tuple[list[Ready], list[Move]]:
    """Decide in turn: a later contact of the same person counts the earlier ones of this group."""
    by = Preparing(at=at, policy=rt.policy.current(), route=route, vault=rt.vault, random=rt.random)
    seen: dict[int, tuple[Event, ...]] = {}
    ready: list[Ready] = []
    moves: list[Move] = []
    for row in rows:
        try:
            await rt.creditors.find(row.creditor)
        except VaultError:
            log.exception("creditor.key_broken", creditor=row.creditor)  # theirs wait; the others' do not
            continue
        template = await rt.policy.template(row.template)
        match prepare(row, template, seen.get(row.borrower_id, ()), by):
            case Ready() as one:
                ready.append(one)
                seen[row.borrower_id] = (*seen.get(row.borrower_id, ()), one.counts_as)
            case Move() as move:
                moves.append(move)
            case Left():
                pass
    return ready, moves


async def _permit(rt: Runtime, ready: Sequence[Ready]) -> list[Permitting]:
    if not ready:
        return []
    return [Permitting(code) for code in await rt.permitting.write_all([one.permit for one in ready])]


async def _record_moves(rt: Runtime, moves: Sequence[Move]) -> None:
    """Record them, or leave them waiting, to be decided again: permits just given must not go unused over it."""
    if moves:
        try:
            await rt.moving.write_all(moves)
        except ForbearError as fault:
            log.warning("moves.not_recorded", count=len(moves), error=type(fault).__name__)


async def _forget_pending(rt: Runtime, gone: Sequence[Handing]) -> None:
    """Drop the places that these contacts took at acceptance. Without Redis they end by themselves."""
    try:
        await asyncio.gather(*(rt.ledger.drop(row.borrower.hex(), str(row.id)) for row in gone))
    except LedgerAway:
        return


async def _send(rt: Runtime, route: Route, adapter: Adapter, permitted: Permitted) -> None:
    outcome: Outcome = Unknown(reason="cancelled")
    try:
        outcome = await adapter.send(permitted.ready.message, permitted.lease)
    except Exception as fault:
        # An adapter promises an outcome and may be a stranger's code: whatever it raises instead, it may have sent.
        log.exception("adapter.fault", account=route.account, attempt=permitted.ready.message.attempt_id)
        outcome = Unknown(reason=f"adapter-fault:{type(fault).__name__}")
    finally:
        # Also when this task is cancelled: what may have left must never be taken for something that did not.
        await asyncio.shield(_record(rt, route, permitted.ready, outcome))


async def _record(rt: Runtime, route: Route, ready: Ready, outcome: Outcome) -> None:
    """Write the outcome, as often as it takes: only this process knows it."""
    at = rt.clock.now()
    contact = ready.contact
    settlement = settle(outcome, tries=contact.tries + 1, expires_at=contact.expires_at, at=at)
    metrics.outcomes.labels(account=route.account, state=settlement.state.value).inc()
    if isinstance(outcome, Refused) and outcome.kind is RefusalKind.CONSENT:
        try:
            await believe_provider(rt, contact, at)
        except ForbearError as fault:
            log.critical("opt_out.lost", attempt=ready.permit.attempt, error=type(fault).__name__)
    try:
        code = Settling(await rt.settling.write(_settled(ready, settlement, at)))
        late = given_up(settlement) if code is Settling.SETTLED_BEFORE else None
        if late is not None:
            await rt.settling.write(_settled(ready, late, at))
    except ForbearError as fault:
        # The sweep will say unknown. What other contacts of the group become does not depend on it.
        log.critical("outcome.lost", attempt=ready.permit.attempt, error=type(fault).__name__)
        return
    if code is Settling.RECEIPTS_WAIT and settlement.provider_id is not None:
        try:
            await join_receipts(rt, route.account, settlement.provider_id)
        except JOIN_LATER as fault:
            log.warning("receipts.not_joined", error=type(fault).__name__)  # the sweep joins them


def _settled(ready: Ready, settlement: Settlement, at: datetime) -> Settle:
    contact, attempt = ready.contact, ready.permit.attempt
    return Settle(
        attempt=attempt,
        from_states=",".join(settlement.come_from),
        state=settlement.state.value,
        contact=contact.id,
        contact_state=settlement.contact.value,
        due_at=settlement.due_at,
        release=settlement.release,
        code=clean_code(settlement.code),
        provider_id=settlement.provider_id,
        at=at,
        creditor=contact.creditor,
        leaf=leaves.outcome(
            attempt,
            contact.id,
            settlement.state,
            settlement.contact,
            settlement.code,
            settlement.provider_id,
            at,
        ),
    )
