"""The shipped tables of places against the libraries they were made from."""

from gateway.place_sources import place_table_of_the_libraries, zip_table_of_the_libraries
from gateway.place_table import read_place_table
from gateway.zip_table import read_zip_table


def test_the_shipped_tables_are_what_the_libraries_say():
    """After an upgrade of a library this fails: run `python -m gateway.place_sources` and read the difference."""
    assert read_zip_table() == zip_table_of_the_libraries()
    assert read_place_table() == place_table_of_the_libraries()
