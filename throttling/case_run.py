"""Runs cases through `decide` and says where the answer is another than expected."""

from collections.abc import Mapping, Sequence

import msgspec

from throttling.case import Case, ExpectedRule
from throttling.decide import decide
from throttling.decision import NOT_APPLICABLE, Decision, Outcome, RuleAnswer
from throttling.faults import Fault
from throttling.pack import Pack
from throttling.rule_set import RuleSet
from throttling.rules import build_rule_set


class CaseResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one case: every miss in words, and the decision (None if its rules make no rule set)."""

    case: Case
    misses: tuple[str, ...]
    decision: Decision | None

    @property
    def passed(self) -> bool:
        """Whether everything that was expected came out."""
        return not self.misses


def run_cases(cases: Sequence[Case], packs: Mapping[str, Pack], *, tzdb: str) -> list[CaseResult]:
    """Run every case, in order. Packs that cases share are compiled once."""
    compiled: dict[tuple[object, ...], RuleSet | list[Fault]] = {}
    results = []
    for case in cases:
        key = (case.packs, case.horizon_days, None if case.own is None else (case.file, case.line))
        rules = compiled.get(key)
        if rules is None:
            rules = compiled[key] = _compile(case, packs, tzdb)
        results.append(_run(case, rules))
    return results


def _compile(case: Case, packs: Mapping[str, Pack], tzdb: str) -> RuleSet | list[Fault]:
    named = list(packs.values()) if case.packs is None else [packs[name] for name in case.packs]
    own = [] if case.own is None else [case.own]
    return build_rule_set([*named, *own], tzdb=tzdb, digest="cases", horizon_days=case.horizon_days)


def _run(case: Case, rules: RuleSet | list[Fault]) -> CaseResult:
    if not isinstance(rules, RuleSet):
        return CaseResult(case=case, misses=tuple(str(fault) for fault in rules), decision=None)
    decision = decide(case.facts, rules, case.at)
    loaded = {str(rule.label.rule) for rule in rules.rules}
    return CaseResult(case=case, misses=tuple(_misses(case, decision, loaded)), decision=decision)


def _misses(case: Case, decision: Decision, loaded: set[str]) -> list[str]:
    expected = case.expected
    misses = []
    for name in ("verdict", "until", "valid_until", "code", "binding"):
        wanted, found = getattr(expected, name), getattr(decision, name)
        if wanted is not msgspec.UNSET and wanted != found:
            misses.append(f"{name}: expected {wanted}, found {found}")
    misses += [f"no warning {text}" for text in expected.warnings if text not in decision.warnings]
    answers = {answer.rule: answer for answer in decision.rules}
    for rule, said in expected.rules.items():
        if rule not in loaded:
            misses.append(f"{rule}: no such rule is loaded")
        else:
            misses += _rule_misses(rule, said, answers.get(rule))
    return misses


def _rule_misses(rule: str, said: Outcome | ExpectedRule, answer: RuleAnswer | None) -> list[str]:
    wanted = ExpectedRule(outcome=said) if isinstance(said, Outcome) else said
    misses = []
    for name in wanted.__struct_fields__:
        expected = getattr(wanted, name)
        # A rule of another country is not asked at all.
        silent = NOT_APPLICABLE if name == "outcome" else None
        found = silent if answer is None else getattr(answer, name)
        if expected is not msgspec.UNSET and expected != found:
            misses.append(f"{rule} {name}: expected {expected}, found {found}")
    return misses
