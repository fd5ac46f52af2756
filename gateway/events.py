"""What happened elsewhere and counts: an agent's call, a conversation, a letter."""

from datetime import datetime

from gateway import fact_leaves
from gateway.accept import KEEP_KEY
from gateway.answers import EventAnswer
from gateway.flows import UNKNOWN_CREDITOR, Conflict, Invalid
from gateway.ids import new_id
from gateway.keys import Caller
from gateway.runtime import Runtime
from gateway.store.codes import Taking
from gateway.store.columns import FactSeen
from gateway.store.facts import token_run
from gateway.store.told import find_event_key
from gateway.told import find_or_name, invalid, undatable
from gateway.wire import EventReport


async def report_event(
    rt: Runtime, caller: Caller, report: EventReport, *, idempotency_key: str, raw: bytes
) -> EventAnswer | Conflict | Invalid:
    """Count what happened elsewhere, once for each idempotency key."""
    at = rt.clock.now()
    if await rt.creditors.find(report.creditor) is None:
        return Invalid(faults=(UNKNOWN_CREDITOR,))
    if (faults := _time_faults(report, at)) is not None:
        return faults
    whom = await find_or_name(rt, caller, report.creditor, report.borrower)
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
        leaf=fact_leaves.reported(
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


def _time_faults(report: EventReport, at: datetime) -> Invalid | None:
    if (faults := undatable(at=report.at)) is not None:
        return faults
    if report.at > at:
        return invalid("/at", "in the future", "report what has happened, with its own time")
    return None
