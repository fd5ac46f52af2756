"""Case files: what a stranger writes is read as it was meant, or refused with the line."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.documents import Document, load_document
from config.files import read_packs
from tests.fakes.decisions import pack, utc
from throttling.case import Case
from throttling.case_file import parse_cases
from throttling.case_run import CaseResult, run_cases
from throttling.case_times import read_time
from throttling.facts import Channel, EventChannel
from throttling.faults import Fault
from throttling.localtime import tzdb_version, zone_named

PACKS = {one.id: one for one in (pack(text, name) for name, text in read_packs().items())}
FOLDER = Path(__file__).parents[3]
HEAD = "cases:\n  - id: c\n    citation: t\n    at: 2026-01-20T12:00 America/New_York\n"


def read(text: str) -> list[Case] | list[Fault]:
    """Parse the text of a case file."""
    document = load_document("cases.yaml", text)
    assert isinstance(document, Document), document
    return parse_cases("cases.yaml", document.value, document.line_of, PACKS)


def one(text: str) -> Case:
    """Parse a file of one case that must be good."""
    (found,) = read(text)
    assert isinstance(found, Case), str(found)
    return found


def ran(text: str) -> CaseResult:
    """Run a file of one case."""
    return run_cases([one(text)], PACKS, tzdb=tzdb_version())[0]


def test_a_case_names_only_what_matters() -> None:
    """Left out, a case is about an ordinary text message, where the zone of `at` says, under the first pack's law."""
    found = one(f"{HEAD}    packs: [US-MA]\n    expect: {{verdict: allow}}\n")
    asked = found.facts.request
    assert (asked.country, asked.region, asked.channel) == ("US", "US-MA", Channel.SMS)
    assert [zone.zone for zone in asked.zones] == ["America/New_York"]
    assert (found.at, found.facts.borrower.events) == (utc("2026-01-20 17:00"), ())


def test_an_event_with_several_times_is_several_events() -> None:
    """`at` may be a list; debts, channel and creditor are those of the request."""
    found = one(
        f"{HEAD}    request: {{channel: voice, debts: [{{token: d1, group: g}}]}}\n"
        "    facts: {events: [{at: [2026-01-19T10:00, 2026-01-18T10:00]}]}\n"
        "    expect: {verdict: allow}\n"
    )
    events = found.facts.borrower.events
    assert [event.at for event in events] == [utc("2026-01-19 15:00"), utc("2026-01-18 15:00")]
    assert {(event.channel, event.debts) for event in events} == {(EventChannel.VOICE, ("d1", "g"))}


def test_an_opt_out_of_the_address_is_kept_with_the_address() -> None:
    """It may be told with those of the person; one of another address stays with the person."""
    found = one(
        f"{HEAD}    facts: {{suppressions: [{{scope: address}}, {{scope: address, address: a2}}]}}\n"
        "    expect: {verdict: deny}\n"
    )
    assert [one.address for one in found.facts.address.suppressions] == [None]
    assert [one.address for one in found.facts.borrower.suppressions] == ["a2"]


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("request: {chanel: sms}", "unknown key `chanel`"),
        ("facts: {event: []}", "unknown key `event`"),
        ("facts: {events: [{at: 2026-01-20T12:00, outcom: busy}]}", "unknown key `outcom`"),
        ("facts: {events: [{at: yesterday}]}", "is not a time"),
        ("facts: {events: [{}]}", "missing required field `at`"),
        ("facts: {events: {at: 2026-01-20T12:00}}", "is not a list"),
        ("facts: {consents: [{since: 2026-03-08T02:30}]}", "never shows"),
        ("facts: {consents: [{since: 2026-11-01T01:30}]}", "twice"),
        ("facts: {restrictions: [{kind: x, windows: [{open: 22:00, close: 06:00}]}]}", "a window ends after"),
        ("facts: {address: {trait: []}}", "unknown key `trait`"),
        ("request: {channel: fax}", "fax"),
        ("packs: [US-XX]", "there is no pack US-XX"),
        ("rules: [{id: CASE.r, kind: cup, params: {}}]", "no kind of rule called `cup`"),
        ("rules: [{id: X.r, kind: forbid, params: {what: w}}]", "belongs to another pack"),
        ("citaton: x", "unknown field `citaton`"),
    ],
)
def test_a_mistake_is_refused_with_its_line(line: str, part: str) -> None:
    """A case cannot pass because nobody looked at what it says."""
    faults = read(f"{HEAD}    {line}\n    expect: {{verdict: allow}}\n")
    assert [
        fault for fault in faults if isinstance(fault, Fault) and part in fault.message and fault.line >= 2
    ]


