"""Decisions without effects: would this contact be allowed, and when may a borrower be contacted."""

from gateway.flows import Flows, Invalid, Missing
from gateway.http.call import Call, creditor_of
from gateway.http.problems import Refusal
from gateway.http.queries import CreditorQuery
from gateway.http.reply import Reply, reply
from gateway.wire import DecisionRequest


async def create_decision(flows: Flows, call: Call[DecisionRequest, None]) -> Reply | Refusal:
    """Answer what would happen to a contact request, now or under supposed facts."""
    asked = call.body
    answer = await flows.decide(call.caller, asked, at=asked.at, packs=asked.packs, facts=asked.facts)
    return (
        Refusal(code="invalid-body", faults=answer.faults) if isinstance(answer, Invalid) else reply(answer)
    )


async def get_availability(flows: Flows, call: Call[None, CreditorQuery]) -> Reply | Refusal:
    """Return per channel when a borrower may be contacted."""
    creditor = creditor_of(call.caller, call.query.creditor)
    if isinstance(creditor, Refusal):
        return creditor
    answer = await flows.availability(call.caller, call.path["borrower"], creditor)
    return Refusal(code="not-found") if isinstance(answer, Missing) else reply(answer)
