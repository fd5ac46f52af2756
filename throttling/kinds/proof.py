"""The parts of a proof that counting kinds share: which events one rule counts and another does not, how long."""

from throttling.counting import Counted, Per, keys_of
from throttling.lookback import describe
from throttling.vocabulary import Unit

# From the widest to the narrowest: who counts attempts also counts every conversation.
WIDTH = (Unit.ATTEMPT, Unit.CONNECTED, Unit.CONTACT, Unit.CONVERSATION)
FILTERS = (
    ("kinds", "kind"),
    ("outcomes", "outcome"),
    ("channels", "channel"),
    ("places", "place"),
    ("purposes", "purpose"),
)


def unseen(mine: Counted, theirs: Counted, unit: Unit | None, their_unit: Unit | None) -> str | None:
    """Name an event that `theirs` counts and `mine` does not."""
    if unit is not None and (their_unit is None or WIDTH.index(unit) > WIDTH.index(their_unit)):
        return f"only what counts as {unit} counts"
    for name, word in FILTERS:
        have, want = getattr(mine, name), getattr(theirs, name)
        if have is not None and (want is None or not set(want) <= set(have)):
            missed = "other" if want is None else min(set(want) - set(have))
            return f"an event of {word} {missed} does not count"
    spared = set(mine.except_purposes or ()) - set(theirs.except_purposes or ())
    if spared:
        return f"an event of purpose {min(spared)} does not count"
    if mine.except_consent is not None and mine.except_consent != theirs.except_consent:
        return "an event that a consent covered does not count"
    return None


def ends_sooner(mine: Counted, theirs: Counted, per: Per, their_per: Per) -> str | None:
    """Name how a closure under `mine` reaches less or ends sooner than one under `theirs`."""
    if not keys_of(per) - {"person"} <= keys_of(their_per):
        return f"per {' and '.join(sorted(keys_of(per)))} closes less"
    if mine.days is not None and theirs.days is not None:
        return None if mine.days >= theirs.days else f"day {mine.days + 1} is open"
    names = ("days", "calendar", "week_starts", "hours", "minutes")
    same = all(getattr(mine, name) == getattr(theirs, name) for name in names)
    return None if same else f"{describe(mine)} cannot be held against {describe(theirs)}"
