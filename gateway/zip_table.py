"""Reads and writes `zip_zones.txt`, the time zones of US ZIP codes.

Made from libraries by `gateway.place_sources`. The library with the ZIP codes unfolds its data into 42,000 dicts, which
would cost each process a second of start-up and 130 MB; the table costs 20 ms and 5 MB.
"""

from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from itertools import groupby

NAME = "zip_zones.txt"
HEADING = (
    "# Written by `python -m gateway.place_sources`: the first three digits, the zones, the last two digits."
)
_PREFIX = 3  # a line holds the codes of one sectional centre, which nearly always lies in one zone


def read_zip_table() -> dict[str, tuple[str, ...]]:
    """The zones of each ZIP code, as they ship with Forbear."""
    return parse_zip_table(resources.files("gateway").joinpath(NAME).read_text("utf-8"))


def parse_zip_table(text: str) -> dict[str, tuple[str, ...]]:
    """The table as `write_zip_table` wrote it."""
    codes: dict[str, tuple[str, ...]] = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            prefix, zones, runs = line.split(" ")
            codes.update(dict.fromkeys(_unfold(prefix, runs), tuple(zones.split(","))))
    return codes


def write_zip_table(codes: Mapping[str, tuple[str, ...]]) -> str:
    """The table as text, in order, so that two releases of the data can be compared line by line."""
    places = sorted((code[:_PREFIX], ",".join(zones), code) for code, zones in codes.items())
    lines = [
        f"{prefix} {zones} {_fold(code for _, _, code in group)}"
        for (prefix, zones), group in groupby(places, key=lambda place: place[:2])
    ]
    return "\n".join([HEADING, *lines]) + "\n"


def _fold(codes: Iterable[str]) -> str:
    """`01-05,10` for the codes 10001 to 10005 and 10010."""
    runs: list[list[int]] = []
    for code in codes:
        last = int(code[_PREFIX:])
        if runs and runs[-1][1] == last - 1:
            runs[-1][1] = last
        else:
            runs.append([last, last])
    return ",".join(f"{first:02}" if first == last else f"{first:02}-{last:02}" for first, last in runs)


def _unfold(prefix: str, runs: str) -> Iterator[str]:
    for run in runs.split(","):
        first, _, last = run.partition("-")
        for number in range(int(first), int(last or first) + 1):
            yield f"{prefix}{number:02}"
