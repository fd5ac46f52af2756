"""Rule kinds: what a pack may write, and when one block of parameters is as strict as another."""

from datetime import date

import msgspec
import pytest

from config.documents import Document, load_document
from tests.fakes.decisions import house, pack_or_faults
from throttling.calendars import Calendar, is_holiday
from throttling.kinds import KINDS

WEEK = "{limit: 3, days: 7, per: person}"


def params(kind: str, text: str) -> object:
    """Read the parameters of a kind."""
    document = load_document("t", text)
    assert isinstance(document, Document), document
    return msgspec.convert(document.value, KINDS[kind].params)


@pytest.mark.parametrize(
    ("kind", "mine", "theirs", "part"),
    [
        (
            "cap",
            "{limit: 3, days: 7, per: debt, unit: attempt}",
            "{limit: 3, days: 7, per: debt, unit: contact}",
            None,
        ),
        (
            "cap",
            "{limit: 3, days: 7, per: debt, unit: contact}",
            "{limit: 3, days: 7, per: debt}",
            "counts as contact",
        ),
        (
            "cap",
            "{limit: 3, days: 7, per: [debt, collector]}",
            "{limit: 3, days: 7, per: debt}",
            "counts apart",
        ),
        ("cap", "{limit: 3, days: 7, per: debt}", "{limit: 3, days: 7, per: [debt, collector]}", None),
        ("cap", WEEK, "{limit: 3, calendar: week, per: person}", "cannot be held against"),
        ("cap", "{limit: 2, calendar: week, per: person}", "{limit: 3, calendar: week, per: person}", None),
        (
            "cap",
            "{limit: 4, calendar: week, per: person}",
            "{limit: 3, calendar: week, per: person}",
            "4 in a calendar",
        ),
        ("cap", "{limit: 1, hours: 48, per: person}", "{limit: 1, minutes: 90, per: person}", None),
        ("cap", "{limit: 1, hours: 1, per: person}", "{limit: 1, hours: 2, per: person}", "makes 2"),
        ("cap", "{limit: 3, days: 7, per: person, purposes: [a]}", WEEK, "purpose other"),
        ("cap", "{limit: 3, days: 7, per: person, except_purposes: [a]}", WEEK, "purpose a"),
        ("cap", "{limit: 3, days: 7, per: person, except_consent: {}}", WEEK, "a consent covered"),
        ("cap", WEEK, "{limit: 3, days: 7, per: person, except_consent: {}}", None),
        ("cool_down", "{after: contact, days: 7}", "{after: conversation, days: 7}", None),
        (
            "cool_down",
            "{after: conversation, days: 7}",
            "{after: contact, days: 7}",
            "counts as conversation",
        ),
        ("cool_down", "{after: contact, days: 6}", "{after: contact, days: 7}", "day 7 is open"),
        (
            "cool_down",
            "{after: contact, days: 7}",
            "{after: contact, days: 7, per: person}",
            "per debt closes less",
        ),
        ("channel_lock", "{after: contact, days: 8}", "{after: contact, days: 7}", None),
        (
            "channel_lock",
            "{after: contact, days: 8}",
            "{after: contact, calendar: week}",
            "cannot be held against",
        ),
        ("channel_lock", "{after: contact, calendar: week}", "{after: contact, calendar: week}", None),
        ("agreement", "{required: true}", "{}", None),
        ("agreement", "{}", "{required: true}", "without any agreement"),
        ("agreement", "{terms: {written: true}}", "{}", "on other terms"),
        ("forbid", "{what: a}", "{what: b}", None),
        ("suppression", "{scopes: [all], reach: caller}", "{scopes: [all]}", None),
        ("suppression", "{scopes: [all]}", "{scopes: [all], reach: caller}", "another address"),
        ("suppression", "{scopes: [all], sources: [reply]}", "{scopes: [all]}", "another source"),
        ("restriction", "{kinds: any}", "{kinds: any, except_kinds: [fraud]}", None),
        ("restriction", "{kinds: any, except_kinds: [fraud]}", "{kinds: any}", "kind fraud passes"),
        ("restriction", "{kinds: any, except_kinds: [fraud]}", "{kinds: [cease]}", None),
    ],
)
def test_a_claim_to_be_stricter_is_proved_or_refuted(
    kind: str, mine: str, theirs: str, part: str | None
) -> None:
    """A counterexample names what the looser one lets pass; without one the claim stands."""
    found = KINDS[kind].counterexample(params(kind, mine), params(kind, theirs))
    assert found is None if part is None else part in (found or "")


