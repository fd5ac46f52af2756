"""SMS segments: parts join back to the text, none exceeds its limit, nothing is cut in two."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from templates_sms.gsm7 import BASIC, EXTENSION
from templates_sms.segments import LIMITS, Encoding, count_segments, split_segments

ANY = st.one_of(
    st.text(alphabet=BASIC + EXTENSION, max_size=700),
    st.text(alphabet=EXTENSION, min_size=70, max_size=400),
    st.text(alphabet="a汉😀é€", max_size=400),
    st.text(max_size=400),
)


def units(encoding: Encoding, text: str) -> int:
    """The cost of a text, counted another way: from the bytes that go over the air."""
    if encoding is Encoding.UCS2:
        return len(text.encode("utf-16-be")) // 2
    return sum(2 if char in EXTENSION else 1 for char in text)


@given(ANY)
def test_parts_join_back_to_the_text(text: str) -> None:
    """The phone puts together exactly what was written."""
    assert "".join(split_segments(text).parts) == text


@given(ANY)
def test_no_part_exceeds_its_limit(text: str) -> None:
    """A part over 160/153 septets or 70/67 units would be refused, or cut, by the carrier."""
    cut = split_segments(text)
    single, part_max = LIMITS[cut.encoding]
    assert all(
        units(cut.encoding, part) <= (single if len(cut.parts) == 1 else part_max) for part in cut.parts
    )
    assert cut.units == sum(units(cut.encoding, part) for part in cut.parts)


@given(ANY)
def test_parts_are_as_few_as_can_be(text: str) -> None:
    """No part ends while the next character would still fit: each part is billed."""
    cut = split_segments(text)
    single, part_max = LIMITS[cut.encoding]
    for part, following in zip(cut.parts, cut.parts[1:], strict=False):
        assert units(cut.encoding, part + following[0]) > part_max
    if len(cut.parts) > 1:
        assert cut.units > single


@given(ANY)
def test_one_foreign_character_changes_the_alphabet(text: str) -> None:
    """GSM-7 is used exactly when every character is in it."""
    cut = split_segments(text)
    assert (cut.encoding is Encoding.GSM7) == (set(text) <= set(BASIC + EXTENSION))
    assert count_segments(text) == len(cut.parts)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("a" * 152 + "€" * 5, 2),
        ("汉" * 70, 1),
        ("汉" * 71, 2),
        ("汉" * 134, 2),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("😀" * 67, 3),
        ("汉" * 66 + "😀" * 3, 2),
    ],
)
def test_known_texts_cost_known_parts(text: str, parts: int) -> None:
    """The edges of the tables of 3GPP TS 23.038 and 23.040, an emoji and a euro sign on each."""
    assert count_segments(text) == parts


def test_escape_and_surrogate_pairs_stay_whole() -> None:
    """An escaped character or an emoji that does not fit moves to the next part whole."""
    assert split_segments("a" * 152 + "€" + "b" * 10).parts == ("a" * 152, "€" + "b" * 10)
    assert split_segments("汉" * 66 + "😀" + "字" * 5).parts == ("汉" * 66, "😀" + "字" * 5)


def test_gsm_alphabet_has_the_size_of_the_standard() -> None:
    """127 characters beside the escape, and ten in the extension table."""
    assert len(set(BASIC)) == len(BASIC) == 127
    assert len(set(EXTENSION)) == len(EXTENSION) == 10
