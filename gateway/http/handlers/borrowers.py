"""What is known about a borrower and told by the caller: events, opt-outs, restrictions, consents."""

from gateway.flows import Conflict, Flows, Invalid, Missing
from gateway.http.call import Call, creditor_of
from gateway.http.problems import Refusal
from gateway.http.queries import CreditorQuery
from gateway.http.reply import Reply, reply
from gateway.wire import ConsentRequest, EventReport, LiftRequest, OptOutRequest, RestrictionRequest


async def report_event(flows: Flows, call: Call[EventReport, None]) -> Reply | Refusal:
    """Count a contact that happened elsewhere."""
    outcome = await flows.report_event(
        call.caller, call.body, idempotency_key=call.idempotency_key, raw=call.raw
    )
    match outcome:
        case Conflict():
            return Refusal(code="idempotency-conflict")
        case Invalid():
            return Refusal(code="invalid-body", faults=outcome.faults)
        case _:
            return reply(outcome, 201)


async def opt_out(flows: Flows, call: Call[OptOutRequest, None]) -> Reply | Refusal:
    """Record a "stop"; the answer means that nothing it forbids can leave any more."""
    answer = await flows.opt_out(call.caller, call.body)
    return (
        Refusal(code="invalid-body", faults=answer.faults) if isinstance(answer, Invalid) else reply(answer)
    )


async def add_restriction(flows: Flows, call: Call[RestrictionRequest, None]) -> Reply | Refusal:
    """Record a restriction."""
    answer = await flows.add_restriction(call.caller, call.path["borrower"], call.body)
    return (
        Refusal(code="invalid-body", faults=answer.faults)
        if isinstance(answer, Invalid)
        else reply(answer, 201)
    )


async def list_restrictions(flows: Flows, call: Call[None, CreditorQuery]) -> Reply | Refusal:
    """Return a borrower's restrictions."""
    creditor = creditor_of(call.caller, call.query.creditor)
    if isinstance(creditor, Refusal):
        return creditor
    answer = await flows.list_restrictions(call.caller, call.path["borrower"], creditor)
    return Refusal(code="not-found") if isinstance(answer, Missing) else reply(answer)


async def lift_restriction(flows: Flows, call: Call[LiftRequest, None]) -> Reply | Refusal:
    """End a restriction."""
    path = call.path
    answer = await flows.lift_restriction(call.caller, path["borrower"], path["restriction"], call.body)
    return Refusal(code="not-found") if isinstance(answer, Missing) else reply(answer)


async def add_consent(flows: Flows, call: Call[ConsentRequest, None]) -> Reply | Refusal:
    """Record a consent."""
    answer = await flows.add_consent(call.caller, call.path["borrower"], call.body)
    return (
        Refusal(code="invalid-body", faults=answer.faults)
        if isinstance(answer, Invalid)
        else reply(answer, 201)
    )


async def list_consents(flows: Flows, call: Call[None, CreditorQuery]) -> Reply | Refusal:
    """Return a borrower's consents."""
    creditor = creditor_of(call.caller, call.query.creditor)
    if isinstance(creditor, Refusal):
        return creditor
    answer = await flows.list_consents(call.caller, call.path["borrower"], creditor)
    return Refusal(code="not-found") if isinstance(answer, Missing) else reply(answer)
