"""Proves the claims of lower layers to be stricter than the law, or names what they would let pass."""

from collections.abc import Iterator, Sequence

from throttling.facts import Actor, Channel
from throttling.faults import Fault
from throttling.kinds import KINDS
from throttling.pack import LAYERS, Effective, Pack, Rule, countries_of, is_overridable, regions_of


def loosened(packs: Sequence[Pack]) -> Iterator[Fault]:
    """Yield a fault for every rule that claims to tighten another and lets something pass that the other forbids.

    Rules can only forbid, so no layer can loosen another by being loaded; what could mislead is a rule that is written
    down as the stricter one and is not.
    """
    by_id = {rule.id: (pack, rule) for pack in packs for rule in pack.rules}
    for pack in packs:
        for mine in pack.rules:
            if mine.tightens is None:
                continue
            reason = _why_not_tighter(pack, mine, by_id.get(mine.tightens))
            if reason is not None:
                yield Fault(
                    file=pack.file,
                    line=pack.lines.get(mine.id, 1),
                    message=f"{mine.id} does not tighten {mine.tightens}: {reason}",
                    hint="make it at least as strict, or remove `tightens`",
                )


def _why_not_tighter(pack: Pack, mine: Rule, other: tuple[Pack, Rule] | None) -> str | None:
    """Say why a rule is not at least as strict as the one it names, if possible by a counterexample."""
    if other is None:
        return "no loaded pack has such a rule"
    above, theirs = other
    if LAYERS.index(above.layer) >= LAYERS.index(pack.layer):
        return f"that is a rule of the {above.layer} layer, not of a higher one"
    if mine.kind != theirs.kind:
        return f"that is a rule of another kind, {theirs.kind}"
    looser = next((why for why, is_so in _looser(mine, theirs).items() if is_so), None)
    if looser is not None:
        return looser
    reach = _shorter_reach(pack, mine, above, theirs)
    if reach is not None:
        return f"it does not bind for all {reach} of that rule"
    return KINDS[mine.kind].counterexample(mine.params, theirs.params)


def _looser(mine: Rule, theirs: Rule) -> dict[str, bool]:
    """Say what may be looser about a rule besides its parameters and its reach, and whether it is."""
    return {
        "it does not always bind": (
            not mine.enabled or mine.effect != "forbid" or mine.effective != Effective()
        ),
        "it binds only on a condition": mine.when is not None and mine.when != theirs.when,
        "it has an exception that the other has not": not set(mine.unless) <= set(theirs.unless),
        "it goes by the clock of other places": mine.zones != theirs.zones,
        "an override may pass it": is_overridable(mine) and not is_overridable(theirs),
    }


def _shorter_reach(pack: Pack, mine: Rule, above: Pack, theirs: Rule) -> str | None:
    """Name what the rule it claims to tighten reaches and it does not."""
    a, b = mine.applies, theirs.applies
    reaches: tuple[tuple[str, frozenset[str] | None, frozenset[str] | None], ...] = (
        ("countries", countries_of(pack, mine), countries_of(above, theirs)),
        ("regions", regions_of(pack, mine), regions_of(above, theirs)),
        ("channels", _words(a.channels), _words(b.channels)),
        ("creditors", a.creditors, b.creditors),
        ("debt types", a.debt_types, b.debt_types),
        ("purposes", a.purposes, b.purposes),
        ("actors", _words(a.actors), _words(b.actors)),
        ("products", a.products, b.products),
        ("account states", a.account_states, b.account_states),
        ("relations", a.relations, b.relations),
        ("places", a.places, b.places),
    )
    for name, spared, also_spared in (
        ("purposes", a.except_purposes, b.except_purposes),
        ("relations", a.except_relations, b.except_relations),
    ):
        if spared is not None and not spared <= (also_spared or frozenset()):
            return name
    for name, own, wanted in reaches:
        if own is not None and (wanted is None or not wanted <= own):
            return name
    return None


def _words(members: frozenset[Channel] | frozenset[Actor] | None) -> frozenset[str] | None:
    return None if members is None else frozenset(member.value for member in members)
