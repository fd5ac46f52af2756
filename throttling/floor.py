"""The floor under every set of rules: whoever said stop is not contacted, whatever packs are loaded.

A pack may say the same with a better citation; then the floor adds nothing.
"""

from datetime import date

from throttling.facts import SuppressionScope
from throttling.kinds import restriction, suppression
from throttling.pack import FLOOR, Applies, Citation, Confidence, Effective, Force, Layer, Pack, Rule

TITLE = "Forbear: a stated wish, a lawyer or a death binds in every set of rules"

SUPPRESSION = Rule(
    id="FLOOR.suppression",
    kind="suppression",
    citation=Citation(title=TITLE),
    confidence=Confidence.VERIFIED,
    force=Force.HOUSE,
    params=suppression.Params(scopes=frozenset(SuppressionScope)),
)
RESTRICTION = Rule(
    id="FLOOR.restriction",
    kind="restriction",
    citation=Citation(title=TITLE),
    confidence=Confidence.VERIFIED,
    force=Force.HOUSE,
    params=restriction.Params(kinds="any"),
)


def floor_under(packs: list[Pack]) -> list[Pack]:
    """Return the packs, with the floor's rules added where no pack says the same everywhere and for good."""
    missing = tuple(
        rule
        for rule in (SUPPRESSION, RESTRICTION)
        if not any(_says(pack, one, rule) for pack in packs for one in pack.rules)
    )
    if not missing:
        return packs
    floor = Pack(
        id=FLOOR,
        title=TITLE,
        layer=Layer.HOUSE,
        version="1",
        reviewed=date(2026, 11, 21),
        tzdb_min="2026a",
        rules=missing,
    )
    return [*packs, floor]


def _says(pack: Pack, rule: Rule, floor: Rule) -> bool:
    return (
        rule.enabled
        and rule.effect == "forbid"
        and rule.params == floor.params
        and rule.applies == Applies()
        and rule.effective == Effective()
        and pack.jurisdiction.countries is None
        and pack.jurisdiction.regions is None
    )
