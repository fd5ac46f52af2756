"""What the person agreed to also narrows: times and frequency of a contract bind (Vietnam, Circular 43/2016)."""

from datetime import datetime

import msgspec

from throttling.consenting import ConsentTerms, Held, agreed, both, standing
from throttling.decision import DEFER, DENY, PASS
from throttling.label import RuleLabel
from throttling.moment import Judge, Look, Moment


class Params(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which consents or agreements bind; `required` if there must be one."""

    terms: ConsentTerms = ConsentTerms()
    required: bool = False


def build_judge(label: RuleLabel, params: Params) -> Judge:
    """Defer out of the times and the frequency of any agreement in force; deny without one if one is required."""
    passed = label.answer(PASS, "ok")
    missing = label.answer(DENY, "agreement-missing")

    def judge(moment: Moment) -> Look:
        found = standing(params.terms, moment)
        ends = [end for _, (_, end) in found if end is not None]
        until_change = min(ends) if ends else None
        binding: list[Held] = [agreed(consent, moment) for consent, (holds, _) in found if holds]
        if not binding:
            return (missing if params.required else passed), until_change
        holds, turns = both(binding)
        stable = _earlier(turns, until_change)
        if holds:
            return passed, stable
        if turns is None:
            return label.answer(DENY, "outside-agreement"), stable
        return label.answer(DEFER, "outside-agreement", until=stable), stable

    return judge


def counterexample(mine: Params, theirs: Params) -> str | None:
    """Name an agreement that binds under `theirs` and not under `mine`."""
    if theirs.required and not mine.required:
        return "a contact without any agreement passes"
    return None if mine.terms == theirs.terms else "an agreement on other terms does not bind"


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return one if other is None else other if one is None else min(one, other)
