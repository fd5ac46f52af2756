"""Asks every rule of a selection at one moment, and keeps what the verdict needs."""

from datetime import datetime
from functools import lru_cache

import msgspec

from throttling.decision import DEFER, DENY, PASS, SHADOW, WARN, Outcome, RuleAnswer
from throttling.moment import Look, Moment
from throttling.rule_set import LoadedRule

# How the code of an answer begins that a recorded override has turned into a warning.
OVERRIDDEN = "overridden-"


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


def hear(rules: tuple[LoadedRule, ...], moment: Moment) -> Hearing:
    """Ask each rule once, in order."""
    plainly = moment.request.override is None
    unconsented = plainly and not moment.facts.borrower.consents
    looks = [
        rule.judge(moment)
        if (rule.plain and plainly) or (rule.plain_unconsented and unconsented)
        else _ask(rule, moment)
        for rule in rules
    ]
    answers = [answer for answer, _ in looks]
    ends = [end for _, end in looks if end is not None]
    stable_until = min(ends) if ends else None
    unusual = [look for look in looks if look[0].outcome is not PASS]
    forbidding = [look for look in unusual if look[0].outcome is DENY or look[0].outcome is DEFER]
    if not forbidding:
        return Hearing(
            answers=answers,
            denial=None,
            deferral=None,
            not_before=None,
            stable_until=stable_until,
            denied_until=None,
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
    )


def _until(answer: RuleAnswer) -> datetime:
    """Give the end of a deferral; every kind of rule that defers names one."""
    if answer.until is None:
        message = f"{answer.rule} deferred without saying until when; this is a defect of its kind"
        raise ValueError(message)
    return answer.until


def _ask(rule: LoadedRule, moment: Moment) -> Look:
    """Ask a rule that has dates, conditions or zones of its own, or only watches: the same for every kind."""
    midnight = moment.midnight or moment.horizon_moves_at
    dates = rule.dates
    # In force as soon as it is in any place, and until it has ended in all of them.
    if dates is not None and (moment.last_day < dates.first or moment.first_day > dates.last):
        return rule.not_in_force, midnight
    here = moment if rule.zones is None else moment.seen_from(rule.zones)
    holds, over = (True, None) if rule.when is None else rule.when(here)
    if not holds:
        return rule.not_now, _earlier(over, midnight)
    freed: datetime | None = None
    for excepted in rule.unless:
        holds, turns = excepted.check(here)
        if holds:
            return excepted.answer, _earlier(turns, midnight)
        freed = _earlier(freed, turns)
    answer, stable_until = rule.judge(here)
    if answer.outcome is not PASS:
        answer = _weakened(rule, moment, _ending(rule, answer, _earlier(over, freed)))
    if rule.effect != "forbid":
        return answer, None
    ends = _earlier(_earlier(stable_until, midnight), _earlier(over, freed))
    return answer, ends


def _ending(rule: LoadedRule, answer: RuleAnswer, turns: datetime | None) -> RuleAnswer:
    """Let an answer name the first instant at which a condition may lift it, if that is before its own."""
    if turns is None or (answer.until is not None and answer.until <= turns):
        return answer
    outcome = DEFER if rule.turns else answer.outcome
    return msgspec.structs.replace(answer, until=turns, outcome=outcome)


def _weakened(rule: LoadedRule, moment: Moment, answer: RuleAnswer) -> RuleAnswer:
    """Make of a forbidding answer what the rule's effect, or a recorded override, leaves of it."""
    if rule.effect != "forbid":
        return _watched(answer, WARN if rule.effect == "warn" else SHADOW)
    override = moment.request.override
    if override is not None and rule.overridable and rule.label.rule in override.rules:
        return msgspec.structs.replace(answer, outcome=WARN, code=f"{OVERRIDDEN}{answer.code}")
    return answer


@lru_cache(maxsize=4096)
def _watched(answer: RuleAnswer, outcome: Outcome) -> RuleAnswer:
    """Give an answer another outcome. Most answers are made once, and so is what is made of them."""
    return msgspec.structs.replace(answer, outcome=outcome)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return one if other is None else other if one is None else min(one, other)
