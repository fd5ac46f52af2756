"""The one table of rule kinds. A new kind is a new file beside this one, and one line here."""

from typing import Any

from throttling.kinds import cap, hours, required_line, restriction, suppression
from throttling.kinds.kind import Kind

KINDS: dict[str, Kind[Any]] = {
    kind.name: kind
    for kind in (
        Kind(
            name="suppression",
            rank=0,
            params=suppression.Params,
            build_judge=suppression.build_judge,
            counterexample=suppression.counterexample,
        ),
        Kind(
            name="restriction",
            rank=1,
            params=restriction.Params,
            build_judge=restriction.build_judge,
            counterexample=restriction.counterexample,
        ),
        Kind(
            name="required_line",
            rank=2,
            params=required_line.Params,
            build_judge=required_line.build_judge,
            counterexample=required_line.counterexample,
        ),
        Kind(
            name="hours",
            rank=3,
            params=hours.Params,
            build_judge=hours.build_judge,
            counterexample=hours.counterexample,
        ),
        Kind(
            name="cap",
            rank=4,
            params=cap.Params,
            build_judge=cap.build_judge,
            counterexample=cap.counterexample,
            budget=cap.budget,
        ),
    )
}
