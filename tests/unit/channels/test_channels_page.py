"""The documentation of the sandbox says what the sandbox does."""

from pathlib import Path

from channels.sandbox_scripts import SCRIPTS, USUAL

PAGE = Path(__file__).parents[3] / "docs" / "channels.md"


def test_the_page_lists_every_scripted_address():
    """The table in docs/channels.md is the table that the carrier plays."""
    table = PAGE.read_text("utf-8").split("<!-- scripts -->\n", 1)[1].split("<!-- /scripts -->", 1)[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]
    assert rows == [[script.ending or "others", script.title, script.shows] for script in (*SCRIPTS, USUAL)]
