"""The case files that ship, parsed, and what each shipped rule answers in them."""

from collections import defaultdict
from functools import cache

from config.documents import Document, load_document
from config.files import read_cases, read_packs
from tests.fakes.decisions import pack
from throttling.case import Case
from throttling.case_file import parse_cases
from throttling.case_run import run_cases
from throttling.decision import Outcome
from throttling.localtime import tzdb_version

PACKS = {one.id: one for one in (pack(text, name) for name, text in read_packs().items())}
BINDS = {Outcome.DENY, Outcome.DEFER, Outcome.WARN, Outcome.SHADOW}


def _cases_of(name: str, text: str) -> list[Case]:
    document = load_document(name, text)
    assert isinstance(document, Document), document
    found = parse_cases(name, document.value, document.line_of, PACKS)
    cases = [one for one in found if isinstance(one, Case)]
    assert len(cases) == len(found), [str(one) for one in found]
    return cases


CASES = {f"{name}:{case.id}": case for name, text in read_cases().items() for case in _cases_of(name, text)}


@cache
def answers_in_cases() -> dict[str, set[Outcome]]:
    """Return the outcomes that each rule has in the cases that name it in what they expect.

    A rule that looks on while a case is about another shows nothing of itself.
    """
    found: dict[str, set[Outcome]] = defaultdict(set)
    for result in run_cases(list(CASES.values()), PACKS, tzdb=tzdb_version()):
        expected, decision = result.case.expected, result.decision
        assert decision is not None, result.misses
        said = {answer.rule: answer.outcome for answer in decision.rules}
        warned = [text.partition(":")[0] for text in expected.warnings]
        for rule in {str(rule) for rule in (*expected.rules, *warned, expected.binding)} & said.keys():
            found[rule].add(said[rule])
    return found


def on_both_sides() -> set[str]:
    """Return the rules that some case sees let a request through, and another sees forbid it or warn.

    Of what is forbidden outright (`forbid`) nothing passes; to let through is to be excepted, or not to apply.
    """
    kinds = {str(rule.id): rule.kind for one in PACKS.values() for rule in one.rules}
    return {
        rule
        for rule, seen in answers_in_cases().items()
        if seen & BINDS and (Outcome.NOT_APPLICABLE if kinds.get(rule) == "forbid" else Outcome.PASS) in seen
    }
