"""The table of US time zones against the library it was made from."""

import pytz
from hypothesis import given
from hypothesis import strategies as st

from gateway.zip_table import (
    ZipTable,
    parse_zip_table,
    read_zip_table,
    table_of_the_library,
    write_zip_table,
)

CODES = st.integers(0, 99_999).map(lambda number: f"{number:05}")
ZONES = st.sampled_from(["America/New_York", "America/Chicago", "Pacific/Honolulu"])


def test_the_table_is_what_the_library_says():
    """After an upgrade of zipcodes or of the zone names this fails: run `python -m gateway.zip_table` again."""
    assert read_zip_table() == table_of_the_library(pytz.all_timezones)


def test_well_known_places_are_where_they_are():
    """New York City, a Kansas county on Mountain time, and a state of two zones."""
    table = read_zip_table()
    assert table.codes["10001"] == "America/New_York"
    assert table.codes["67735"] == "America/Denver"
    assert table.states["KS"] == ("America/Chicago", "America/Denver")
    assert "00000" not in table.codes


@given(st.dictionaries(CODES, ZONES, max_size=60), st.dictionaries(st.sampled_from(["NY", "KS"]), ZONES))
def test_the_table_reads_as_it_was_written(codes, states):
    """No code is lost, gained or moved by folding neighbours into runs."""
    table = ZipTable(states={state: (zone,) for state, zone in states.items()}, codes=codes)
    assert parse_zip_table(write_zip_table(table)) == table
