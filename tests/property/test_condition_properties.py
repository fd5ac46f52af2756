"""What holds whatever consents, notices, outcomes and inconvenient times there are, with every condition of a rule."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.decisions import event, facts, request, rules_of
from throttling.decide import decide
from throttling.decision import Verdict
from throttling.explain import explain, explain_decision
from throttling.facts import (
    AddressFacts,
    Channel,
    Consent,
    Debt,
    Event,
    EventChannel,
    EventOutcome,
    Facts,
    Restriction,
    Suppression,
    SuppressionScope,
    TimeWindow,
)

SECOND = timedelta(seconds=1)
WINDOWS = "windows: [{open: 08:00, close: 12:00, days: [mon, wed, fri, sat]}, {open: 15:00, close: 19:30}]"
RULE_SETS = {
    "consent widens the hours": rules_of(
        f"kind: hours, params: {{{WINDOWS}}}, unless: [{{consent: {{days: 7, until_conversation: true}}}}]"
    ),
    "holidays and bounds": rules_of(
        "kind: hours, params: {windows: [{open: 08:00, close: 20:00, days: [mon, tue, wed, thu, fri]}, "
        "{open: 10:00, close: 12:00, days: [holiday]}], holidays: {country: US}, bounds: open}"
    ),
    "the agreement narrows": rules_of("kind: agreement, params: {}", f"kind: hours, params: {{{WINDOWS}}}"),
    "calendar weeks and months": rules_of(
        "kind: cap, params: {limit: 2, calendar: week, week_starts: sun, per: debt, unit: connected}",
        "kind: cap, params: {limit: 4, calendar: month, per: [debt, channel], unit: attempt}",
    ),
    "gaps": rules_of(
        "kind: cap, params: {limit: 2, hours: 30, per: person}",
        "kind: cap, params: {limit: 1, minutes: 90, per: channel}",
    ),
    "cooling down": rules_of(
        "kind: cool_down, params: {after: conversation, days: 7}, unless: [{consent: {days: 3}}, {reply: {}}]",
        "kind: cool_down, params: {after: contact, hours: 5, per: [person, channel]}",
    ),
    "channel lock": rules_of("kind: channel_lock, params: {after: contact, calendar: week}"),
    "phases": rules_of(
        "kind: cap, params: {limit: 1, days: 3, per: person}, when: {after: {unit: conversation}}",
        "kind: forbid, params: {what: w}, unless: [{notice: {name: n, days: 4}}, {past_due: {at_least: 12}}]",
    ),
    "past due": rules_of(
        "kind: hours, params: {windows: [{open: 10:00, close: 11:00}]}, when: {past_due: {at_most: 9}}"
    ),
    "elsewhere": rules_of(
        f"kind: hours, params: {{{WINDOWS}}}, zones: {{fixed: Asia/Tokyo}}",
        "kind: cap, params: {limit: 1, days: 1, per: person}, zones: {use: place}",
    ),
    "stale numbers": rules_of(
        "kind: forbid, params: {what: w}, unless: [{inbound: {days: 5}}, {checked: {days: 6}}, {consent: {days: 4}}]"
    ),
    "tokens": rules_of("kind: cap, params: {limit: 3, days: 7, per: person}"),
    "in states": rules_of("kind: forbid, params: {what: w}, unless: [{states: [hardship]}]"),
    "consented calls": rules_of(
        "kind: cap, params: {limit: 1, days: 7, per: debt, except_consent: {days: 3, until_conversation: true}}"
    ),
    "dates": rules_of(
        "kind: cap, params: {limit: 0, days: 1, per: person}, effective: {waived_until: 2026-03-07}",
        f"kind: hours, params: {{{WINDOWS}}}, effective: {{until: 2026-03-09}}",
    ),
}
INSTANTS = st.one_of(
    st.integers(-6 * 86_400, 6 * 86_400).map(
        lambda s: datetime(2026, 3, 8, 7, tzinfo=UTC) + timedelta(seconds=s)
    ),
    st.integers(-6 * 86_400, 6 * 86_400).map(
        lambda s: datetime(2026, 11, 1, 6, tzinfo=UTC) + timedelta(seconds=s)
    ),
)
CHANNELS = st.sampled_from([Channel.SMS, Channel.VOICE])


class Case(NamedTuple):
    """Facts, the name of a rule set (which prints too long), and an instant."""

    facts: Facts
    rules: str
    at: datetime


def ago(at: datetime, *, days: int = 9, ahead_days: int = 0) -> st.SearchStrategy[datetime]:
    """Draw an instant in the days before `at`, or after it."""
    return st.integers(-ahead_days * 86_400, days * 86_400).map(lambda s: at - timedelta(seconds=s))


@st.composite
def windows(draw: st.DrawFn) -> tuple[TimeWindow, ...] | None:
    """Draw local times, or none."""
    drawn = draw(st.lists(st.tuples(st.integers(0, 1400), st.integers(1, 600)), max_size=2))
    weekdays = draw(st.frozensets(st.integers(0, 6), min_size=1))
    found = tuple(
        TimeWindow(open_min=begins, close_min=min(begins + lasts, 1440), weekdays=weekdays)
        for begins, lasts in drawn
    )
    return found or None


@st.composite
def histories(draw: st.DrawFn, at: datetime) -> list[Event]:
    """Draw attempts with outcomes, conversations, messages of the person, notices."""
    kinds = st.sampled_from(["attempt", "attempt", "conversation", "inbound", "notice", "letter"])
    return [
        event(
            draw(ago(at)),
            kind=draw(kinds),
            channel=draw(st.sampled_from([EventChannel.SMS, EventChannel.VOICE, EventChannel.LETTER])),
            debts=draw(st.sampled_from([("d1",), ("d2",), ("d1", "d2"), ()])),
            outcome=draw(st.none() | st.sampled_from(list(EventOutcome))),
            purpose=draw(st.sampled_from([None, "reminder", "reply", "opt_out_confirmation"])),
            notice="n",
        )
        for _ in range(draw(st.integers(0, 6)))
    ]


@st.composite
def consents(draw: st.DrawFn, at: datetime) -> list[Consent]:
    """Draw permissions that begin, end, are renewed and revoked around `at`."""
    return [
        Consent(
            id=f"c{number}",
            since=draw(ago(at, ahead_days=2)),
            until=draw(st.none() | ago(at, days=1, ahead_days=5)),
            renewed=draw(st.none() | ago(at, days=3)),
            revoked=draw(st.none() | ago(at, days=1, ahead_days=3)),
            channels=draw(st.sampled_from([None, frozenset({Channel.SMS})])),
            debts=draw(st.sampled_from([None, ("d1",)])),
            windows=draw(windows()),
            limit=draw(st.sampled_from([None, None, 1, 2])),
            limit_days=draw(st.sampled_from([1, 3])),
        )
        for number in range(draw(st.integers(0, 2)))
    ]


@st.composite
def restrictions(draw: st.DrawFn, at: datetime) -> list[Restriction]:
    """Draw inconvenient times, and a state that frees."""
    return [
        Restriction(
            id=f"r{number}",
            kind=draw(st.sampled_from(["inconvenient_time", "inconvenient_time", "hardship"])),
            since=draw(ago(at, ahead_days=2)),
            until=draw(st.none() | ago(at, days=1, ahead_days=4)),
            windows=draw(windows()),
        )
        for number in range(draw(st.integers(0, 2)))
    ]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Draw facts, rules and an instant."""
    at = draw(INSTANTS)
    due = st.integers(-3, 20).map(lambda days: at.date() - timedelta(days=days))
    first = Debt(token="d1", due_on=draw(st.none() | due), days_past_due=draw(st.none() | st.integers(0, 20)))
    zones = st.sampled_from(
        [["America/New_York"], ["America/New_York", "America/Los_Angeles"], ["America/Havana"]]
    )
    wanted = request(
        channel=draw(CHANNELS),
        zones=draw(zones),
        debts=draw(st.sampled_from([(first,), (first, Debt(token="d2"))])),
        purpose=draw(st.sampled_from(["reminder", "reply", "opt_out_confirmation"])),
    )
    known = facts(wanted, events=draw(histories(at)), restrictions=draw(restrictions(at)))
    stop = Suppression(
        id="s", scope=SuppressionScope.ALL, since=draw(ago(at, days=0, ahead_days=0)), source="t"
    )
    stops = draw(st.sampled_from([(), (), (stop,)]))
    borrower = msgspec.structs.replace(known.borrower, consents=tuple(draw(consents(at))), suppressions=stops)
    address = AddressFacts(version=1, suppressions=(), checked=draw(st.none() | ago(at)))
    known = msgspec.structs.replace(known, borrower=borrower, address=address)
    return Case(known, draw(st.sampled_from(list(RULE_SETS))), at)


