"""Reads and writes `place_zones.txt`: the zones of every ISO 3166-2 region, and the regions of postal codes.

Made from libraries by `gateway.place_sources`; see docs/zones.md and docs/adr/0011.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources

import msgspec

NAME = "place_zones.txt"
HEADING = (
    "# Written by `python -m gateway.place_sources`; docs/zones.md says from what, and names the sources."
)
_POSTAL, _WHOLE = "postal", "."


class PlaceTable(msgspec.Struct, frozen=True, kw_only=True):
    """Where regions and postal codes are.

    `regions` has the zones of every ISO 3166-2 region, and of countries that the zone database does not have. One
    without zones is no place on the map (US-AE, mail to the armed forces).
    `whole` has what a whole postal code of a country looks like, `postal` the beginnings (regular expressions) with
    the region or country that each belongs to.
    """

    regions: Mapping[str, tuple[str, ...]]
    whole: Mapping[str, str]
    postal: Mapping[str, tuple[tuple[str, str], ...]]


def read_place_table() -> PlaceTable:
    """The table that ships with Forbear."""
    return parse_place_table(resources.files("gateway").joinpath(NAME).read_text("utf-8"))


def regions_of_postal_code(table: PlaceTable, country: str, code: str) -> tuple[str, ...]:
    """The regions (or countries) in which the code lies; empty for a code that is malformed or tells nothing."""
    whole = table.whole.get(country)
    code = code.upper()
    if whole is None or not _compiled(whole).fullmatch(code):
        return ()
    forms = (code, code.replace(" ", ""))
    found = [
        region
        for pattern, region in table.postal[country]
        if any(_compiled(pattern).match(form) for form in forms)
    ]
    return tuple(dict.fromkeys(found))


def parse_place_table(text: str) -> PlaceTable:
    """The table as `write_place_table` wrote it."""
    regions: dict[str, tuple[str, ...]] = {}
    whole: dict[str, str] = {}
    postal: dict[str, list[tuple[str, str]]] = {}
    for line in text.splitlines():
        key, *rest = line.split(" ")
        if key == "#":
            continue
        if key == _POSTAL:
            _, country, region, pattern = line.split(" ", 3)
            if region == _WHOLE:
                whole[country] = pattern
            else:
                postal.setdefault(country, []).append((pattern, region))
        else:
            zones = tuple(rest[1:])
            regions |= {_join(key, code): zones for code in rest[0].split(",")}
    return PlaceTable(
        regions=regions, whole=whole, postal={country: tuple(postal[country]) for country in whole}
    )


def write_place_table(table: PlaceTable) -> str:
    """The table as text, in order, so that two releases of the data can be compared line by line."""
    rows: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for region, zones in sorted(table.regions.items()):
        country, _, code = region.partition("-")
        rows.setdefault((country, zones), []).append(code or _WHOLE)
    lines = [HEADING]
    lines += [
        " ".join((country, ",".join(codes), *zones)) for (country, zones), codes in sorted(rows.items())
    ]
    for country, pattern in sorted(table.whole.items()):
        lines.append(f"{_POSTAL} {country} {_WHOLE} {pattern}")
        lines += _postal_lines(country, table.postal[country])
    return "\n".join(lines) + "\n"


def _postal_lines(country: str, rows: Sequence[tuple[str, str]]) -> list[str]:
    return [f"{_POSTAL} {country} {region} {pattern}" for pattern, region in rows]


def _join(country: str, code: str) -> str:
    return country if code == _WHOLE else f"{country}-{code}"


_compiled = cache(re.compile)
