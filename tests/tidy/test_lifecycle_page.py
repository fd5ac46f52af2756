"""The page of states says what the tables say."""

import importlib.util
from pathlib import Path

from gateway.answers import ContactState
from gateway.attempt import AttemptState


def test_lifecycle_page_is_drawn_from_the_tables(repository: Path):
    """docs/lifecycle.md is what the tables of transitions draw; `python docs/draw_lifecycle.py` rewrites it."""
    spec = importlib.util.spec_from_file_location("draw_lifecycle", repository / "docs" / "draw_lifecycle.py")
    assert spec is not None
    assert spec.loader is not None
    drawing = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(drawing)
    assert (repository / "docs" / "lifecycle.md").read_text("utf-8") == drawing.draw()
    assert set(drawing.CONTACT) == set(ContactState)
    assert set(drawing.ATTEMPT) == set(AttemptState)