@given(case=cases(), percents=st.lists(st.integers(0, 99), max_size=4))
def test_a_deferral_names_the_first_permitted_instant(case: Case, percents: list[int]) -> None:
    """`until` itself is allowed; one second before, and at any earlier instant, nothing was."""
    known, rules, at = case.facts, RULE_SETS[case.rules], case.at
    decision = decide(known, rules, at)
    assert (decision.until is not None) == (decision.verdict is Verdict.DEFER)
    if decision.until is None:
        return
    assert decision.until > at
    assert decide(known, rules, decision.until).verdict is Verdict.ALLOW
    instants = [at + (decision.until - at) * percent / 100 for percent in percents]
    for instant in (*instants, max(at, decision.until - SECOND)):
        assert decide(known, rules, instant).verdict is not Verdict.ALLOW


@given(case=cases(), percents=st.lists(st.integers(0, 99), max_size=6))
def test_a_verdict_holds_as_long_as_it_says(case: Case, percents: list[int]) -> None:
    """At every instant before `valid_until` the verdict and its date are the same."""
    known, rules, at = case.facts, RULE_SETS[case.rules], case.at
    decision = decide(known, rules, at)
    assert decision.valid_until > at
    instants = [at + (decision.valid_until - at) * percent / 100 for percent in percents]
    for instant in (*instants, decision.valid_until - timedelta(microseconds=1)):
        later = decide(known, rules, instant)
        assert (later.verdict, later.until) == (decision.verdict, decision.until)


