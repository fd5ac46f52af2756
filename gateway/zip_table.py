"""Writes and reads `zip_zones.txt`, the time zones of US states and ZIP codes. The door to zipcodes.

That library unfolds its data into 42,000 dicts, which costs each process a second of start-up and 130 MB; the table
costs 20 ms and 5 MB. `python -m gateway.zip_table` writes it anew after the library was upgraded; a test compares.
"""

import sys
from collections.abc import Iterable, Iterator
from importlib import resources
from itertools import groupby

import msgspec

NAME = "zip_zones.txt"
HEADING = (
    "# Written by `python -m gateway.zip_table`: states with their zones; prefixes with a zone and its codes."
)
_PREFIX = 3  # a line holds the codes of one sectional centre, which nearly always lies in one zone


class ZipTable(msgspec.Struct, frozen=True, kw_only=True):
    """Zones by the two letters of a state, all those of its ZIP codes, and the one zone of each ZIP code."""

    states: dict[str, tuple[str, ...]]
    codes: dict[str, str]


def read_zip_table() -> ZipTable:
    """The table that ships with Forbear."""
    return parse_zip_table(resources.files("gateway").joinpath(NAME).read_text("utf-8"))


def parse_zip_table(text: str) -> ZipTable:
    """The table as `write_zip_table` wrote it."""
    states: dict[str, tuple[str, ...]] = {}
    codes: dict[str, str] = {}
    for line in text.splitlines():
        key, *rest = line.split(" ")
        if key.isdecimal():
            zone, runs = rest
            codes.update(dict.fromkeys(_unfold(key, runs), zone))
        elif key != "#":
            states[key] = tuple(rest)
    return ZipTable(states=states, codes=codes)


def write_zip_table(table: ZipTable) -> str:
    """The table as text, in order, so that two releases of the data can be compared line by line."""
    lines = [HEADING]
    lines += [" ".join((state, *zones)) for state, zones in sorted(table.states.items())]
    places = sorted((code[:_PREFIX], zone, code) for code, zone in table.codes.items())
    for (prefix, zone), group in groupby(places, key=lambda place: place[:2]):
        lines.append(f"{prefix} {zone} {_fold(code for _, _, code in group)}")
    return "\n".join(lines) + "\n"


def table_of_the_library(known_zones: Iterable[str]) -> ZipTable:
    """The table as the installed zipcodes library has it; a place whose zone is not in `known_zones` is left out."""
    import zipcodes  # noqa: PLC0415  (only the maintainer's command and the test need it)

    known = frozenset(known_zones)
    states: dict[str, set[str]] = {}
    codes: dict[str, str] = {}
    for place in zipcodes.list_all():  # type: ignore[no-untyped-call]
        zone = place["timezone"]
        if zone in known:
            states.setdefault(place["state"], set()).add(zone)
            codes[place["zip_code"]] = zone
    return ZipTable(states={state: tuple(sorted(zones)) for state, zones in states.items()}, codes=codes)


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


if __name__ == "__main__":
    import pytz

    sys.stdout.write(write_zip_table(table_of_the_library(pytz.all_timezones)))
