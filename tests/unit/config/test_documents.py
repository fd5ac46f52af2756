"""Settings files: what they mean is what they look like, and every fault has a line."""

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from config.documents import MAX_CHARACTERS, Document, load_document
from config.faults import Fault
from config.files import read_packs

JSON_LIKE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abcdefgh ", min_size=1), inner, max_size=3)
    ),
    max_leaves=12,
)


def read(text: str) -> Document:
    """Load what must be a good document."""
    document = load_document("x.yaml", text)
    assert isinstance(document, Document), document
    return document


def faults(text: str) -> list[Fault]:
    """Load what must be a bad document."""
    found = load_document("x.yaml", text)
    assert isinstance(found, list)
    assert found
    return found


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"),
        ("21:00", "21:00"),
        ("yes", "yes"),
        ("2026-09-01", "2026-09-01"),
        ("007", "007"),
        ('"7"', "7"),
        ("7", 7),
        ("-7", -7),
        ("0.5", 0.5),
        ("true", True),
        ("~", None),
        ("", None),
    ],
)
def test_a_plain_word_means_what_it_looks_like(text: str, value: object) -> None:
    """Norway's code is not false, nine in the evening is not 1260, and a quoted number is text."""
    assert read(f"- {text}").value == [value]
    assert type(read(f"- {text}").value[0]) is type(value)  # type: ignore[index]


def test_every_value_knows_its_line() -> None:
    """A fault found later can name the line, also for a value that is missing."""
    document = read("a: 1\nb:\n  - x\n  - c: 3\n    d: 4\n")
    assert document.line_of(("a",)) == 1
    assert document.line_of(("b", 1, "d")) == 5
    assert document.line_of(("b", 1, "missing", 0)) == 4
    assert document.line_of(()) == 1


def test_every_duplicate_key_is_reported() -> None:
    """A key given twice is a fault: the last one would win in silence."""
    found = faults("a: 1\nb: {c: 1, c: 2}\na: 3\n")
    assert [(fault.line, fault.message) for fault in found] == [
        (2, "the key `c` is here twice"),
        (3, "the key `a` is here twice"),
    ]
    assert "line 1" in found[1].hint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# only a comment\n",
        "a: &x [1]\nb: *x\n",
        "a: !!python/object/apply:os.system [echo]\n",
        "a: !secret x\n",
        "? [1, 2]\n: 3\n",
        "a: 1\n---\nb: 2\n",
        "a: [1, 2\n",
        "a: b: c\n",
        "\ttab: 1\n",
        "a: \x00\n",
        'a: "\\ud83d"\n',
        "[" * 10_000,
        "- " * 10_000,
        "x" * (MAX_CHARACTERS + 1),
    ],
)
def test_a_document_that_cannot_be_trusted_is_refused(text: str) -> None:
    """Empty files, aliases, tags, odd keys, second documents, broken syntax and bombs are faults, not crashes."""
    for fault in faults(text):
        assert fault.line >= 1
        assert fault.hint


@given(text=st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    """Whatever a file contains, the answer is a document or a list of faults."""
    assert isinstance(load_document("x.yaml", text), Document | list)


@given(value=st.dictionaries(st.text("abcdefgh", min_size=1), JSON_LIKE, min_size=1))
def test_json_reads_back(value: dict[str, object]) -> None:
    """A document written as JSON reads back as the same values."""
    assert read(json.dumps(value)).value == value


def test_shipped_packs_are_package_data() -> None:
    """The rule packs come with the package, wherever it is installed."""
    packs = read_packs()
    assert "HOUSE.yaml" in packs
    assert list(packs) == sorted(packs)


def test_both_parsers_read_the_shipped_packs_alike():
    """Whether PyYAML came with libyaml or not, a file means the same, line for line."""
    for name, text in read_packs().items():
        assert load_document(name, text) == load_document(name, text, parser=yaml.SafeLoader)
