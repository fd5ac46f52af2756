"""May this contact go out now, later, or never: one pure question, asked at acceptance and again before sending."""

from datetime import datetime

import msgspec

from throttling.decision import NEAR_LIMIT, WARN, Decision, RuleAnswer, Verdict
from throttling.facts import Facts
from throttling.hearing import Hearing, hear
from throttling.moment import Moment, later, observe
from throttling.rule_set import RuleSet, Selection

# A search visits a few instants (openings, midnights). More than this is a rule that does not move on: no permit.
MAX_STEPS = 1000

ALLOW, DEFER, DENY = Verdict.ALLOW, Verdict.DEFER, Verdict.DENY


class _Ruling(msgspec.Struct, frozen=True):
    """The verdict and what goes with it, before the record is made up."""

    verdict: Verdict
    code: str
    valid_until: datetime
    until: datetime | None = None
    binding: RuleAnswer | None = None


def decide(facts: Facts, rules: RuleSet, at: datetime) -> Decision:
    """Judge one request at one instant (aware UTC) by every rule that binds it; the strictest answer wins.

    Deny beats defer beats allow. A deferral's `until` is the first instant at which *all* rules pass if nothing else
    happens; if there is none before the horizon the verdict is deny, `no-permitted-time`, and never "no restriction".
    """
    selection = rules.select(facts.request)
    moment = observe(facts, at, rules.horizon_days)
    if selection.refusal is not None:
        ruling = _Ruling(DENY, selection.refusal, moment.horizon_end)
        return _decision(rules, moment, selection, hear((), moment), ruling)
    hearing = hear(selection.rules, moment)
    return _decision(rules, moment, selection, hearing, _rule(selection, moment, hearing))


def _rule(selection: Selection, moment: Moment, hearing: Hearing) -> _Ruling:
    """Weigh the answers. A denial stands as long as any denying answer does, all else as long as every answer."""
    stable_until = hearing.stable_until or moment.horizon_end
    if hearing.denial is not None:
        return _Ruling(
            DENY, hearing.denial.code, hearing.denied_until or moment.horizon_end, binding=hearing.denial
        )
    if hearing.deferral is None:
        return _Ruling(ALLOW, "ok", stable_until)
    until = next_permitted(selection, moment, hearing)
    if until is None:
        valid_until = min(stable_until, moment.horizon_moves_at)
        return _Ruling(DENY, "no-permitted-time", valid_until, binding=hearing.deferral)
    return _Ruling(
        DEFER, hearing.deferral.code, min(stable_until, until), until=until, binding=hearing.deferral
    )


def next_permitted(selection: Selection, moment: Moment, hearing: Hearing) -> datetime | None:
    """Find the first instant at which no rule of the selection forbids, with history fixed; None within the horizon.

    Each forbidding answer names an instant before which it will not pass; jumping to the latest of them skips nothing.
    """
    for _ in range(MAX_STEPS):
        if hearing.denial is None and hearing.deferral is None:
            return moment.at
        at = hearing.not_before
        if at is None or at >= moment.horizon_end:
            return None
        moment = later(moment, at)
        hearing = hear(selection.rules, moment)
    return None


def _decision(
    rules: RuleSet, moment: Moment, selection: Selection, hearing: Hearing, ruling: _Ruling
) -> Decision:
    told = [answer for answer in hearing.answers if answer.outcome is WARN or answer.code == NEAR_LIMIT]
    warnings = selection.warnings + tuple([f"{answer.rule}:{answer.code}" for answer in told])
    return Decision(
        verdict=ruling.verdict,
        at=moment.at,
        until=ruling.until,
        valid_until=ruling.valid_until,
        rules=(*hearing.answers, *selection.skipped),
        zones=moment.request.zones,
        warnings=warnings,
        policy=rules.digest,
        tzdb=rules.tzdb,
        code=ruling.code,
        binding=None if ruling.binding is None else ruling.binding.rule,
    )
