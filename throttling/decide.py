"""May this contact go out: now, later, or never? One pure question, asked at acceptance and again before sending."""

from datetime import date, datetime, timedelta

import msgspec

from throttling.decision import Decision, Outcome, RuleAnswer, Verdict
from throttling.facts import Facts
from throttling.moment import Look, Moment, later, observe
from throttling.pack import Effective
from throttling.rule_set import LoadedRule, RuleSet, Selection

# A search visits a few instants (openings, midnights). More than this is a rule that does not move on: no permit.
MAX_STEPS = 1000
# Local dates differ from UTC's by at most fourteen hours; used for dates in force when no zone is known.
WIDEST_OFFSET = timedelta(hours=14)


def decide(facts: Facts, rules: RuleSet, at: datetime) -> Decision:
    """Judge one request at one instant (aware UTC) by every rule that binds it; the strictest answer wins.

    Deny beats defer beats allow. A deferral's `until` is the first instant at which *all* rules pass if nothing else
    happens; if there is none before the horizon the verdict is deny, `no-permitted-time`, and never "no restriction".
    """
    selection = rules.select(facts.request)
    moment = observe(facts, at, rules.horizon_days)
    if selection.refusal is not None:
        return _refused(rules, moment, selection.refusal)
    looks = [_look(rule, moment) for rule in selection.rules]
    denial = first_with(looks, Outcome.DENY)
    if denial is not None:
        return _denied(rules, moment, selection, looks, denial)
    deferral = _longest(looks)
    if deferral is None:
        return _decision(rules, moment, selection, looks, Verdict.ALLOW, None)
    until = next_permitted(selection, moment, looks)
    if until is None:
        return _never(rules, moment, selection, looks, deferral)
    return _decision(rules, moment, selection, looks, Verdict.DEFER, deferral, until=until)


def next_permitted(selection: Selection, moment: Moment, looks: list[Look]) -> datetime | None:
    """Find the first instant at which no rule of the selection forbids, with history fixed; None within the horizon.

    Each forbidding answer names an instant before which it will not pass; jumping to the latest of them skips nothing.
    """
    for _ in range(MAX_STEPS):
        forbidding = [answer for answer, _ in looks if answer.outcome in (Outcome.DENY, Outcome.DEFER)]
        if not forbidding:
            return moment.at
        untils = [answer.until for answer in forbidding if answer.until is not None]
        if len(untils) < len(forbidding) or max(untils) >= moment.horizon_end:
            return None
        moment = later(moment, max(untils))
        looks = [_look(rule, moment) for rule in selection.rules]
    return None


def first_with(looks: list[Look], outcome: Outcome) -> RuleAnswer | None:
    """Return the first answer of this outcome: rules are asked in order of what binds for good."""
    for answer, _ in looks:
        if answer.outcome is outcome:
            return answer
    return None


def _look(rule: LoadedRule, moment: Moment) -> Look:
    """Ask one rule; dates in force, an unknown zone and a rule that only warns are the same for every kind."""
    if rule.effective is None:
        return _ask(rule, moment)
    if not _in_force(rule.effective, moment):
        return rule.not_in_force, moment.midnight or moment.horizon_moves_at
    answer, stable_until = _ask(rule, moment)
    midnight = moment.midnight or moment.horizon_moves_at
    return answer, midnight if stable_until is None else min(stable_until, midnight)


def _ask(rule: LoadedRule, moment: Moment) -> Look:
    if rule.needs_zone and not moment.places:
        return rule.zone_unknown, None
    answer, stable_until = rule.judge(moment)
    if rule.warns and answer.outcome is not Outcome.PASS:
        return msgspec.structs.replace(answer, outcome=Outcome.WARN), None
    return answer, stable_until


def _in_force(effective: Effective, moment: Moment) -> bool:
    """A rule is in force as soon as it is in any place, and until it has ended in all of them."""
    if moment.places:
        first = min(place.day for place in moment.places)
        last = max(place.civil for place in moment.places)
    else:
        first = (moment.at - WIDEST_OFFSET).toordinal()
        last = (moment.at + WIDEST_OFFSET).toordinal()
    begun = effective.from_ is None or date.fromordinal(last) >= effective.from_
    return begun and (effective.until is None or date.fromordinal(first) <= effective.until)


def _longest(looks: list[Look]) -> RuleAnswer | None:
    """Return the deferring answer that ends last (of equals the first)."""
    longest: RuleAnswer | None = None
    for answer, _ in looks:
        if answer.outcome is not Outcome.DEFER or answer.until is None:
            continue
        if longest is None or longest.until is None or answer.until > longest.until:
            longest = answer
    return longest


def _refused(rules: RuleSet, moment: Moment, code: str) -> Decision:
    nothing = Selection(rules=(), skipped=(), warnings=(), refusal=code)
    return _decision(rules, moment, nothing, [], Verdict.DENY, None, code=code)


def _denied(
    rules: RuleSet, moment: Moment, selection: Selection, looks: list[Look], denial: RuleAnswer
) -> Decision:
    """A denial stands as long as the longest of the denying answers does."""
    stable = [until for answer, until in looks if answer.outcome is Outcome.DENY]
    ends = [until for until in stable if until is not None]
    lasting = [(denial, max(ends) if len(ends) == len(stable) else None)]
    decision = _decision(rules, moment, selection, looks, Verdict.DENY, denial)
    return msgspec.structs.replace(decision, valid_until=_valid_until(moment, lasting))


def _never(
    rules: RuleSet, moment: Moment, selection: Selection, looks: list[Look], deferral: RuleAnswer
) -> Decision:
    decision = _decision(rules, moment, selection, looks, Verdict.DENY, deferral, code="no-permitted-time")
    return msgspec.structs.replace(decision, valid_until=min(decision.valid_until, moment.horizon_moves_at))


def _decision(
    rules: RuleSet,
    moment: Moment,
    selection: Selection,
    looks: list[Look],
    verdict: Verdict,
    binding: RuleAnswer | None,
    *,
    until: datetime | None = None,
    code: str | None = None,
) -> Decision:
    answers = [answer for answer, _ in looks]
    warned = [f"{answer.rule}:{answer.code}" for answer in answers if answer.outcome is Outcome.WARN]
    return Decision(
        verdict=verdict,
        at=moment.at,
        until=until,
        valid_until=_valid_until(moment, looks),
        rules=(*answers, *selection.skipped),
        zones=moment.request.zones,
        warnings=(*selection.warnings, *warned),
        policy=rules.digest,
        tzdb=rules.tzdb,
        code=code or (binding.code if binding is not None else "ok"),
        binding=binding.rule if binding is not None else None,
    )


def _valid_until(moment: Moment, looks: list[Look]) -> datetime:
    """Return the first instant at which an answer or a counting day could change; the horizon's end if none can."""
    ends = [until for _, until in looks if until is not None]
    return min(ends) if ends else moment.horizon_end
