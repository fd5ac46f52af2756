"""A person, address, channel or debt that must not be contacted is not contacted."""

from typing import Annotated

import msgspec

from throttling.decision import DENY, PASS
from throttling.facts import Request, Suppression, SuppressionScope
from throttling.label import RuleLabel
from throttling.moment import Judge, Look, Moment


class Params(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which scopes of suppression this rule enforces."""

    scopes: Annotated[frozenset[SuppressionScope], msgspec.Meta(min_length=1)]


def build_judge(label: RuleLabel, params: Params) -> Judge:
    """Deny while any suppression of one of the scopes binds the request."""
    passed = label.answer(PASS, "ok"), None
    denied: dict[SuppressionScope, Look] = {
        scope: (label.answer(DENY, f"suppressed-{scope.value}"), None) for scope in SuppressionScope
    }

    def judge(moment: Moment) -> Look:
        facts = moment.facts
        known = facts.address.suppressions + facts.borrower.suppressions
        for suppression in known:
            if suppression.scope in params.scopes and _binds(suppression, moment.request):
                return denied[suppression.scope]
        return passed

    return judge


def counterexample(mine: Params, theirs: Params) -> str | None:
    """Name a suppression that `theirs` enforces and `mine` does not."""
    missing = sorted(theirs.scopes - mine.scopes)
    return f"a suppression of scope {missing[0]} passes" if missing else None


def _binds(suppression: Suppression, request: Request) -> bool:
    if suppression.creditor not in (None, request.creditor):
        return False
    if suppression.channel not in (None, request.channel):
        return False
    if suppression.scope is not SuppressionScope.DEBT:
        return True
    # A request that names no debt may be about this one, and so may a suppression that names none.
    tokens = [token for debt in request.debts for token in (debt.token, debt.group) if token is not None]
    return suppression.debt is None or not tokens or suppression.debt in tokens