OPEN = "windows: [{open: 08:00, close: 20:00}]"


@pytest.mark.parametrize(
    ("mine", "theirs", "part"),
    [
        (f"{{{OPEN}, bounds: open}}", f"{{{OPEN}}}", None),
        (f"{{{OPEN}, bounds: closed}}", f"{{{OPEN}}}", "bounds"),
        (f"{{{OPEN}, holidays: {{country: US}}}}", f"{{{OPEN}}}", None),
        (f"{{{OPEN}}}", f"{{{OPEN}, holidays: {{country: US}}}}", "a holiday"),
    ],
)
def test_bounds_and_holidays_are_part_of_the_proof(mine: str, theirs: str, part: str | None) -> None:
    """Another bound or another calendar may open what the other closes."""
    found = KINDS["hours"].counterexample(params("hours", mine), params("hours", theirs))
    assert found is None if part is None else part in (found or "")


@pytest.mark.parametrize(
    ("rule", "part"),
    [
        ("kind: cap, params: {limit: 1, per: person}", "exactly one of"),
        ("kind: cap, params: {limit: 1, per: person, days: 1, hours: 2}", "days and hours"),
        ("kind: cap, params: {limit: 1, days: 1, per: town}", "per"),
        ("kind: restriction, params: {kinds: [cease], except_kinds: [fraud]}", "except_kinds"),
        ("kind: hours, params: {windows: [{open: 08:00, close: 09:00, days: [holiday]}]}", "no calendar"),
        (f"kind: hours, params: {{{OPEN}, holidays: {{country: XX}}}}", "no calendar of XX"),
        (
            f"kind: hours, params: {{{OPEN}, holidays: {{country: CA, subdivision: ZZ}}}}",
            "no calendar of CA-ZZ",
        ),
        (f"kind: hours, params: {{{OPEN}, holidays: {{add: [02-30]}}}}", "no day of any year"),
        (f"kind: hours, params: {{{OPEN}, holidays: {{}}}}", "a calendar is"),
        (f"kind: hours, params: {{{OPEN}}}, zones: {{fixed: Mars/Olympus}}", "no time zone called"),
        (f"kind: hours, params: {{{OPEN}}}, zones: {{fixed: Asia/Tokyo, use: place}}", "not both"),
        ("kind: forbid, params: {what: w}, when: {}", "empty condition"),
        ("kind: forbid, params: {what: w}, unless: [{past_due: {}}]", "neither at_least"),
        ("kind: forbid, params: {what: w}, unless: [{consnt: {}}]", "unknown field"),
        ("kind: forbid, params: {what: w}, status: draft", "is draft and binds"),
        ("kind: suppression, params: {scopes: [all]}, overridable: true", "cannot be overridden"),
    ],
)
def test_what_a_rule_cannot_mean_is_refused(rule: str, part: str) -> None:
    """Each fault names the rule's line and what is wrong."""
    head = "id: TEST\ntitle: t\nlayer: house\nversion: '1'\nreviewed: 2026-01-01\ntzdb_min: 2020a\nrules:\n"
    faults = pack_or_faults(
        f"{head}  - {{id: TEST.r, citation: {{title: t}}, confidence: verified, force: house, {rule}}}\n"
    )
    assert isinstance(faults, list)
    assert [fault for fault in faults if part in fault.message and fault.line == 8]


def test_a_draft_may_be_watched() -> None:
    """A draft in the shadow binds nobody, and so may be loaded."""
    assert house("kind: forbid, params: {what: w}, status: draft, effect: shadow").rules


def test_days_come_and_go_in_a_calendar() -> None:
    """A day is added for one year or every year, removed, moved; one that a year does not have is not there."""
    calendar = msgspec.convert(
        {
            "country": "CA",
            "subdivision": "QC",
            "add": ["2026-12-24", "02-29", "easter-2"],
            "remove": ["06-24"],
        },
        Calendar,
    )
    days = {
        "2026-12-24": True,
        "2027-12-24": False,
        "2028-02-29": True,
        "2027-03-26": True,
        "2026-06-24": False,
    }
    for day, kept in days.items():
        assert is_holiday(calendar, date.fromisoformat(day).toordinal()) is kept
