"""The figures as one table for people, and as JSON for whoever compares runs."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from bench.figures import Figure


def show(console: Console, figures: Sequence[Figure], foot: Sequence[str]) -> None:
    """Print the table; every figure beside its limit, its goal and what it cost each process."""
    table = Table(caption="core-us: processor time of each process for one operation, in microseconds")
    for name in ("figure", "median (low-high)", "limit of this run", "ratio", "goal", "core-us", "also"):
        table.add_column(name, justify="left" if name in {"figure", "core-us", "also"} else "right")
    for figure in figures:
        table.add_row(
            figure.name,
            f"{_number(figure.value)} {figure.unit}\n({_number(figure.low)}-{_number(figure.high)})",
            f"{_number(figure.limit)}\n{figure.limit_name}" if figure.limit else "",
            "" if figure.ratio is None else f"{figure.ratio:.2f}",
            _goal(figure),
            _spent(figure),
            "\n".join(f"{name} {_number(value)}" for name, value in figure.more.items()),
            end_section=True,
        )
    console.print(table)
    for line in foot:
        console.print(line)


def write(path: Path, figures: Sequence[Figure], about: dict[str, object]) -> None:
    """Write everything as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {**about, "figures": [{**msgspec.to_builtins(f), "ratio": f.ratio} for f in figures]}
    path.write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n")


def _goal(figure: Figure) -> str:
    if figure.reached is None:
        return ""
    mark = "[green]reached[/]" if figure.reached else "[yellow]missed[/]"
    return f"{'<' if figure.less_is_better else '>'}= {_number(figure.goal)}\n{mark}"


def _spent(figure: Figure) -> str:
    spent = {name: us for name, us in figure.cpu_us.items() if us >= 0.5}
    if not spent:
        return ""
    ours = sum(us for name, us in spent.items() if name not in {"load", "carrier"})
    parts = ", ".join(f"{name} {us:.0f}" for name, us in spent.items())
    return f"{ours:.0f} ours: {parts}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}".rstrip("0").rstrip(".")
