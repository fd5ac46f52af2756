"""The rules in force in this gateway, compiled: what `decide` is asked with."""

from collections.abc import Callable, Collection
from typing import Literal

import msgspec

from throttling.budget import Budget
from throttling.conditions import Check
from throttling.decision import RuleAnswer
from throttling.evidence import Zones
from throttling.facts import Request
from throttling.label import RuleLabel
from throttling.moment import Judge, Moment
from throttling.pack import Applies

# Requests differ in few of the things that rules select by; past this many kinds of request the memory starts afresh.
MEMORY = 4096

Effect = Literal["forbid", "warn", "shadow"]


class Dates(msgspec.Struct, frozen=True, kw_only=True):
    """The first and the last day on which a rule is in force, as proleptic ordinals."""

    first: int
    last: int


class Excepted(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One thing that frees a request from a rule, and the answer then.

    `purpose` is that of the only requests it can free, None if it is any; `consent` says that it takes one.
    """

    check: Check
    answer: RuleAnswer
    purpose: str | None
    consent: bool


class LoadedRule(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One enabled rule, ready to be asked. The answers that need no figures are made once.

    `dates` is None for a rule without any, `zones` for one that goes by every candidate. One that is `plain` has
    no dates, zones or conditions and binds, so that asking it is asking its judge; so it is with one that is
    `plain_unconsented` where the person gave no consent. Both are found for each kind of request. `turns` says that its
    denial ends as soon as a condition turns, which makes it a deferral.
    """

    label: RuleLabel
    applies: Applies
    countries: frozenset[str] | None
    regions: frozenset[str] | None
    dates: Dates | None
    effect: Effect
    plain: bool
    plain_unconsented: bool
    overridable: bool
    turns: bool
    zones: Zones | None
    when: Check | None
    unless: tuple[Excepted, ...]
    judge: Judge
    budget: Callable[[Moment], Budget] | None
    not_applicable: RuleAnswer
    not_in_force: RuleAnswer
    not_now: RuleAnswer


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
        debts = request.debts
        if len(debts) == 1:
            traits: object = (debts[0].type, debts[0].product, debts[0].state)
        else:
            traits = frozenset([(debt.type, debt.product, debt.state) for debt in debts])
        key = (
            request.country,
            request.region,
            request.channel,
            request.creditor,
            request.purpose,
            request.actor,
            request.relation,
            request.place,
            traits,
        )
        known = self.memory.get(key)
        if known is None:
            if len(self.memory) >= MEMORY:
                self.memory.clear()
            known = self.memory[key] = _select(self, request)
        return known


def _select(rules: RuleSet, request: Request) -> Selection:
    refusal = _refusal(rules, request.country)
    if refusal is not None:
        return Selection(rules=(), skipped=(), warnings=(), refusal=refusal)
    region = _known_region(request)
    here = [rule for rule in rules.rules if rule.countries is None or request.country in rule.countries]
    bound = [rule for rule in here if _binds(rule, request, region)]
    skipped = tuple(rule.not_applicable for rule in here if rule not in bound)
    bound = [_for_purpose(rule, request.purpose) for rule in bound]
    guessed = region is None and any(rule.regions is not None for rule in bound)
    warnings = ("region-unknown",) if guessed else ()
    return Selection(rules=tuple(bound), skipped=skipped, warnings=warnings, refusal=None)


def _for_purpose(rule: LoadedRule, purpose: str) -> LoadedRule:
    """Leave out what cannot free a request of this purpose, so that it need not be asked."""
    left = tuple(one for one in rule.unless if one.purpose in (None, purpose))
    always = rule.dates is None and rule.zones is None and rule.when is None and rule.effect == "forbid"
    return msgspec.structs.replace(
        rule,
        unless=left,
        plain=always and not left,
        plain_unconsented=always and all(one.consent for one in left),
    )


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


def _binds(rule: LoadedRule, request: Request, region: str | None) -> bool:
    applies, debts = rule.applies, request.debts
    return (
        _matches(applies.channels, request.channel)
        and _matches(applies.creditors, request.creditor)
        and _matches(applies.purposes, request.purpose)
        and not _matches(applies.except_purposes or frozenset(), request.purpose)
        and _matches(applies.actors, request.actor)
        and _matches(applies.relations, request.relation)
        and not _matches(applies.except_relations or frozenset(), request.relation)
        and _matches(applies.places, request.place)
        and _region_matches(rule.regions, region)
        and _any_matches(applies.debt_types, [debt.type for debt in debts])
        and _any_matches(applies.products, [debt.product for debt in debts])
        and _any_matches(applies.account_states, [debt.state for debt in debts])
    )


def _matches(wanted: Collection[str] | None, stated: str | None) -> bool:
    return wanted is None or (stated in wanted if stated is not None else bool(wanted))


def _any_matches(wanted: frozenset[str] | None, stated: list[str | None]) -> bool:
    return wanted is None or not stated or any(one is None or one in wanted for one in stated)


def _region_matches(wanted: frozenset[str] | None, region: str | None) -> bool:
    """Match a region itself and any place inside it: a rule of US-NY binds in US-NY-NYC."""
    if wanted is None or region is None:
        return True
    return any(region == one or region.startswith(f"{one}-") for one in wanted)