@pytest.mark.parametrize(
    "expect", ["{verdit: allow}", "{verdict: alow}", "{verdict: allow, until: soon}", "{}"]
)
def test_an_expectation_is_checked_too(expect: str) -> None:
    """A mistyped expectation would be none."""
    assert all(isinstance(fault, Fault) for fault in read(f"{HEAD}    expect: {expect}\n"))


@pytest.mark.parametrize(
    "text", ["cases: []", "case: [x]", "[]", "cases: [x]", f"{HEAD}    expect: {{verdict: allow}}\nmore: 1\n"]
)
def test_a_file_without_good_cases_is_refused(text: str) -> None:
    """An empty file proves nothing."""
    faults = read(text)
    assert faults
    assert all(isinstance(fault, Fault) for fault in faults)


def test_two_cases_of_one_name_are_refused() -> None:
    """A report must name one case."""
    body = HEAD + "    expect: {verdict: allow}\n"
    (fault,) = read(body + body.removeprefix("cases:\n"))
    assert isinstance(fault, Fault)
    assert (fault.line, "twice" in fault.message) == (6, True)


@pytest.mark.parametrize(
    ("expect", "misses"),
    [
        ("{verdict: deny, code: ok, until: null}", ["verdict: expected deny, found allow"]),
        ("{verdict: allow, code: no}", ["code: expected no, found ok"]),
        ("{verdict: allow, warnings: [w]}", ["no warning w"]),
        ("{verdict: allow, rules: {CASE.r: defer}}", ["CASE.r outcome: expected defer, found pass"]),
        ("{verdict: allow, rules: {CASE.r: {limit: 3}}}", ["CASE.r limit: expected 3, found 2"]),
        (
            "{verdict: allow, rules: {CASE.r: {used: 0, limit: 2}, CASE.q: pass}}",
            ["CASE.q: no such rule is loaded"],
        ),
    ],
)
def test_a_miss_says_what_was_found(expect: str, misses: list[str]) -> None:
    """What is expected is compared, each part with its own words."""
    rule = "{id: CASE.r, kind: cap, params: {limit: 2, days: 7, per: person}}"
    assert ran(f"{HEAD}    packs: []\n    rules: [{rule}]\n    expect: {expect}\n").misses == tuple(misses)


def test_rules_that_make_no_rule_set_are_a_miss() -> None:
    """A case over no rules at all does not pass."""
    assert ran(f"{HEAD}    packs: []\n    expect: {{verdict: allow}}\n").decision is None


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-21T20:59:59 America/New_York", datetime(2026, 11, 22, 1, 59, 59, tzinfo=UTC)),
        ("2026-11-21 20:59 America/New_York", datetime(2026, 11, 22, 1, 59, tzinfo=UTC)),
        ("2026-11-21T20:59:59-05:00", datetime(2026, 11, 22, 1, 59, 59, tzinfo=UTC)),
        ("2026-11-22T01:59:59.5Z", datetime(2026, 11, 22, 1, 59, 59, 500_000, tzinfo=UTC)),
        ("2026-11-22T10:59", datetime(2026, 11, 22, 1, 59, tzinfo=UTC)),
    ],
)
def test_times_as_people_write_them(text: str, instant: datetime) -> None:
    """A clock somewhere, or an instant; without a zone it is the clock where the decision is made."""
    assert read_time(text, zone_named("Asia/Tokyo")) == instant


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T10:59",
        "2026-11-22T10:59Z Asia/Tokyo",
        "2026-11-22T10:59 Asia/Edo",
        "2026-13-01T00:00Z",
        "now",
        7,
        None,
    ],
)
def test_what_names_no_instant_is_refused(text: object) -> None:
    """No zone, two zones, no such zone, no such day."""
    assert isinstance(read_time(text, None), str)
