"""The answer of a decision: a verdict, and every rule that looked, with the figures it looked at."""

from datetime import datetime
from enum import StrEnum

import msgspec

from throttling.facts import ZoneEvidence


class Verdict(StrEnum):
    """May this contact go out: now, later, or not at all."""

    ALLOW = "allow"
    DEFER = "defer"
    DENY = "deny"


class Outcome(StrEnum):
    """What one rule said. `warn`, `shadow` and `not_applicable` never change the verdict."""

    PASS = "pass"  # noqa: S105 - an outcome, not a password
    DEFER = "defer"
    DENY = "deny"
    WARN = "warn"
    SHADOW = "shadow"
    NOT_APPLICABLE = "not_applicable"


# A name of a module is found faster than a member of an enumeration, and rules answer often.
PASS, DEFER, DENY, WARN = Outcome.PASS, Outcome.DEFER, Outcome.DENY, Outcome.WARN
NOT_APPLICABLE, SHADOW = Outcome.NOT_APPLICABLE, Outcome.SHADOW

# The code of a rule that passes with four fifths of its limit used, or more.
NEAR_LIMIT = "near-limit"


class RuleAnswer(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """What one rule said and why, in figures; `throttling.explain.explain` makes the sentence.

    Most answers are made once and given thousands of times, and remember their hash: what is made of them is cached.

    `until` is the first instant at which this rule alone would pass (None: no such instant is known). `used`, `limit`
    and `window` are set by rules that count or that name hours; `debt` is the token of the debt that binds; `zones`
    are the candidate zones in which the rule does not pass.
    """

    rule: str
    pack: str
    version: str
    citation: str
    confidence: str
    force: str
    outcome: Outcome
    code: str
    until: datetime | None = None
    used: int | None = None
    limit: int | None = None
    window: str | None = None
    debt: str | None = None
    zones: tuple[str, ...] = ()


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on one request at one instant.

    `until` is set on a deferral only: the first instant at which every rule passes, if nothing else happens.
    `valid_until` is the first later instant at which the verdict or a counting day could change; a permit must not
    outlive it. `code` is `ok` or the code of the rule that binds, `binding` the id of that rule (None if no single rule
    binds). `policy` is the hash of the rules, `tzdb` the release of the time zone data.
    """

    verdict: Verdict
    at: datetime
    until: datetime | None
    valid_until: datetime
    rules: tuple[RuleAnswer, ...]
    zones: tuple[ZoneEvidence, ...]
    warnings: tuple[str, ...]
    policy: str
    tzdb: str
    code: str
    binding: str | None
