"""From the plain values of a pack file to a typed pack, or to every fault in it."""

from collections.abc import Callable
from typing import Any

import msgspec

from throttling.faults import Fault
from throttling.kinds import KINDS, NEVER_OVERRIDDEN
from throttling.pack import FLOOR, Confidence, Layer, Pack, Rule, Status
from throttling.scribe import Path, Scribe


def parse_pack(name: str, value: object, line_of: Callable[[Path], int]) -> Pack | list[Fault]:
    """Return the pack that `value` (plain values of a document) describes, or every fault: at least one per bad rule.

    `name` is what faults call the file, `line_of` says on which line the value at a path starts.
    """
    scribe = Scribe(name, line_of)
    if not isinstance(value, dict):
        scribe.say((), "a pack is a mapping", "begin with `id:`, `title:`, `layer:` …")
        return scribe.faults
    head = scribe.convert({**value, "rules": []}, Pack, ())
    raw_rules = value.get("rules")
    if not isinstance(raw_rules, list) or not raw_rules:
        scribe.say(
            ("rules",), "no rules", "a pack without rules would permit everything; list at least one rule"
        )
        return scribe.faults
    parsed = [(index, _parse_rule(scribe, raw, index)) for index, raw in enumerate(raw_rules)]
    rules = [(index, rule) for index, rule in parsed if rule is not None]
    if head is not None:
        _check_head(scribe, head)
        _check_ids(scribe, head, rules)
        _check_regions(scribe, head, rules)
    if scribe.faults or head is None:
        return scribe.faults
    lines = {rule.id: line_of(("rules", index)) for index, rule in rules}
    return msgspec.structs.replace(head, rules=tuple(rule for _, rule in rules), file=name, lines=lines)


def _parse_rule(scribe: Scribe, raw: object, index: int) -> Rule | None:
    path: Path = ("rules", index)
    rule = scribe.convert(raw, Rule, path)
    if rule is None:
        return None
    if rule.kind not in KINDS:
        scribe.say(
            (*path, "kind"),
            f"there is no kind of rule called `{rule.kind}`",
            f"use one of: {', '.join(KINDS)}",
        )
        return None
    if rule.confidence is Confidence.UNVERIFIED and rule.enabled:
        scribe.say(
            (*path, "confidence"),
            f"{rule.id} is unverified and enabled",
            "write `enabled: false` until somebody has read the source",
        )
    if rule.status is not Status.IN_FORCE and rule.enabled and rule.effect != "shadow":
        scribe.say(
            (*path, "status"),
            f"{rule.id} is {rule.status} and binds",
            "write `enabled: false`, or `effect: shadow` to watch it",
        )
    if rule.overridable and rule.kind in NEVER_OVERRIDDEN:
        scribe.say(
            (*path, "overridable"),
            f"a rule of kind {rule.kind} cannot be overridden",
            "remove the key: whoever asked not to be contacted is not",
        )
    params: Any = scribe.convert(rule.params, KINDS[rule.kind].params, (*path, "params"))
    return None if params is None else msgspec.structs.replace(rule, params=params)


def _check_head(scribe: Scribe, head: Pack) -> None:
    if head.file or head.lines:
        scribe.say((), "`file` and `lines` are not for writing", "remove them")
    if head.id == FLOOR:
        scribe.say(
            ("id",), f"the id {FLOOR} is reserved", "it names the rules that hold under every set of packs"
        )
    if head.layer is Layer.LAW and head.jurisdiction.countries is None:
        scribe.say(
            ("jurisdiction",), "a law without a country", "name the countries in `jurisdiction.countries`"
        )


def _check_ids(scribe: Scribe, head: Pack, rules: list[tuple[int, Rule]]) -> None:
    first: dict[str, int] = {}
    for index, rule in rules:
        path: Path = ("rules", index, "id")
        if not rule.id.startswith(f"{head.id}."):
            scribe.say(path, f"the id {rule.id} belongs to another pack", f"begin it with `{head.id}.`")
        if rule.id in first:
            line = scribe.line_of(("rules", first[rule.id], "id"))
            scribe.say(
                path, f"the id {rule.id} is here twice", f"it was first given on line {line}; ids are unique"
            )
        first.setdefault(rule.id, index)


def _check_regions(scribe: Scribe, head: Pack, rules: list[tuple[int, Rule]]) -> None:
    """A region outside the pack's countries could never match, and the rule would be dead in silence."""
    countries = head.jurisdiction.countries
    if countries is None:
        return
    for index, rule in rules:
        for country in sorted((rule.applies.countries or frozenset()) - countries):
            path: Path = ("rules", index, "applies", "countries")
            scribe.say(path, f"{country} is not a country of the pack", "add it to the jurisdiction")
    blocks: list[tuple[Path, frozenset[str] | None]] = [
        (("jurisdiction", "regions"), head.jurisdiction.regions)
    ]
    blocks += [(("rules", index, "applies", "regions"), rule.applies.regions) for index, rule in rules]
    for path, regions in blocks:
        for region in sorted(regions or ()):
            if region[:2] not in countries:
                scribe.say(
                    path, f"{region} lies outside the pack's countries", "add its country to the jurisdiction"
                )
