"""Which of the zones that evidence points to a rule must look at."""

from collections.abc import Callable
from functools import lru_cache
from typing import Literal

import msgspec

from throttling.facts import ZoneEvidence, ZoneKind
from throttling.localtime import zone_named


class Zones(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose clock a rule goes by: `candidates`, `place` or `number`; or `fixed`, one zone wherever the person is.

    `candidates`: all that the evidence leaves open (12 CFR 1006.6(b)(1)(i), comment 2). `place`: without the number, if
    anything else is known. `number`: the number's, presumed until the person states another (Fla. Stat. 559.72(17)).
    """

    use: Literal["candidates", "place", "number"] = "candidates"
    fixed: str | None = None

    def __post_init__(self) -> None:
        if self.fixed is not None and self.use != "candidates":
            message = f"either `use: {self.use}` or `fixed`, not both"
            raise ValueError(message)
        if self.fixed is not None and zone_named(self.fixed) is None:
            message = f"there is no time zone called {self.fixed}"
            raise ValueError(message)


CANDIDATES = Zones()


@lru_cache(maxsize=4096)
def zones_for(selector: Zones, evidence: tuple[ZoneEvidence, ...]) -> tuple[str, ...]:
    """Return the names of the zones that count under `selector`; none if nothing is known."""
    if selector.fixed is not None:
        return (selector.fixed,)
    left = _settled(evidence)
    if selector.use == "place":
        left = _preferred(left, lambda one: one.kind is not ZoneKind.NUMBER)
    if selector.use == "number" and not any(one.kind is ZoneKind.STATED for one in left):
        left = _preferred(left, lambda one: one.kind is ZoneKind.NUMBER)
    return tuple(dict.fromkeys([one.zone for one in left]))


def _settled(evidence: tuple[ZoneEvidence, ...]) -> list[ZoneEvidence]:
    """Leave out what the person's own statement settles: all that is not dated after it.

    Of several statements the newest speaks; those that cannot be put in order all do.
    """
    stated = [one for one in evidence if one.kind is ZoneKind.STATED]
    if not stated:
        return list(evidence)
    dated = [one.as_of for one in stated if one.as_of is not None]
    newest = max(dated) if dated else None
    speaking = [one for one in stated if one.as_of is None or one.as_of == newest]
    later = [
        one
        for one in evidence
        if one.kind is not ZoneKind.STATED
        and one.as_of is not None
        and newest is not None
        and one.as_of > newest
    ]
    return speaking + later


def _preferred(evidence: list[ZoneEvidence], wanted: Callable[[ZoneEvidence], bool]) -> list[ZoneEvidence]:
    chosen = [one for one in evidence if wanted(one)]
    return chosen or evidence