@given(case=cases(), order=st.randoms(use_true_random=False))
def test_the_order_of_facts_does_not_matter(case: Case, order: object) -> None:
    """Events, consents and restrictions in any order make the same decision, to the last figure."""
    known, rules, at = case.facts, RULE_SETS[case.rules], case.at
    events, given_, held = (
        list(known.borrower.events),
        list(known.borrower.consents),
        list(known.borrower.restrictions),
    )
    for listed in (events, given_, held):
        order.shuffle(listed)  # type: ignore[attr-defined]
    borrower = msgspec.structs.replace(
        known.borrower, events=tuple(events), consents=tuple(given_), restrictions=tuple(held)
    )
    assert decide(known, rules, at) == decide(msgspec.structs.replace(known, borrower=borrower), rules, at)


@given(case=cases())
def test_every_answer_can_be_told_in_a_sentence(case: Case) -> None:
    """Each rule's answer and each decision has an English sentence without holes."""
    decision = decide(case.facts, RULE_SETS[case.rules], case.at)
    for sentence in (*(explain(answer) for answer in decision.rules), explain_decision(decision)):
        assert sentence.endswith(".")
        assert "None" not in sentence
        assert "{" not in sentence


@given(case=cases(), scope=st.sampled_from(list(SuppressionScope)))
def test_a_stop_never_permits_more(case: Case, scope: SuppressionScope) -> None:
    """A further opt-out turns no denial and no deferral into an allowance, but for its own confirmation."""
    known, rules, at = case.facts, RULE_SETS[case.rules], case.at
    if known.request.purpose == "opt_out_confirmation":
        return
    stop = Suppression(id="s2", scope=scope, since=at, source="t")
    stops = (*known.borrower.suppressions, stop)
    borrower = msgspec.structs.replace(known.borrower, suppressions=stops)
    stopped = msgspec.structs.replace(known, borrower=borrower)
    if decide(stopped, rules, at).verdict is Verdict.ALLOW:
        assert decide(known, rules, at).verdict is Verdict.ALLOW


@given(case=cases())
def test_facts_survive_the_trip(case: Case) -> None:
    """Facts read back as they were written, so that a decision can be replayed."""
    again = msgspec.json.decode(msgspec.json.encode(case.facts), type=Facts)
    assert decide(again, RULE_SETS[case.rules], case.at) == decide(case.facts, RULE_SETS[case.rules], case.at)
