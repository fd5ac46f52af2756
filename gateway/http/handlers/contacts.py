"""Contacts: accept, read, list, stop, and the feed of their changes."""

from gateway.answers import ContactState
from gateway.flows import Accepted, Conflict, ContactQuery, Flows, Invalid, Missing, TooLate
from gateway.http.call import Call, creditor_of
from gateway.http.problems import Refusal
from gateway.http.queries import ChangesQuery, ContactsQuery
from gateway.http.reply import Reply, encode, reply
from gateway.wire import CancelOneRequest, CancelRequest, ContactRequest

REPLAYED = (("X-Forbear-Replayed", "true"),)


async def create_contact(flows: Flows, call: Call[ContactRequest, None]) -> Reply | Refusal:
    """Record one contact request and answer with its decision."""
    outcome = await flows.accept(call.caller, call.body, idempotency_key=call.idempotency_key, raw=call.raw)
    match outcome:
        case Accepted():
            return Reply(
                status=accepted_status(outcome),
                body=encode(outcome.answer) if outcome.body is None else outcome.body,
                headers=REPLAYED if outcome.replayed else (),
            )
        case Conflict():
            return Refusal(code="idempotency-conflict")
        case Invalid():
            return Refusal(code="invalid-body", faults=outcome.faults)


def accepted_status(outcome: Accepted) -> int:
    """202 if something is still to happen, 200 if the contact was denied: a deny is an answer, not an error."""
    return 200 if outcome.answer.status is ContactState.DENIED else 202


async def get_contact(flows: Flows, call: Call[None, None]) -> Reply | Refusal:
    """Return one contact."""
    answer = await flows.get_contact(call.caller, call.path["id"])
    return Refusal(code="not-found") if isinstance(answer, Missing) else reply(answer)


async def list_contacts(flows: Flows, call: Call[None, ContactsQuery]) -> Reply | Refusal:
    """Return a page of contacts."""
    asked = call.query
    creditor = creditor_of(call.caller, asked.creditor)
    if isinstance(creditor, Refusal):
        return creditor
    query = ContactQuery(
        creditor=creditor, borrower=asked.borrower, reference=asked.reference, state=asked.state
    )
    page = await flows.list_contacts(call.caller, query, asked.cursor, asked.limit)
    return Refusal(code="invalid-query", faults=page.faults) if isinstance(page, Invalid) else reply(page)


async def cancel_contact(flows: Flows, call: Call[CancelOneRequest, None]) -> Reply | Refusal:
    """Stop one contact."""
    answer = await flows.cancel_contact(call.caller, call.path["id"], call.body.reason)
    match answer:
        case TooLate():
            return Refusal(code="too-late", detail=f"The contact is {answer.state.value}.")
        case Missing():
            return Refusal(code="not-found")
        case _:
            return reply(answer)


async def cancel_contacts(flows: Flows, call: Call[CancelRequest, None]) -> Reply:
    """Stop everything scheduled for a borrower, debt, reference or creditor."""
    return reply(await flows.cancel_contacts(call.caller, call.body))


async def list_changes(flows: Flows, call: Call[None, ChangesQuery]) -> Reply | Refusal:
    """Return what changed after a cursor."""
    creditor = creditor_of(call.caller, call.query.creditor)
    if isinstance(creditor, Refusal):
        return creditor
    answer = await flows.changes(call.caller, creditor, call.query.after, call.query.limit)
    return (
        Refusal(code="invalid-query", faults=answer.faults) if isinstance(answer, Invalid) else reply(answer)
    )
