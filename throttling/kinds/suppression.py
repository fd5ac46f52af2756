"""A person, address, channel or debt that must not be contacted is not contacted."""

from typing import Annotated, Literal

import msgspec

from throttling.decision import DENY, PASS
from throttling.facts import Request, Suppression, SuppressionScope
from throttling.label import RuleLabel
from throttling.moment import Judge, Look, Moment

Words = Annotated[frozenset[Annotated[str, msgspec.Meta(min_length=1)]], msgspec.Meta(min_length=1)]


class Params(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which scopes of suppression this rule enforces, and how far they reach.

    `reach: caller` lets any of them end every contact that the rule applies to, whatever address, channel, debt or
    purpose it named (47 CFR 64.1200(a)(10): one revocation ends all robocalls and texts of the caller). `sources` names
    the only sources of opt-outs that count.
    """

    scopes: Annotated[frozenset[SuppressionScope], msgspec.Meta(min_length=1)]
    reach: Literal["stated", "caller"] = "stated"
    sources: Words | None = None


def build_judge(label: RuleLabel, params: Params) -> Judge:
    """Deny while any suppression of one of the scopes binds the request."""
    passed = label.answer(PASS, "ok"), None
    denied: dict[SuppressionScope, Look] = {
        scope: (label.answer(DENY, f"suppressed-{scope.value}"), None) for scope in SuppressionScope
    }
    scopes, sources = params.scopes, params.sources
    binds = _binds if params.reach == "stated" else _reaches

    def judge(moment: Moment) -> Look:
        facts = moment.facts
        known = facts.address.suppressions + facts.borrower.suppressions
        for suppression in known:
            if (
                suppression.scope in scopes
                and (sources is None or suppression.source in sources)
                and binds(suppression, moment.request)
            ):
                return denied[suppression.scope]
        return passed

    return judge


def counterexample(mine: Params, theirs: Params) -> str | None:
    """Name a suppression that `theirs` enforces and `mine` does not."""
    missing = sorted(theirs.scopes - mine.scopes)
    if missing:
        return f"a suppression of scope {missing[0]} passes"
    if theirs.reach == "caller" and mine.reach != "caller":
        return "a suppression of another address passes"
    if mine.sources is not None and (theirs.sources is None or not theirs.sources <= mine.sources):
        return "a suppression of another source passes"
    return None


def _binds(suppression: Suppression, request: Request) -> bool:
    if not _reaches(suppression, request):
        return False
    if suppression.channel not in (None, request.channel):
        return False
    if suppression.purpose not in (None, request.purpose):
        return False
    if suppression.address is not None and request.address not in (None, suppression.address):
        return False
    if suppression.scope is not SuppressionScope.DEBT:
        return True
    # A request that names no debt may be about this one, and so may a suppression that names none.
    tokens = [
        token
        for debt in request.debts
        for token in (debt.token, debt.group, debt.account)
        if token is not None
    ]
    return suppression.debt is None or not tokens or suppression.debt in tokens


def _reaches(suppression: Suppression, request: Request) -> bool:
    return suppression.creditor in (None, request.creditor)
