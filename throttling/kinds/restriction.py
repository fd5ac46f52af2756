"""A state of the person or the debt (attorney, cease, bankruptcy, death) forbids contact from its date on."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from throttling.decision import DENY, PASS
from throttling.facts import Request, Restriction
from throttling.label import RuleLabel
from throttling.moment import Judge, Look, Moment

Names = Annotated[frozenset[Annotated[str, msgspec.Meta(min_length=1)]], msgspec.Meta(min_length=1)]


class Params(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which kinds of restriction this rule enforces; `any` includes kinds that nobody has thought of yet."""

    kinds: Names | Literal["any"]


def build_judge(label: RuleLabel, params: Params) -> Judge:
    """Deny while a restriction of one of the kinds is in force; say until when if it has an end."""
    passed = label.answer(PASS, "ok")
    clear = passed, None
    kinds = params.kinds

    def judge(moment: Moment) -> Look:
        restrictions = moment.facts.borrower.restrictions
        if not restrictions:
            return clear
        stable_until: datetime | None = None
        binding: Restriction | None = None
        for restriction in restrictions:
            if (kinds != "any" and restriction.kind not in kinds) or not _binds(restriction, moment.request):
                continue
            if restriction.since > moment.at:
                stable_until = min(stable_until or restriction.since, restriction.since)
            elif (restriction.until is None or moment.at < restriction.until) and _outlasts(
                restriction, binding
            ):
                binding = restriction
        if binding is None:
            return passed, stable_until
        answer = label.answer(DENY, f"restricted-{binding.kind}", until=binding.until, debt=binding.debt)
        return answer, binding.until

    return judge


def counterexample(mine: Params, theirs: Params) -> str | None:
    """Name a restriction that `theirs` enforces and `mine` does not."""
    if mine.kinds == "any":
        return None
    if theirs.kinds == "any":
        return "a restriction of a kind that is not listed passes"
    missing = sorted(theirs.kinds - mine.kinds)
    return f"a restriction of kind {missing[0]} passes" if missing else None


def _binds(restriction: Restriction, request: Request) -> bool:
    if restriction.creditor not in (None, request.creditor) or restriction.channel not in (
        None,
        request.channel,
    ):
        return False
    tokens = [token for debt in request.debts for token in (debt.token, debt.group) if token is not None]
    return restriction.debt is None or not tokens or restriction.debt in tokens


def _outlasts(restriction: Restriction, other: Restriction | None) -> bool:
    """Prefer the restriction that ends last, then the smaller id: the order of facts must not matter."""
    if other is None:
        return True
    mine = (restriction.until is None, restriction.until or restriction.since)
    theirs = (other.until is None, other.until or other.since)
    return restriction.id < other.id if restriction.until == other.until else mine > theirs
