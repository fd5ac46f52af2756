"""The floor under every set of rules: whoever said stop is not contacted, whatever packs are loaded.

A pack may say the same with a better citation; then the floor adds nothing. What the floor lets through is only what
every law we read lets through: the one confirmation of an opt-out, one reply to a message, a notice that a law orders,
and what a person directly agreed to for a time that would be inconvenient.
"""

from datetime import date

from throttling.condition import Condition, ConfirmationTerms, ReplyTerms
from throttling.consenting import ConsentTerms
from throttling.facts import SuppressionScope
from throttling.kinds import KINDS, restriction, suppression
from throttling.pack import (
    FLOOR,
    Applies,
    Citation,
    Confidence,
    Effective,
    Force,
    Layer,
    Pack,
    Rule,
)

TITLE = "Forbear: a stated wish, a lawyer or a death binds in every set of rules"

# 47 CFR 64.1200(a)(12).
CONFIRMATION = Condition(confirmation=ConfirmationTerms(within_minutes=5))
# 12 CFR 1006.14(h)(2)(ii), comment 6(b)(1)-2: on the same medium, once for each message.
REPLY = Condition(reply=ReplyTerms())
# 12 CFR 1006.14(h)(2)(iii): a request about a medium does not close it to a delivery that the law orders.
REQUIRED_NOTICE = Condition(required_notice=True)
# 12 CFR 1006.6(b)(4).
DIRECT_CONSENT = Condition(consent=ConsentTerms(direct=True, compliant=True))

# What 12 CFR 1006.6(b)(1) to (3) close, and (b)(4) opens again.
INCONVENIENT = frozenset(
    {
        "attorney",
        "employer_prohibits",
        "inconvenient_address",
        "inconvenient_channel",
        "inconvenient_place",
        "inconvenient_time",
    }
)


def _rule(
    name: str,
    kind: str,
    params: suppression.Params | restriction.Params,
    unless: tuple[Condition, ...] = (),
) -> Rule:
    return Rule(
        id=f"{FLOOR}.{name}",
        kind=kind,
        citation=Citation(title=TITLE),
        confidence=Confidence.VERIFIED,
        force=Force.HOUSE,
        params=params,
        unless=unless,
    )


RULES = (
    _rule(
        "suppression",
        "suppression",
        suppression.Params(scopes=frozenset(SuppressionScope) - {SuppressionScope.CHANNEL}),
        (CONFIRMATION,),
    ),
    _rule(
        "medium-request",
        "suppression",
        suppression.Params(scopes=frozenset({SuppressionScope.CHANNEL})),
        (CONFIRMATION, REPLY, REQUIRED_NOTICE),
    ),
    _rule("restriction", "restriction", restriction.Params(kinds="any", except_kinds=INCONVENIENT)),
    _rule("inconvenience", "restriction", restriction.Params(kinds=INCONVENIENT), (REPLY, DIRECT_CONSENT)),
)


def floor_under(packs: list[Pack]) -> list[Pack]:
    """Return the packs, with the floor's rules added where no pack says the same everywhere and for good."""
    missing = tuple(
        rule for rule in RULES if not any(_says(pack, one, rule) for pack in packs for one in pack.rules)
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
    """Whether a rule of a pack binds everywhere, always, and at least as much as one of the floor."""
    return (
        rule.enabled
        and rule.kind == floor.kind
        and rule.effect == "forbid"
        and rule.applies == Applies()
        and rule.effective == Effective()
        and rule.when is None
        and set(rule.unless) <= set(floor.unless)
        and pack.jurisdiction.countries is None
        and pack.jurisdiction.regions is None
        and KINDS[rule.kind].counterexample(rule.params, floor.params) is None
    )
