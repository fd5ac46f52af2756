"""What a measurement gives: a rate or a time, its spread, what it cost each process, and the limit beside it."""

from collections.abc import Mapping, Sequence
from statistics import median

import msgspec


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One run: `value` in the unit of its figure, and core-microseconds an operation by process."""

    value: float
    cpu_us: Mapping[str, float]
    more: Mapping[str, float] = {}


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the table. `limit` is the raw figure of the same run that it stands beside, `goal` what it should reach.

    A goal is compared with `value`, or with the ratio of value and limit where `goal_is_ratio`.
    """

    name: str
    unit: str
    value: float
    low: float
    high: float
    cpu_us: Mapping[str, float]
    more: Mapping[str, float] = {}
    limit_name: str = ""
    limit: float = 0.0
    goal: float = 0.0
    goal_is_ratio: bool = False
    less_is_better: bool = False

    @property
    def ratio(self) -> float | None:
        """Value by limit."""
        return self.value / self.limit if self.limit else None

    @property
    def reached(self) -> bool | None:
        """Whether the goal is reached; None without one."""
        if not self.goal:
            return None
        reached = (self.ratio or 0.0) if self.goal_is_ratio else self.value
        return reached <= self.goal if self.less_is_better else reached >= self.goal


def figure(name: str, unit: str, samples: Sequence[Sample]) -> Figure:
    """The median run of several, with lowest and highest."""
    middle = median(sample.value for sample in samples)
    shown = min(samples, key=lambda sample: abs(sample.value - middle))
    return Figure(
        name=name,
        unit=unit,
        value=middle,
        low=min(sample.value for sample in samples),
        high=max(sample.value for sample in samples),
        cpu_us=shown.cpu_us,
        more=shown.more,
    )


def beside(
    row: Figure, limit: Figure | None = None, *, goal: float = 0.0, ratio: bool = False, less: bool = False
) -> Figure:
    """The row with the limit it stands beside and the goal it should reach."""
    return msgspec.structs.replace(
        row,
        limit_name=limit.name if limit else "",
        limit=limit.value if limit else 0.0,
        goal=goal,
        goal_is_ratio=ratio,
        less_is_better=less,
    )
