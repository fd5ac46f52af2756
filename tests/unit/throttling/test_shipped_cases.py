"""Every case that ships passes, and shows what it says it shows."""

import re

import pytest

from config.documents import Document, load_document
from config.files import read_cases, read_packs
from tests.fakes.decisions import pack
from throttling.case import Case
from throttling.case_file import parse_cases
from throttling.case_run import run_cases
from throttling.localtime import tzdb_version

PACKS = {one.id: one for one in (pack(text, name) for name, text in read_packs().items())}


def cases_of(name: str, text: str) -> list[Case]:
    """Parse a shipped file."""
    document = load_document(name, text)
    assert isinstance(document, Document), document
    found = parse_cases(name, document.value, document.line_of, PACKS)
    cases = [one for one in found if isinstance(one, Case)]
    assert len(cases) == len(found), [str(one) for one in found]
    return cases


CASES = {f"{name}:{case.id}": case for name, text in read_cases().items() for case in cases_of(name, text)}


@pytest.mark.parametrize("name", CASES)
def test_a_shipped_case_passes(name: str) -> None:
    """The answer is the one that its citation asks for."""
    (result,) = run_cases([CASES[name]], PACKS, tzdb=tzdb_version())
    assert result.misses == ()


def test_each_of_the_points_has_its_cases() -> None:
    """What a rule must be able to say is shown, point by point (the last, retention, decides nothing)."""
    points = {int(found[1]) for name in CASES if (found := re.search(r":point-(\d\d)-", name))}
    assert points == set(range(1, 22))
