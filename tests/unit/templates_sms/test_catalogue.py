"""The catalogue: whole or not at all, and never a text in a language the reader did not ask for."""

from enum import StrEnum
from pathlib import Path

import pytest

from templates_sms.catalogue import Catalogue, NotFound, build_catalogue, read_catalogue_files
from templates_sms.segments import Encoding, split_segments
from templates_sms.template import Template

USES = {
    "payment_due_soon": {"sms", "email", "push"},
    "payment_overdue": {"sms", "email", "voice", "push"},
    "payment_received": {"sms", "email", "push"},
    "plan_offer": {"sms", "email", "push"},
    "hardship_help": {"sms", "email", "voice"},
    "opt_out_confirmation": {"sms", "email"},
    "call_back": {"sms", "voice"},
}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    built = build_catalogue(read_catalogue_files())
    assert isinstance(built, Catalogue), [str(fault) for fault in built]
    return built


def test_starter_set_covers_every_use_in_three_languages(catalogue: Catalogue) -> None:
    """A newcomer finds a sound text for each use of the field, in English, Spanish and simplified Chinese."""
    expected = {
        (name, way, locale)
        for name, ways in USES.items()
        for way in ways
        for locale in ("en", "es", "zh-Hans")
    }
    assert set(catalogue.templates) == expected


def test_every_electronic_starter_text_says_how_to_stop(catalogue: Catalogue) -> None:
    """12 CFR 1006.6(e): every message but the confirmation of an opt-out tells how to opt out."""
    for (name, _, _), template in catalogue.templates.items():
        assert ("opted_out" if name == "opt_out_confirmation" else "opt_out") in template.lines, name


def test_catalogue_without_files_is_refused() -> None:
    """Empty means refuse."""
    faults = build_catalogue({})
    assert isinstance(faults, list)
    assert faults[0].message == "there are no templates"


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("en", "en"),
        ("en-US", "en"),
        ("EN-gb", "en"),
        ("es-MX", "es"),
        ("es-419", "es"),
        ("zh", "zh-Hans"),
        ("zh-CN", "zh-Hans"),
        ("zh-Hans-SG", "zh-Hans"),
        ("zh-TW", None),
        ("zh-Hant", None),
        ("zh-Hant-HK", None),
        ("fr-CA", None),
        ("english", None),
        ("", None),
    ],
)
def test_locale_falls_back_within_language_and_script(
    catalogue: Catalogue, asked: str, given: str | None
) -> None:
    """A reader gets a text they can read, or none: never another language, never another script."""
    found = catalogue.find("call_back", "sms", asked)
    if given is None:
        assert isinstance(found, NotFound)
        assert found.part == "locale"
    else:
        assert isinstance(found, Template)
        assert found.locale == given


def test_exact_locale_comes_first() -> None:
    """A text made for a region wins over the language's own."""
    sources = read_catalogue_files()
    sources["en-GB/call_back.sms.j2"] = sources["en/call_back.sms.j2"].replace("Please call", "Please ring")
    built = build_catalogue(sources)
    assert isinstance(built, Catalogue)
    british, american = built.find("call_back", "sms", "en-GB"), built.find("call_back", "sms", "en-US")
    assert isinstance(british, Template)
    assert isinstance(american, Template)
    assert (british.locale, american.locale) == ("en-GB", "en")


def test_channel_may_be_any_text_enum(catalogue: Catalogue) -> None:
    """Each package names the channels in an enum of its own; all of them find the same text."""

    class Elsewhere(StrEnum):
        SMS = "sms"

    assert catalogue.find("call_back", Elsewhere.SMS, "en") is catalogue.find("call_back", "sms", "en")


@pytest.mark.parametrize(
    ("name", "channel", "part", "hint"),
    [
        ("nothing", "sms", "template", "Known: call_back"),
        ("call_back", "email", "channel", "exists for sms, voice"),
    ],
)
def test_missing_text_says_what_is_there(
    catalogue: Catalogue, name: str, channel: str, part: str, hint: str
) -> None:
    """A caller who mistypes learns which part is wrong and what would be right."""
    found = catalogue.find(name, channel, "en")
    assert isinstance(found, NotFound)
    assert found.part == part
    assert hint in found.hint


def test_digest_names_the_exact_set() -> None:
    """The same files give the same digest in any order; one more blank gives another."""
    sources = read_catalogue_files()
    one = build_catalogue(sources)
    same = build_catalogue(dict(reversed(sources.items())))
    other = build_catalogue(sources | {"en/call_back.sms.j2": sources["en/call_back.sms.j2"] + "\n"})
    assert isinstance(one, Catalogue)
    assert isinstance(same, Catalogue)
    assert isinstance(other, Catalogue)
    assert one.digest == same.digest != other.digest


def test_languages_must_ask_for_the_same() -> None:
    """A caller names a template, not a language: no translation may ask for more, or promise less."""
    sources = read_catalogue_files()
    spanish = sources["es/call_back.sms.j2"]
    sources["es/call_back.sms.j2"] = spanish.replace('"name?"', '"text?"').replace(
        'purpose = "call_back"', 'purpose = "x"'
    )
    faults = build_catalogue(sources)
    assert isinstance(faults, list)
    assert [str(fault).partition(".j2:1: ")[2].partition(".sms")[0] for fault in faults] == [
        "variables differ from en/call_back",
        "purpose differ from en/call_back",
    ]


def test_forgotten_translation_is_found() -> None:
    """A file copied to another name or language and left unchanged is a fault."""
    sources = read_catalogue_files()
    sources["en-GB/call_back.sms.j2"] = sources["en/call_back.sms.j2"]
    faults = build_catalogue(sources)
    assert isinstance(faults, list)
    assert "a copy of" in faults[0].message


def test_faults_of_all_files_come_together() -> None:
    """An author sees every fault of every file in one run, in the order of the files."""
    faults = build_catalogue({"en/b.sms.j2": "x", "en/a.sms.j2": "y", "c": "z"})
    assert isinstance(faults, list)
    assert [fault.file for fault in faults] == ["c", "en/a.sms.j2", "en/b.sms.j2"]


def test_english_and_spanish_sms_travel_as_gsm7(catalogue: Catalogue) -> None:
    """The starter texts avoid letters outside GSM-7 (á, í, ó, ú), which would double the price of an SMS."""
    for (name, channel, locale), template in catalogue.templates.items():
        if channel == "sms" and locale in {"en", "es"}:
            assert (
                split_segments(template.body.replace("{", "").replace("}", "")).encoding is Encoding.GSM7
            ), name


def test_guide_lists_what_each_starter_text_takes(catalogue: Catalogue) -> None:
    """docs/templates.md names the variables of every starter text, optional ones in brackets, and nothing else."""
    guide = (Path(__file__).parents[3] / "docs" / "templates.md").read_text(encoding="utf-8")
    rows = [line for line in guide.partition("## The starter set")[2].splitlines() if line.startswith("| `")]
    expected = [
        f"| `{name}` | {channel} | "
        + ", ".join(f"[`{one.name}`]" if one.optional else f"`{one.name}`" for one in template.variables)
        + " |"
        for (name, channel, locale), template in catalogue.templates.items()
        if locale == "en"
    ]
    assert sorted(rows) == sorted(expected)
