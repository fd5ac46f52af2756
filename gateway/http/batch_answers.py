"""What a batch answers for each of its items, in the order sent."""

from msgspec import Struct

from gateway.answers import CompactAnswer, CompactDecision, ContactAnswer, DecisionBody
from gateway.http.problems import Problem


class BatchContact(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One item's answer: `status` is what a single request would have got, with `contact` or `problem`."""

    index: int
    status: int
    idempotency_key: str | None = None
    replayed: bool = False
    contact: CompactAnswer | None = None
    problem: Problem | None = None


class BatchContactFull(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The same with the whole decision (`?decision=full`)."""

    index: int
    status: int
    idempotency_key: str | None = None
    replayed: bool = False
    contact: ContactAnswer | None = None
    problem: Problem | None = None


class BatchDecision(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One item's decision in short, or its problem."""

    index: int
    status: int
    decision: CompactDecision | None = None
    problem: Problem | None = None


class BatchDecisionFull(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One item's whole decision (`?decision=full`), or its problem."""

    index: int
    status: int
    decision: DecisionBody | None = None
    problem: Problem | None = None


class BatchContacts(Struct, frozen=True, kw_only=True):
    """The answers of a batch of contacts."""

    items: tuple[BatchContact, ...]


class BatchContactsFull(Struct, frozen=True, kw_only=True):
    """The answers of a batch of contacts, decisions whole."""

    items: tuple[BatchContactFull, ...]


class BatchDecisions(Struct, frozen=True, kw_only=True):
    """The answers of a batch of decisions."""

    items: tuple[BatchDecision, ...]


class BatchDecisionsFull(Struct, frozen=True, kw_only=True):
    """The answers of a batch of decisions, whole."""

    items: tuple[BatchDecisionFull, ...]


def compact_decision(decision: DecisionBody) -> CompactDecision:
    """Return the decision in one line; the binding rule is the one whose code and outcome the decision bears."""
    binding = next(
        (
            answer.rule
            for answer in decision.rules
            if answer.code == decision.code and answer.outcome.value == decision.verdict.value
        ),
        None,
    )
    return CompactDecision(
        verdict=decision.verdict,
        code=decision.code,
        explanation=decision.explanation,
        rule=binding,
        until=decision.until,
    )


def compact_contact(answer: ContactAnswer) -> CompactAnswer:
    """Return the contact with its decision in one line."""
    return CompactAnswer(
        id=answer.id,
        status=answer.status,
        creditor=answer.creditor,
        channel=answer.channel,
        created_at=answer.created_at,
        expires_at=answer.expires_at,
        decision=None if answer.decision is None else compact_decision(answer.decision),
        reference=answer.reference,
        due_at=answer.due_at,
    )
