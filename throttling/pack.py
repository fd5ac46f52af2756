"""A rule pack: the rules of one jurisdiction or source, as written, with typed parameters."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal

import msgspec

from throttling.condition import Condition
from throttling.evidence import CANDIDATES, Zones
from throttling.facts import Actor, Channel

Text = Annotated[str, msgspec.Meta(min_length=1)]
Country = Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$")]
# ISO 3166-2, and our own third part for a place with rules of its own: US-NY-NYC.
Region = Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}-[A-Z0-9]{1,3}(-[A-Z0-9]+)?$")]
PackId = Annotated[str, msgspec.Meta(pattern="^[A-Z][A-Z0-9-]*$")]
RuleId = Annotated[str, msgspec.Meta(pattern="^[A-Z][A-Z0-9-]*[.][a-z0-9][a-z0-9-]*$")]
Release = Annotated[str, msgspec.Meta(pattern="^[0-9]{4}[a-z]{1,2}$")]


class Layer(StrEnum):
    """Whose rule it is. A lower layer may forbid more than a higher one, never less."""

    LAW = "law"
    HOUSE = "house"
    CREDITOR = "creditor"


# The id of the rules that are under every set of packs; see throttling.floor.
FLOOR = "FLOOR"

LAYERS = (Layer.LAW, Layer.HOUSE, Layer.CREDITOR)


class Force(StrEnum):
    """What kind of duty a rule is. All of them bind; which ones a recorded override may pass depends on this."""

    PROHIBITION = "prohibition"
    PRESUMPTION = "presumption"
    SAFE_HARBOUR = "safe_harbour"
    GUIDANCE = "guidance"
    INDUSTRY_CODE = "industry_code"
    HOUSE = "house"


# Forces that a recorded override may pass, unless a rule says otherwise: they leave room for reasons.
OVERRIDABLE = frozenset({Force.PRESUMPTION, Force.SAFE_HARBOUR, Force.GUIDANCE, Force.INDUSTRY_CODE})


class Status(StrEnum):
    """Where a rule stands in its life. Only one in force may bind; the others may be watched in the shadow."""

    IN_FORCE = "in_force"
    DRAFT = "draft"
    SUPERSEDED = "superseded"


class Confidence(StrEnum):
    """How well the source was checked. An unverified rule may be written down, but not enabled."""

    VERIFIED = "verified"
    LIKELY = "likely"
    UNVERIFIED = "unverified"


class Citation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the rule is written."""

    title: Text
    section: Text | None = None
    url: Text | None = None

    def __str__(self) -> str:
        return self.title if self.section is None else f"{self.title}, {self.section}"


class Effective(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The local dates on which a rule is in force, both included. One that was waived begins on the day after."""

    from_: date | None = msgspec.field(name="from", default=None)
    until: date | None = None
    waived_until: date | None = None

    def __post_init__(self) -> None:
        if self.from_ is not None and self.until is not None and self.until < self.from_:
            message = f"in force until {self.until}, but only from {self.from_}"
            raise ValueError(message)


class Applies(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which requests a rule binds. A key left out means all; what a request does not state counts as a match."""

    channels: Annotated[frozenset[Channel], msgspec.Meta(min_length=1)] | None = None
    countries: Annotated[frozenset[Country], msgspec.Meta(min_length=1)] | None = None
    regions: Annotated[frozenset[Region], msgspec.Meta(min_length=1)] | None = None
    creditors: Annotated[frozenset[Text], msgspec.Meta(min_length=1)] | None = None
    debt_types: Annotated[frozenset[Text], msgspec.Meta(min_length=1)] | None = None
    purposes: Annotated[frozenset[Text], msgspec.Meta(min_length=1)] | None = None
    except_purposes: Annotated[frozenset[Text], msgspec.Meta(min_length=1)] | None = None
    actors: Annotated[frozenset[Actor], msgspec.Meta(min_length=1)] | None = None
    products: Annotated[frozenset[Text], msgspec.Meta(min_length=1)] | None = None
    account_states: Annotated[frozenset[Text], msgspec.Meta(min_length=1)] | None = None
    relations: Annotated[frozenset[Text], msgspec.Meta(min_length=1)] | None = None
    except_relations: Annotated[frozenset[Text], msgspec.Meta(min_length=1)] | None = None
    places: Annotated[frozenset[Text], msgspec.Meta(min_length=1)] | None = None


class Retention(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long `what` must be kept: so many `years` or `days` after the last activity, or after an event."""

    what: Text
    years: Annotated[int, msgspec.Meta(ge=1, le=100)] | None = None
    days: Annotated[int, msgspec.Meta(ge=1, le=36500)] | None = None
    after: Literal["last_activity", "event"] = "last_activity"
    citation: Citation
    confidence: Confidence = Confidence.VERIFIED

    def __post_init__(self) -> None:
        if (self.years is None) == (self.days is None):
            message = "a retention is a number of years or of days"
            raise ValueError(message)


class Jurisdiction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a pack applies. No countries means everywhere, which only the house and a creditor may say."""

    countries: Annotated[frozenset[Country], msgspec.Meta(min_length=1)] | None = None
    regions: Annotated[frozenset[Region], msgspec.Meta(min_length=1)] | None = None


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One duty. `effect: warn` reports a breach without changing the verdict, `shadow` only records it.

    It binds while `when` holds, and frees a request for which any of `unless` holds. `zones`: whose clock it goes by.

    `tightens` names the law's rule that this one claims to be at least as strict as; the loader checks the claim.
    `params` is the block of the kind, typed once the pack is parsed.
    """

    id: RuleId
    kind: Text
    citation: Citation
    confidence: Confidence
    force: Force
    params: Any
    effect: Literal["forbid", "warn", "shadow"] = "forbid"
    enabled: bool = True
    status: Status = Status.IN_FORCE
    overridable: bool | None = None
    effective: Effective = Effective()
    applies: Applies = Applies()
    zones: Zones = CANDIDATES
    when: Condition | None = None
    unless: tuple[Condition, ...] = ()
    tightens: RuleId | None = None
    note: Text | None = None


class Pack(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rules of one source. `file` and `lines` (line of each rule, by id) are for faults found later."""

    id: PackId
    title: Text
    layer: Layer
    version: Text
    reviewed: date
    tzdb_min: Release
    jurisdiction: Jurisdiction = Jurisdiction()
    note: Text | None = None
    retention: tuple[Retention, ...] = ()
    rules: tuple[Rule, ...]
    file: str = ""
    lines: dict[str, int] = {}


def countries_of(pack: Pack, rule: Rule) -> frozenset[str] | None:
    """Return the countries in which a rule of this pack can bind; None is every one."""
    wide, narrow = pack.jurisdiction.countries, rule.applies.countries
    if wide is None or narrow is None:
        return wide if narrow is None else narrow
    return wide & narrow


def is_overridable(rule: Rule) -> bool:
    """Whether a recorded override may pass a rule."""
    return rule.force in OVERRIDABLE if rule.overridable is None else rule.overridable


def regions_of(pack: Pack, rule: Rule) -> frozenset[str] | None:
    """Return the regions in which a rule of this pack can bind; None is every one."""
    return rule.applies.regions or pack.jurisdiction.regions
