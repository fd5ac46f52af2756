"""Asks every rule of a selection at one moment, and keeps what the verdict needs."""

from datetime import date, datetime, timedelta

import msgspec

from throttling.decision import DEFER, DENY, PASS, WARN, RuleAnswer
from throttling.moment import Look, Moment
from throttling.pack import Effective
from throttling.rule_set import LoadedRule

# Local dates differ from UTC's by at most fourteen hours; used for dates in force when no zone is known.
WIDEST_OFFSET = timedelta(hours=14)


class Hearing(msgspec.Struct, frozen=True, kw_only=True):
    """All answers of one moment.

    `denial` is the first denying answer (rules are asked in order of what binds for good), `deferral` the deferring one
    that ends last. `not_before` is the latest instant that a forbidding answer names, None if one of them names none.
    `stable_until` is the first instant at which any answer could change; `denied_until` the last at which a denying one
    could (None: none of them could).
    """

    answers: list[RuleAnswer]
    denial: RuleAnswer | None
    deferral: RuleAnswer | None
    not_before: datetime | None
    stable_until: datetime | None
    denied_until: datetime | None
    warned: bool


def hear(rules: tuple[LoadedRule, ...], moment: Moment) -> Hearing:
    """Ask each rule once, in order."""
    looks = [rule.judge(moment) if rule.plain else _ask(rule, moment) for rule in rules]
    answers = [answer for answer, _ in looks]
    ends = [end for _, end in looks if end is not None]
    stable_until = min(ends) if ends else None
    forbidding = [look for look in looks if look[0].outcome is not PASS]
    if not forbidding:
        return Hearing(
            answers=answers,
            denial=None,
            deferral=None,
            not_before=None,
            stable_until=stable_until,
            denied_until=None,
            warned=False,
        )
    return _weigh(answers, forbidding, stable_until)


def _weigh(answers: list[RuleAnswer], looks: list[Look], stable_until: datetime | None) -> Hearing:
    denying = [look for look in looks if look[0].outcome is DENY]
    deferring = [answer for answer, _ in looks if answer.outcome is DEFER]
    denied = [end for _, end in denying]
    untils = [answer.until for answer in (*(answer for answer, _ in denying), *deferring)]
    known = [until for until in untils if until is not None]
    ends = [end for end in denied if end is not None]
    return Hearing(
        answers=answers,
        denial=denying[0][0] if denying else None,
        deferral=max(deferring, key=_until) if deferring else None,
        not_before=max(known) if known and len(known) == len(untils) else None,
        stable_until=stable_until,
        denied_until=max(ends) if ends and len(ends) == len(denied) else None,
        warned=any(answer.outcome is WARN for answer, _ in looks),
    )


def _until(answer: RuleAnswer) -> datetime:
    """Give the end of a deferral; every kind of rule that defers names one."""
    if answer.until is None:
        message = f"{answer.rule} deferred without saying until when; this is a defect of its kind"
        raise ValueError(message)
    return answer.until


def _ask(rule: LoadedRule, moment: Moment) -> Look:
    """Ask a rule that has dates or only warns: what both mean is the same for every kind."""
    midnight = moment.midnight or moment.horizon_moves_at
    if rule.effective is not None and not _in_force(rule.effective, moment):
        return rule.not_in_force, midnight
    answer, stable_until = rule.judge(moment)
    if rule.warns:
        breach = answer.outcome is not PASS
        return (msgspec.structs.replace(answer, outcome=WARN) if breach else answer), None
    return answer, midnight if stable_until is None else min(stable_until, midnight)


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
