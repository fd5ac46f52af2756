"""A state of the person or the debt (attorney, cease, bankruptcy, death) forbids contact from its date on.

One with windows forbids only the local times that the person called inconvenient (12 CFR 1006.6(b)(1), comment
6(b)(1)-1), in every candidate zone.
"""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from throttling.consenting import Held, hours_of
from throttling.decision import DEFER, DENY, PASS
from throttling.facts import Request, Restriction
from throttling.label import RuleLabel
from throttling.moment import Judge, Look, Moment
from throttling.windows import Hours, shut_until, shuts_at

Names = Annotated[frozenset[Annotated[str, msgspec.Meta(min_length=1)]], msgspec.Meta(min_length=1)]

# Whom a restriction does not keep from being reached: it speaks of the borrower, and these act in his place.
REACHABLE: dict[str, frozenset[str]] = {
    "attorney": frozenset({"attorney"}),
    "deceased": frozenset({"executor", "administrator", "successor", "contact_person"}),
    "incapacity": frozenset({"guardian", "representative", "contact_person"}),
    "minor": frozenset({"parent_of_minor", "guardian"}),
}


class Params(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which kinds of restriction this rule enforces; `any` includes kinds that nobody has thought of yet."""

    kinds: Names | Literal["any"]
    except_kinds: Names | None = None

    def __post_init__(self) -> None:
        if self.except_kinds is not None and self.kinds != "any":
            message = "`except_kinds` is for `kinds: any`; leave those kinds out of the list instead"
            raise ValueError(message)


def build_judge(label: RuleLabel, params: Params) -> Judge:
    """Deny while a restriction of one of the kinds is in force, defer out of its windows; say until when, if known."""
    passed = label.answer(PASS, "ok")
    clear = passed, None

    def judge(moment: Moment) -> Look:
        restrictions = moment.facts.borrower.restrictions
        if not restrictions:
            return clear
        turns: list[datetime] = []
        binding: list[tuple[Restriction, datetime | None]] = []
        for restriction in restrictions:
            if _enforces(params, restriction.kind) and _binds(restriction, moment.request):
                holds, turn = _holds(restriction, moment)
                if holds:
                    binding.append((restriction, turn))
                elif turn is not None:
                    turns.append(turn)
        if not binding:
            return passed, min(turns, default=None)
        return _answer(label, *max(binding, key=_lasting))

    return judge


def counterexample(mine: Params, theirs: Params) -> str | None:
    """Name a restriction that `theirs` enforces and `mine` does not."""
    spared = mine.except_kinds or frozenset()
    if mine.kinds == "any":
        missing = sorted(
            spared - (theirs.except_kinds or frozenset()) if theirs.kinds == "any" else spared & theirs.kinds
        )
    elif theirs.kinds == "any":
        return "a restriction of a kind that is not listed passes"
    else:
        missing = sorted(theirs.kinds - mine.kinds)
    return f"a restriction of kind {missing[0]} passes" if missing else None


def _enforces(params: Params, kind: str) -> bool:
    if params.kinds == "any":
        return params.except_kinds is None or kind not in params.except_kinds
    return kind in params.kinds


def _binds(restriction: Restriction, request: Request) -> bool:
    if (
        restriction.creditor not in (None, request.creditor)
        or restriction.channel not in (None, request.channel)
        or (restriction.address is not None and request.address not in (None, restriction.address))
        or (restriction.place is not None and request.place not in (None, restriction.place))
        or request.relation in REACHABLE.get(restriction.kind, ())
    ):
        return False
    tokens = [
        token
        for debt in request.debts
        for token in (debt.token, debt.group, debt.account)
        if token is not None
    ]
    return restriction.debt is None or not tokens or restriction.debt in tokens


def _holds(restriction: Restriction, moment: Moment) -> Held:
    """Whether a restriction forbids now, and when that ends or begins by itself."""
    at, until = moment.at, restriction.until
    if at < restriction.since:
        return False, restriction.since
    if until is not None and at >= until:
        return False, None
    # Which times are closed cannot be told in no place: then all of them are.
    if restriction.windows is None or not moment.places:
        return True, until
    hours = hours_of(restriction.windows)
    ends = _open_again(moment, hours)
    if ends is None or ends > at:
        return True, until if ends is None else min(ends, until or ends)
    begins = [shuts_at(place.zone, place.civil, hours, at) for place in moment.places]
    known = [begin for begin in begins if begin is not None]
    return False, min(known, default=None)


def _open_again(moment: Moment, hours: Hours) -> datetime | None:
    """Find the first instant, from now on, at which these times are closed in no place; None within the horizon."""
    at = moment.at
    while at < moment.horizon_end:
        ends = [shut_until(p.zone, at.astimezone(p.zone).toordinal(), hours, at) for p in moment.places]
        shut = [end for end in ends if end is not None]
        if not shut:
            return at
        at = max(shut)
    return None


def _answer(label: RuleLabel, binding: Restriction, until: datetime | None) -> Look:
    outcome = DENY if binding.windows is None or until is None else DEFER
    answer = label.answer(outcome, f"restricted-{binding.kind}", until=until, debt=binding.debt)
    return answer, until


def _lasting(binding: tuple[Restriction, datetime | None]) -> tuple[bool, bool, datetime, str]:
    """Order what forbids for good before what ends, then by its end, then by id: the order of facts must not matter."""
    restriction, until = binding
    return restriction.windows is None, until is None, until or restriction.since, restriction.id
