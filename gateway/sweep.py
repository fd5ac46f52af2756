"""The sweep: finishes what a crash left open, driven by the journal and nothing else.

A permit whose answer never came becomes unknown; a contact that waited past its expiry ends; receipts that waited for
an attempt are joined; old idempotency keys are forgotten. Doing any of it twice changes nothing.
"""

import asyncio
from datetime import timedelta
from typing import Final

from gateway import leaves, metrics
from gateway.answers import ContactState
from gateway.attempt import FROM, AttemptState
from gateway.errors import ForbearError
from gateway.logs import get_logger
from gateway.receipts import join_receipts
from gateway.runtime import Runtime
from gateway.store.codes import Moving, Settling
from gateway.store.columns import Move, Settle
from gateway.store.faults import AWAY
from gateway.store.sweeping import (
    clock_difference,
    expired_contacts,
    forget_old_keys,
    joinable_receipts,
    oldest_due,
    overdue_attempts,
)

PERIOD_S: Final = 1.0
GRACE: Final = timedelta(seconds=1)  # after the adapter's answer deadline, before an attempt is unknown
LIMIT: Final = 500

PAUSES: Final[tuple[type[Exception], ...]] = (*AWAY, ForbearError)

log = get_logger()


async def sweep_for_ever(rt: Runtime) -> None:
    """Sweep every second until cancelled; a sweep that fails is tried again."""
    while True:
        try:
            await sweep_once(rt)
        except PAUSES as fault:
            log.warning("sweep.failed", error=type(fault).__name__)
        await asyncio.sleep(PERIOD_S)


async def sweep_once(rt: Runtime) -> None:
    """Finish everything that is overdue now; nothing where our clock and the database's disagree about now."""
    skew = await clock_difference(rt.pool, rt.clock.now())
    if abs(skew) > rt.skew_max:
        log.error("sweep.clock_skew", skew_ms=int(skew.total_seconds() * 1000))
        return
    await _give_up_waiting(rt)
    await _expire(rt)
    for account, provider_id in await joinable_receipts(rt.pool, LIMIT):
        await join_receipts(rt, account, provider_id)
    await forget_old_keys(rt.pool, rt.clock.now())
    for channel, age_s in await oldest_due(rt.pool, rt.clock.now()):
        metrics.oldest_due_seconds.labels(channel=channel).set(age_s)


async def _give_up_waiting(rt: Runtime) -> None:
    """Attempts past their answer deadline: we cannot know, so we say so, and never send them again."""
    at = rt.clock.now()
    overdue = await overdue_attempts(rt.pool, at - GRACE, LIMIT)
    if not overdue:
        return
    items = [
        Settle(
            attempt=one.attempt,
            from_states=",".join(FROM[AttemptState.UNKNOWN]),
            state=AttemptState.UNKNOWN.value,
            contact=one.contact,
            contact_state=ContactState.UNKNOWN.value,
            due_at=None,
            release=False,
            code="no-answer",
            provider_id=None,
            at=at,
            creditor=one.creditor,
            leaf=leaves.outcome(
                one.attempt, one.contact, AttemptState.UNKNOWN, ContactState.UNKNOWN, "no-answer", None, at
            ),
        )
        for one in overdue
    ]
    codes = await rt.settling.write_all(items)
    count = sum(code != Settling.SETTLED_BEFORE for code in codes)
    if count:
        metrics.swept.labels(code="unknown").inc(count)
        log.warning("sweep.unknown", count=count)


async def _expire(rt: Runtime) -> None:
    at = rt.clock.now()
    waiting = await expired_contacts(rt.pool, at, LIMIT)
    if not waiting:
        return
    codes = await rt.moving.write_all(
        [
            Move(
                contact=one.contact,
                creditor=one.creditor,
                state=ContactState.EXPIRED.value,
                due_at=None,
                decision=None,
                at=at,
                kind="contact.state",
                leaf=leaves.moved(one.contact, one.state, ContactState.EXPIRED, "expired", None, at),
            )
            for one in waiting
        ]
    )
    metrics.swept.labels(code="expired").inc(sum(code == Moving.MOVED for code in codes))
