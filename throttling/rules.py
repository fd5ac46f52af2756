"""From rule packs to the one compiled rule set, or to every reason why it must not be used."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from functools import partial

from throttling.condition import PURPOSES, Condition, given
from throttling.conditions import Side, build_check
from throttling.decision import Outcome
from throttling.evidence import CANDIDATES
from throttling.faults import Fault
from throttling.floor import floor_under
from throttling.kinds import KINDS, NEVER_OVERRIDDEN, RANKS
from throttling.label import RuleLabel
from throttling.pack import (
    LAYERS,
    Effective,
    Layer,
    Pack,
    Rule,
    countries_of,
    is_overridable,
    regions_of,
)
from throttling.parse import parse_pack
from throttling.rule_set import Dates, Excepted, LoadedRule, RuleSet
from throttling.tightening import loosened

__all__ = ["Fault", "Pack", "RuleSet", "build_rule_set", "parse_pack"]

HORIZON_DAYS = 30


def build_rule_set(
    packs: Sequence[Pack], *, tzdb: str, digest: str, horizon_days: int = HORIZON_DAYS
) -> RuleSet | list[Fault]:
    """Compile packs into the rules that `decide` asks, or list every fault. The order of packs does not matter.

    `tzdb` is the release of the zone data in use, `digest` the hash of the packs' text, which every decision names.
    """
    faults = [*_duplicates(packs), *_stale_zone_data(packs, tzdb), *loosened(packs)]
    if not any(rule.enabled for pack in packs for rule in pack.rules):
        faults.append(
            Fault(
                file="packs",
                line=1,
                message="no rule is enabled",
                hint="a gateway without rules would permit everything",
            )
        )
    if faults:
        return faults
    loaded = [
        (RANKS[rule.kind], LAYERS.index(pack.layer), rule.id, _load(pack, rule))
        for pack in floor_under(list(packs))
        for rule in pack.rules
        if rule.enabled
    ]
    ruling = [
        pack
        for pack in packs
        if pack.layer is not Layer.CREDITOR and any(rule.enabled for rule in pack.rules)
    ]
    return RuleSet(
        rules=tuple(rule for *_, rule in sorted(loaded, key=lambda entry: entry[:3])),
        law_countries=frozenset(country for pack in ruling for country in pack.jurisdiction.countries or ()),
        covers_everywhere=any(pack.jurisdiction.countries is None for pack in ruling),
        digest=digest,
        tzdb=tzdb,
        horizon_days=horizon_days,
        memory={},
    )


def _load(pack: Pack, rule: Rule) -> LoadedRule:
    kind = KINDS[rule.kind]
    label = RuleLabel(
        rule=rule.id,
        pack=pack.id,
        version=pack.version,
        citation=str(rule.citation),
        confidence=rule.confidence.value,
        force=rule.force.value,
    )
    zones = None if rule.zones == CANDIDATES else rule.zones
    binds = rule.effect == "forbid"
    return LoadedRule(
        label=label,
        applies=rule.applies,
        countries=countries_of(pack, rule),
        regions=regions_of(pack, rule),
        dates=_dates(rule.effective),
        effect=rule.effect,
        plain=False,
        plain_unconsented=False,
        overridable=rule.kind not in NEVER_OVERRIDDEN and is_overridable(rule),
        turns=kind.turns,
        zones=zones,
        when=None if rule.when is None else build_check(rule.when, Side.WHEN),
        unless=tuple(_excepted(label, one) for one in rule.unless),
        judge=kind.build_judge(label, rule.params),
        budget=None if kind.budget is None or not binds else partial(kind.budget, label, rule.params),
        not_applicable=label.answer(Outcome.NOT_APPLICABLE, "not-applicable"),
        not_in_force=label.answer(Outcome.NOT_APPLICABLE, "not-in-force"),
        not_now=label.answer(Outcome.NOT_APPLICABLE, "not-now"),
    )


def _dates(effective: Effective) -> Dates | None:
    """Return the days of a rule in force; one that was waived begins on the day after the waiver."""
    if effective == Effective():
        return None
    first = date.min if effective.from_ is None else effective.from_
    waived = date.min if effective.waived_until is None else effective.waived_until + timedelta(days=1)
    last = date.max if effective.until is None else effective.until
    return Dates(first=max(first, waived).toordinal(), last=last.toordinal())


def _excepted(label: RuleLabel, condition: Condition) -> Excepted:
    purposes = [purpose for key, purpose in PURPOSES.items() if getattr(condition, key) is not None]
    return Excepted(
        check=build_check(condition, Side.UNLESS),
        answer=label.answer(Outcome.NOT_APPLICABLE, "excepted", window=" and ".join(given(condition))),
        purpose=purposes[0] if purposes else None,
        consent=condition.consent is not None,
    )


def _duplicates(packs: Sequence[Pack]) -> Iterable[Fault]:
    first: dict[str, Pack] = {}
    for pack in packs:
        if pack.id in first:
            hint = f"{first[pack.id].file} has it too; a pack may add to another, never replace it"
            yield Fault(file=pack.file, line=1, message=f"the pack {pack.id} is here twice", hint=hint)
        first.setdefault(pack.id, pack)


def _stale_zone_data(packs: Sequence[Pack], tzdb: str) -> Iterable[Fault]:
    """Refuse zone data older than a pack needs: an old copy sends an hour too late in the evening."""
    for pack in packs:
        if _release(pack.tzdb_min) > _release(tzdb):
            message = f"needs time zone data {pack.tzdb_min} or newer, found {tzdb}"
            yield Fault(file=pack.file, line=1, message=message, hint="update the tzdata package")


def _release(name: str) -> tuple[int, int, str]:
    """Order releases: 2026z comes before 2026aa."""
    year, letters = name[:4], name[4:]
    return (int(year) if year.isdigit() else 0, len(letters), letters)
