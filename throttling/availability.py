"""Answers when this person may be contacted on a channel, and what is left of each cap."""

from datetime import datetime

import msgspec

from throttling.budget import Budget
from throttling.decide import decide
from throttling.decision import NOT_APPLICABLE, Verdict
from throttling.facts import Channel, Facts
from throttling.moment import observe
from throttling.rule_set import RuleSet


class Availability(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict now, the next permitted instant (None: none is known), the rule that binds, and every budget."""

    channel: Channel
    verdict: Verdict
    next_allowed: datetime | None
    code: str
    binding: str | None
    budgets: tuple[Budget, ...]


def availability(facts: Facts, rules: RuleSet, at: datetime) -> Availability:
    """Answer for the channel of `facts.request` at the instant `at`; the same `decide` that judges a contact is asked.

    Budgets are those of the counting rules that bind the request; without a known time zone there are none, since days
    cannot be counted.
    """
    decision = decide(facts, rules, at)
    moment = observe(facts, at, rules.horizon_days)
    looked = {answer.rule for answer in decision.rules if answer.outcome is not NOT_APPLICABLE}
    budgets = [
        rule.budget(moment)
        for rule in rules.select(facts.request).rules
        if rule.budget is not None and moment.places and rule.label.rule in looked
    ]
    return Availability(
        channel=facts.request.channel,
        verdict=decision.verdict,
        next_allowed=at if decision.verdict is Verdict.ALLOW else decision.until,
        code=decision.code,
        binding=decision.binding,
        budgets=tuple(budgets),
    )
