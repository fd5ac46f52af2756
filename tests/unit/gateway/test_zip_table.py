"""The table of US time zones: what well-known ZIP codes say, and that the file loses nothing."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.zip_table import parse_zip_table, read_zip_table, write_zip_table

CODES = st.integers(0, 99_999).map(lambda number: f"{number:05}")
ZONES = st.sampled_from(
    [("America/New_York",), ("America/Chicago", "America/New_York"), ("Pacific/Honolulu",)]
)


def test_well_known_places_are_where_they_are():
    """New York City, a Kansas county on Mountain time, and a town whose two sources disagree: both count."""
    codes = read_zip_table()
    assert codes["10001"] == ("America/New_York",)
    assert codes["67735"] == ("America/Denver",)
    assert codes["89883"] == ("America/Denver", "America/Los_Angeles")  # West Wendover, Nevada
    assert "00000" not in codes


@given(st.dictionaries(CODES, ZONES, max_size=60))
def test_the_table_reads_as_it_was_written(codes):
    """No code is lost, gained or moved by folding neighbours into runs."""
    assert parse_zip_table(write_zip_table(codes)) == codes
