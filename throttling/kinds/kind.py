"""What the loader knows of a kind of rule."""

from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

from throttling.budget import Budget
from throttling.label import RuleLabel
from throttling.moment import Judge, Moment

P = TypeVar("P")


class Kind(msgspec.Struct, Generic[P], frozen=True, kw_only=True):
    """A kind of rule: its parameter block, its judge, and the proof that one block is as strict as another.

    `counterexample(mine, theirs)` names something that `mine` lets pass and `theirs` does not, or None. `budget` is set
    by kinds that count. `turns`: its denial becomes a deferral where a condition of the rule is known to turn.
    """

    name: str
    params: type[P]
    build_judge: Callable[[RuleLabel, P], Judge]
    counterexample: Callable[[P, P], str | None]
    budget: Callable[[RuleLabel, P, Moment], Budget] | None = None
    turns: bool = False
