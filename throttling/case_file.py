"""From the plain values of a case file to cases, or to every fault in it."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from throttling.case import Case, Expected
from throttling.case_facts import CaseReader
from throttling.case_times import FORM, read_time, zone_in
from throttling.faults import Fault
from throttling.pack import Pack
from throttling.parse import parse_pack
from throttling.rules import HORIZON_DAYS
from throttling.scribe import Path, Scribe

OWN = "CASE"


class Written(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A case as written, before its times and facts are read."""

    id: str
    citation: str
    at: str
    expect: dict[str, Any]
    note: str | None = None
    packs: tuple[str, ...] | None = None
    rules: list[dict[str, Any]] = []
    horizon_days: int = HORIZON_DAYS
    request: dict[str, Any] = {}
    facts: dict[str, Any] = {}


class Defaults(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the cases of a file have in common."""

    packs: tuple[str, ...] | None = None
    rules: list[dict[str, Any]] = []
    horizon_days: int = HORIZON_DAYS
    request: dict[str, Any] = {}
    facts: dict[str, Any] = {}


def parse_cases(
    name: str, value: object, line_of: Callable[[Path], int], packs: Mapping[str, Pack]
) -> list[Case] | list[Fault]:
    """Return the cases that `value` (plain values of a document) holds, or every fault: at least one per bad case.

    `packs` are those that a case may name, by id; where the person is follows from them if the case does not say.
    """
    scribe = Scribe(name, line_of)
    if not isinstance(value, dict) or not isinstance(value.get("cases"), list) or not value["cases"]:
        scribe.say((), "no cases", "begin with `cases:`, and list at least one: an empty file proves nothing")
        return scribe.faults
    for key in value.keys() - {"cases", "defaults"}:
        scribe.say((key,), f"unknown key `{key}`", "a file has `cases` and `defaults`")
    defaults = scribe.convert(value.get("defaults") or {}, Defaults, ("defaults",)) or Defaults()
    cases = [_case(scribe, raw, number, defaults, packs) for number, raw in enumerate(value["cases"])]
    _check_ids(scribe, value["cases"])
    return scribe.faults or [case for case in cases if case is not None]


def _case(
    scribe: Scribe, raw: object, number: int, defaults: Defaults, packs: Mapping[str, Pack]
) -> Case | None:
    path: Path = ("cases", number)
    written = scribe.convert(_laid_over(raw, defaults), Written, path)
    if written is None:
        return None
    at = read_time(written.at, None)
    if isinstance(at, str):
        scribe.say((*path, "at"), at, FORM)
        return None
    missing = [one for one in written.packs or () if one not in packs]
    for one in missing:
        scribe.say((*path, "packs"), f"there is no pack {one}", f"loaded: {', '.join(sorted(packs))}")
    own = _own_rules(scribe, path, written.rules)
    named = [packs[one] for one in written.packs or () if one in packs]
    reader = CaseReader(scribe, path, at, zone_in(written.at))
    request = reader.request(written.request, _where(named))
    facts = None if request is None else reader.facts(written.facts, request)
    expected = _expected(scribe, path, written)
    if facts is None or expected is None or missing:
        return None
    return Case(
        id=written.id,
        citation=written.citation,
        at=at,
        packs=written.packs,
        own=own,
        horizon_days=written.horizon_days,
        facts=facts,
        expected=expected,
        file=scribe.file,
        line=scribe.line_of(path),
    )


def _laid_over(raw: object, defaults: Defaults) -> object:
    """Lay a case over what its file has in common; request and facts key by key."""
    if not isinstance(raw, dict):
        return raw
    common = {name: getattr(defaults, name) for name in defaults.__struct_fields__}
    merged = {**common, **raw}
    for name in ("request", "facts"):
        if isinstance(raw.get(name), dict):
            merged[name] = {**common[name], **raw[name]}
    return merged


def _where(packs: list[Pack]) -> dict[str, object]:
    """Say where a person is whom the first pack binds."""
    if not packs or not packs[0].jurisdiction.countries:
        return {}
    first = packs[0]
    countries, regions = first.jurisdiction.countries or frozenset(), first.jurisdiction.regions
    country = first.id[:2] if first.id[:2] in countries else min(countries)
    return {"country": country, "region": next(iter(regions)) if regions and len(regions) == 1 else None}


def _own_rules(scribe: Scribe, path: Path, rules: list[dict[str, Any]]) -> Pack | None:
    """Read a case's own rules as a pack of the house, with what a rule must say and a case need not."""
    if not rules:
        return None
    ordinary = {"citation": {"title": "The case's own"}, "confidence": "verified", "force": "house"}
    value = {
        "id": OWN,
        "title": "Rules of a case",
        "layer": "house",
        "version": "1",
        "reviewed": date(2026, 1, 1),
        "tzdb_min": "2020a",
        "rules": [{**ordinary, **rule} for rule in rules],
    }
    pack = parse_pack(scribe.file, value, lambda inner: scribe.line_of((*path, *inner)))
    if isinstance(pack, Pack):
        return pack
    scribe.faults += pack
    return None


def _expected(scribe: Scribe, path: Path, written: Written) -> Expected | None:
    """Read what must come out, its times as cases write them."""
    where = (*path, "expect")
    zone = zone_in(written.at)
    values = _timed(scribe, dict(written.expect), where, zone)
    if isinstance(values.get("rules"), dict):
        values["rules"] = {
            rule: _timed(scribe, dict(said), (*where, "rules", rule), zone)
            if isinstance(said, dict)
            else said
            for rule, said in values["rules"].items()
        }
    return scribe.convert(values, Expected, where)


def _timed(scribe: Scribe, values: dict[str, Any], path: Path, zone: ZoneInfo | None) -> dict[str, Any]:
    for name in ("until", "valid_until"):
        if values.get(name) is not None:
            read = read_time(values[name], zone)
            if isinstance(read, str):
                scribe.say((*path, name), read, FORM)
            else:
                values[name] = read
    return values


def _check_ids(scribe: Scribe, cases: list[Any]) -> None:
    first: dict[object, int] = {}
    for number, raw in enumerate(cases):
        uid = raw.get("id") if isinstance(raw, dict) else None
        if uid is not None and uid in first:
            line = scribe.line_of(("cases", first[uid]))
            scribe.say(
                ("cases", number), f"the id {uid} is here twice", f"first on line {line}; ids are unique"
            )
        first.setdefault(uid, number)
