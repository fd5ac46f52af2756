"""Decisions as a caller reads them: every rule that looked, in figures and in a sentence, with his own debt ids."""

from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from gateway.answers import DecisionBody, RuleBody, ZoneBody
from gateway.wire import ContactRequest
from throttling.decision import NOT_APPLICABLE, Decision, RuleAnswer
from throttling.explain import explain, explain_decision
from throttling.facts import Request, ZoneEvidence

ANSWERS_MAX = 8_192  # different answers remembered; some hundred bytes each

# Codes that the gateway itself adds: the caller's own wishes, which can only make a decision stricter.
OWN_CODES = {
    "not-before": "The request itself asks to wait until then.",
    "expires-before-allowed": "The request expires before the first permitted time.",
    "closed-now": "Contact is not permitted now, and the request asks not to wait.",
}


def decision_body(
    decision: Decision, request: ContactRequest, asked: Request, *, all_rules: bool = False
) -> DecisionBody:
    """The decision in full. Rules that do not apply to the request are left out unless `all_rules`."""
    debts = debt_names(request, asked)
    return DecisionBody(
        verdict=decision.verdict,
        code=decision.code,
        explanation=sentence(decision),
        at=decision.at,
        until=decision.until,
        valid_until=decision.valid_until,
        policy=decision.policy,
        tzdb=decision.tzdb,
        zones=tuple([_zone(zone, decision.at) for zone in decision.zones]),
        rules=tuple(
            [
                _rule(answer, debts)
                for answer in decision.rules
                if all_rules or answer.outcome is not NOT_APPLICABLE
            ]
        ),
        warnings=decision.warnings,
    )


def sentence(decision: Decision) -> str:
    """Why the verdict is what it is, in one sentence."""
    return OWN_CODES.get(decision.code) or explain_decision(decision)


def debt_names(request: ContactRequest, asked: Request) -> dict[str, str]:
    """The caller's debt ids by token: a decision knows tokens only."""
    names = {}
    for item, debt in zip(request.debts, asked.debts, strict=True):
        names[debt.token] = item.id
        if debt.group is not None and item.group is not None:
            names[debt.group] = item.group
    return names


def _zone(evidence: ZoneEvidence, at: datetime) -> ZoneBody:
    return ZoneBody(
        zone=evidence.zone,
        kind=evidence.kind,
        source=evidence.source,
        local=at.astimezone(ZoneInfo(evidence.zone)).isoformat(timespec="seconds"),
        as_of=evidence.as_of,
    )


def _rule(answer: RuleAnswer, debts: dict[str, str]) -> RuleBody:
    if answer.debt is None:
        return _told(answer)
    body = _told(msgspec.structs.replace(answer, debt=None))
    return msgspec.structs.replace(body, debt=debts.get(answer.debt))


@lru_cache(maxsize=ANSWERS_MAX)
def _told(answer: RuleAnswer) -> RuleBody:
    """The same few answers are given again and again: sentences are made once. Nothing of a person is among them."""
    return RuleBody(
        rule=answer.rule,
        pack=answer.pack,
        version=answer.version,
        citation=answer.citation,
        confidence=answer.confidence,
        force=answer.force,
        outcome=answer.outcome,
        code=answer.code,
        explanation=explain(answer),
        used=answer.used,
        limit=answer.limit,
        window=answer.window,
        until=answer.until,
    )
