"""A case: one question about a contact, with all that is known, and the answer that is expected."""

from datetime import datetime

import msgspec

from throttling.decision import Outcome, Verdict
from throttling.facts import Facts
from throttling.pack import Pack


class ExpectedRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one rule must say; a key left out may be anything. `until` is written as every time of a case."""

    outcome: Outcome | msgspec.UnsetType = msgspec.UNSET
    code: str | msgspec.UnsetType = msgspec.UNSET
    used: int | msgspec.UnsetType | None = msgspec.UNSET
    limit: int | msgspec.UnsetType | None = msgspec.UNSET
    until: datetime | msgspec.UnsetType | None = msgspec.UNSET
    debt: str | msgspec.UnsetType | None = msgspec.UNSET
    zones: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET


class Expected(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What must come out; a key left out may be anything."""

    verdict: Verdict
    until: datetime | msgspec.UnsetType | None = msgspec.UNSET
    valid_until: datetime | msgspec.UnsetType = msgspec.UNSET
    code: str | msgspec.UnsetType = msgspec.UNSET
    binding: str | msgspec.UnsetType | None = msgspec.UNSET
    rules: dict[str, Outcome | ExpectedRule] = {}
    warnings: tuple[str, ...] = ()


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One case, ready to be run. `packs` None is every pack there is; `own` holds the case's own rules."""

    id: str
    citation: str
    at: datetime
    packs: tuple[str, ...] | None
    own: Pack | None
    horizon_days: int
    facts: Facts
    expected: Expected
    file: str
    line: int
