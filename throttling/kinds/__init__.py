"""The one table of rule kinds. A new kind is a new file beside this one, and one entry here."""

from typing import Any

from throttling.kinds import (
    agreement,
    cap,
    channel_lock,
    cool_down,
    forbid,
    hours,
    required_line,
    restriction,
    suppression,
)
from throttling.kinds.kind import Kind

# In the order in which rules answer: what binds for good comes before what ends by itself.
_IN_ORDER: tuple[Kind[Any], ...] = (
    Kind(
        name="suppression",
        params=suppression.Params,
        build_judge=suppression.build_judge,
        counterexample=suppression.counterexample,
    ),
    Kind(
        name="restriction",
        params=restriction.Params,
        build_judge=restriction.build_judge,
        counterexample=restriction.counterexample,
    ),
    Kind(
        name="forbid",
        params=forbid.Params,
        build_judge=forbid.build_judge,
        counterexample=forbid.counterexample,
        turns=True,
    ),
    Kind(
        name="required_line",
        params=required_line.Params,
        build_judge=required_line.build_judge,
        counterexample=required_line.counterexample,
    ),
    Kind(
        name="hours",
        params=hours.Params,
        build_judge=hours.build_judge,
        counterexample=hours.counterexample,
    ),
    Kind(
        name="agreement",
        params=agreement.Params,
        build_judge=agreement.build_judge,
        counterexample=agreement.counterexample,
    ),
    Kind(
        name="cap",
        params=cap.Params,
        build_judge=cap.build_judge,
        counterexample=cap.counterexample,
        budget=cap.budget,
    ),
    Kind(
        name="cool_down",
        params=cool_down.Params,
        build_judge=cool_down.build_judge,
        counterexample=cool_down.counterexample,
    ),
    Kind(
        name="channel_lock",
        params=channel_lock.Params,
        build_judge=channel_lock.build_judge,
        counterexample=channel_lock.counterexample,
    ),
)

KINDS: dict[str, Kind[Any]] = {kind.name: kind for kind in _IN_ORDER}
RANKS: dict[str, int] = {kind.name: rank for rank, kind in enumerate(_IN_ORDER)}

# What a person asked for, or the law says of them, no reason of ours can pass.
NEVER_OVERRIDDEN = frozenset({"suppression", "restriction"})
