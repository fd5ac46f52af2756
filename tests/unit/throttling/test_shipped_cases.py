"""Every case that ships passes, and shows what it says it shows."""

import re

import pytest

from tests.fakes.shipped_cases import CASES, PACKS
from throttling.case_run import run_cases
from throttling.localtime import tzdb_version


@pytest.mark.parametrize("name", CASES)
def test_a_shipped_case_passes(name: str) -> None:
    """The answer is the one that its citation asks for."""
    (result,) = run_cases([CASES[name]], PACKS, tzdb=tzdb_version())
    assert result.misses == ()


def test_each_of_the_points_has_its_cases() -> None:
    """What a rule must be able to say is shown, point by point (the last, retention, decides nothing)."""
    points = {int(found[1]) for name in CASES if (found := re.search(r":point-(\d\d)-", name))}
    assert points == set(range(1, 22))
