"""The rules in force in this gateway, compiled: what `decide` is asked with."""

from collections.abc import Callable

import msgspec

from throttling.budget import Budget
from throttling.decision import RuleAnswer
from throttling.facts import Channel, Request
from throttling.label import RuleLabel
from throttling.moment import Judge, Moment
from throttling.pack import Applies, Effective

# Requests differ in few of the things that rules select by; past this many kinds of request the memory starts afresh.
MEMORY = 4096


class LoadedRule(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One enabled rule, ready to be asked. The answers that need no figures are made once.

    `effective` is None for a rule without dates; a rule that `warns` reports a breach and forbids nothing; one that is
    `plain` has no dates and does not only warn, so that asking it is asking its judge.
    """

    label: RuleLabel
    applies: Applies
    countries: frozenset[str] | None
    regions: frozenset[str] | None
    effective: Effective | None
    warns: bool
    plain: bool
    judge: Judge
    budget: Callable[[Moment], Budget] | None
    not_applicable: RuleAnswer
    not_in_force: RuleAnswer


class Selection(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """The rules that bind one kind of request, and the answers of those that do not.

    `refusal` is set if the rules cannot tell what binds the request: nothing may be decided but a denial.
    """

    rules: tuple[LoadedRule, ...]
    skipped: tuple[RuleAnswer, ...]
    warnings: tuple[str, ...]
    refusal: str | None


class RuleSet(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """All loaded rules in the one order in which they answer. Build it with `throttling.rules.build_rule_set`.

    `law_countries` and `covers_everywhere` say where any rule of law or house exists; `digest` is the hash of the
    packs, `tzdb` the release of the zone data, `horizon_days` how far ahead a permitted instant is searched.
    """

    rules: tuple[LoadedRule, ...]
    law_countries: frozenset[str]
    covers_everywhere: bool
    digest: str
    tzdb: str
    horizon_days: int
    memory: dict[tuple[object, ...], Selection]

    def select(self, request: Request) -> Selection:
        """Return the rules that bind `request`; what the request does not state counts as a match."""
        types = frozenset([debt.type for debt in request.debts])
        key = (request.country, request.region, request.channel, request.creditor, request.purpose, types)
        known = self.memory.get(key)
        if known is None:
            if len(self.memory) >= MEMORY:
                self.memory.clear()
            known = self.memory[key] = _select(self, request, types)
        return known


def _select(rules: RuleSet, request: Request, debt_types: frozenset[str | None]) -> Selection:
    refusal = _refusal(rules, request.country)
    if refusal is not None:
        return Selection(rules=(), skipped=(), warnings=(), refusal=refusal)
    region = _known_region(request)
    here = [rule for rule in rules.rules if rule.countries is None or request.country in rule.countries]
    bound = [rule for rule in here if _binds(rule, request, region, debt_types)]
    skipped = tuple(rule.not_applicable for rule in here if rule not in bound)
    guessed = region is None and any(rule.regions is not None for rule in bound)
    warnings = ("region-unknown",) if guessed else ()
    return Selection(rules=tuple(bound), skipped=skipped, warnings=warnings, refusal=None)


def _refusal(rules: RuleSet, country: str | None) -> str | None:
    if country is None:
        # Any of the laws might bind, and which one only a stated country can tell.
        return "country-unknown" if rules.law_countries else None
    if rules.covers_everywhere or country in rules.law_countries:
        return None
    return "no-rules-for-country"


def _known_region(request: Request) -> str | None:
    """Return the region if it is one of the request's country; anything else is not knowledge."""
    if (
        request.region is None
        or request.country is None
        or not request.region.startswith(f"{request.country}-")
    ):
        return None
    return request.region


def _binds(rule: LoadedRule, request: Request, region: str | None, debt_types: frozenset[str | None]) -> bool:
    applies = rule.applies
    return (
        _matches(applies.channels, request.channel)
        and _matches(applies.creditors, request.creditor)
        and _matches(applies.purposes, request.purpose)
        and _region_matches(rule.regions, region)
        and (
            applies.debt_types is None
            or not debt_types
            or None in debt_types
            or bool(applies.debt_types & debt_types)
        )
    )


def _matches(wanted: frozenset[str] | frozenset[Channel] | None, stated: str) -> bool:
    return wanted is None or stated in wanted


def _types_match(wanted: frozenset[str] | None, stated: frozenset[str | None]) -> bool:
    return wanted is None or not stated or None in stated or not wanted.isdisjoint(stated)


def _region_matches(wanted: frozenset[str] | None, region: str | None) -> bool:
    """Match a region itself and any place inside it: a rule of US-NY binds in US-NY-NYC."""
    if wanted is None or region is None:
        return True
    return any(region == one or region.startswith(f"{one}-") for one in wanted)
