"""What holds for every borrower, every set of rules and every instant."""

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import msgspec
import pytz
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.decisions import event, facts, house, request, rule_set, rules_of, shipped
from throttling.availability import availability
from throttling.decide import decide
from throttling.decision import Verdict
from throttling.explain import explain, explain_decision
from throttling.facts import Channel, Debt, Event, Facts, Restriction, Suppression, SuppressionScope

SECOND = timedelta(seconds=1)
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
# Around the clock changes of spring and autumn as well as on ordinary days.
INSTANTS = st.one_of(
    st.integers(0, 365 * 86_400).map(lambda s: FIRST + timedelta(seconds=s)),
    st.integers(-3 * 86_400, 3 * 86_400).map(
        lambda s: datetime(2026, 3, 8, 7, tzinfo=UTC) + timedelta(seconds=s)
    ),
    st.integers(-3 * 86_400, 3 * 86_400).map(
        lambda s: datetime(2026, 11, 1, 6, tzinfo=UTC) + timedelta(seconds=s)
    ),
)
ZONES = st.lists(
    st.sampled_from(
        ["America/New_York", "America/Los_Angeles", "Pacific/Guam", "America/Havana", "Asia/Kolkata"]
    ),
    min_size=1,
    max_size=3,
)
CHANNELS = st.sampled_from(list(Channel))
ALL_PACKS = shipped()
SINGLE_PACKS = [shipped(name) for name in ("HOUSE", "US-FED-REGF", "US-MA")]
RULE_SETS = {
    "all": ALL_PACKS,
    "regulation f": shipped("US-FED-REGF"),
    "house": shipped("HOUSE"),
    "two mornings a week": rules_of(
        "kind: cap, params: {limit: 2, days: 3, per: person}",
        "kind: hours, params: {windows: [{open: 10:00, close: 12:00, days: [tue, sat]}]}",
    ),
    "around the clock change": rules_of("kind: hours, params: {windows: [{open: 00:30, close: 02:30}]}"),
}


class Case(NamedTuple):
    """Facts, the name of a rule set (which prints too long), and an instant."""

    facts: Facts
    rules: str
    at: datetime


@st.composite
def histories(draw: st.DrawFn, at: datetime) -> list[Event]:
    """Draw what happened in the twelve days before and the hour after."""
    ago_s = st.integers(-3_600, 12 * 86_400)
    kinds = st.sampled_from(["attempt", "conversation", "voicemail", "letter"])
    debts = st.sampled_from([("d1",), ("d2",), ("d1", "d2"), ()])
    drawn = draw(st.lists(st.tuples(ago_s, kinds, CHANNELS, debts), max_size=12))
    return [event(at - timedelta(seconds=s), kind=k, channel=c, debts=d) for s, k, c, d in drawn]


@st.composite
def restrictions(draw: st.DrawFn, at: datetime) -> list[Restriction]:
    """Draw restrictions that begin and end around `at`."""
    drawn = draw(st.lists(st.tuples(st.integers(-100, 100), st.integers(1, 200), st.booleans()), max_size=2))
    found = []
    for number, (begins_h, lasts_h, ends) in enumerate(drawn):
        since = at + timedelta(hours=begins_h)
        until = since + timedelta(hours=lasts_h) if ends else None
        found.append(Restriction(id=f"r{number}", kind="breathing_space", since=since, until=until))
    return found


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Draw facts, rules and an instant."""
    at = draw(INSTANTS)
    wanted = request(
        channel=draw(CHANNELS),
        zones=draw(ZONES),
        region=draw(st.sampled_from([None, "US-OH", "US-MA", "US-NY-NYC", "US-FL"])),
        debts=draw(st.sampled_from([(), (Debt(token="d1"),), (Debt(token="d1"), Debt(token="d2"))])),
    )
    known = facts(wanted, events=draw(histories(at)), restrictions=draw(restrictions(at)))
    return Case(known, draw(st.sampled_from(list(RULE_SETS))), at)


@given(case=cases())
def test_a_deferral_names_the_first_permitted_instant(case: Case) -> None:
    """`until` itself is allowed, and one second before is not."""
    known, rules, at = case.facts, RULE_SETS[case.rules], case.at
    decision = decide(known, rules, at)
    assert (decision.until is not None) == (decision.verdict is Verdict.DEFER)
    if decision.until is not None:
        assert decision.until > at
        assert decide(known, rules, decision.until).verdict is Verdict.ALLOW
        assert decide(known, rules, max(at, decision.until - SECOND)).verdict is not Verdict.ALLOW


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


@given(case=cases())
def test_a_permit_never_outlives_the_counting_day(case: Case) -> None:
    """Within the validity of an allowance the date on the wall is the same in every candidate zone."""
    known, rules, at = case.facts, RULE_SETS[case.rules], case.at
    decision = decide(known, rules, at)
    capped = any(answer.limit is not None for answer in decision.rules)
    if decision.verdict is Verdict.ALLOW and capped:
        last = decision.valid_until - timedelta(microseconds=1)
        for evidence in known.request.zones:
            local = pytz.timezone(evidence.zone)
            assert last.astimezone(local).date() == at.astimezone(local).date()


@given(
    case=cases(), scope=st.sampled_from(list(SuppressionScope)), on_address=st.booleans(), channel=CHANNELS
)
def test_a_stop_never_permits_more(
    case: Case, scope: SuppressionScope, on_address: bool, channel: Channel
) -> None:
    """Adding a suppression turns no denial and no deferral into an allowance, and a stop of all denies."""
    known, rules, at = case.facts, RULE_SETS[case.rules], case.at
    stop = Suppression(id="s", scope=scope, since=at, source="t", channel=channel, debt="d1")
    if scope is SuppressionScope.ALL:
        stop = msgspec.structs.replace(stop, channel=None)
    borrower = msgspec.structs.replace(known.borrower, suppressions=() if on_address else (stop,))
    address = msgspec.structs.replace(known.address, suppressions=(stop,) if on_address else ())
    stopped = msgspec.structs.replace(known, borrower=borrower, address=address)
    before, after = decide(known, rules, at).verdict, decide(stopped, rules, at).verdict
    assert after is not Verdict.ALLOW or before is Verdict.ALLOW
    assert before is not Verdict.DENY or after is Verdict.DENY
    if scope is SuppressionScope.ALL:
        assert after is Verdict.DENY


@given(case=cases(), more=st.data())
def test_another_event_never_permits_more(case: Case, more: st.DataObject) -> None:
    """Whatever else happened, or is pending, can only hold the next contact back."""
    known, rules, at = case.facts, RULE_SETS[case.rules], case.at
    extra = more.draw(histories(at))
    borrower = msgspec.structs.replace(known.borrower, events=known.borrower.events + tuple(extra))
    before = decide(known, rules, at)
    for fuller in (
        msgspec.structs.replace(known, borrower=borrower),
        msgspec.structs.replace(known, pending=tuple(extra)),
    ):
        after = decide(fuller, rules, at)
        assert after.verdict is not Verdict.ALLOW or before.verdict is Verdict.ALLOW
        if before.until is not None and after.until is not None:
            assert after.until >= before.until


@given(case=cases(), order=st.randoms(use_true_random=False))
def test_the_order_of_facts_does_not_matter(case: Case, order: object) -> None:
    """The same events and restrictions in any order make the same decision, to the last figure."""
    known, rules, at = case.facts, RULE_SETS[case.rules], case.at
    events, held = list(known.borrower.events), list(known.borrower.restrictions)
    order.shuffle(events)  # type: ignore[attr-defined]
    order.shuffle(held)  # type: ignore[attr-defined]
    borrower = msgspec.structs.replace(known.borrower, events=tuple(events), restrictions=tuple(held))
    assert decide(known, rules, at) == decide(msgspec.structs.replace(known, borrower=borrower), rules, at)


@given(case=cases())
def test_more_packs_never_permit_more(case: Case) -> None:
    """What one pack forbids, all packs together forbid."""
    known, at = case.facts, case.at
    together = decide(known, ALL_PACKS, at).verdict
    for single in SINGLE_PACKS:
        alone = decide(known, single, at).verdict
        assert together is not Verdict.ALLOW or alone is Verdict.ALLOW


@given(case=cases(), extra=st.sampled_from(["Pacific/Guam", "Asia/Kolkata", "America/Denver"]))
def test_another_candidate_zone_never_permits_more(case: Case, extra: str) -> None:
    """Doubt about where a person is only closes hours, never opens them."""
    known, rules, at = case.facts, RULE_SETS[case.rules], case.at
    zones = (*known.request.zones, msgspec.structs.replace(known.request.zones[0], zone=extra))
    doubtful = msgspec.structs.replace(known, request=msgspec.structs.replace(known.request, zones=zones))
    assert (
        decide(doubtful, rules, at).verdict is not Verdict.ALLOW
        or decide(known, rules, at).verdict is Verdict.ALLOW
    )


@settings(max_examples=30)
@given(
    limit=st.integers(0, 3),
    days=st.integers(1, 9),
    zone=st.sampled_from(["America/New_York", "America/Havana", "America/Santiago"]),
    gaps_h=st.lists(st.integers(1, 60), min_size=20, max_size=60),
    start=INSTANTS,
)
def test_no_window_ever_holds_more_than_its_cap(
    limit: int, days: int, zone: str, gaps_h: list[int], start: datetime
) -> None:
    """Who sends whenever it is allowed has at most `limit` events in any `days` local dates, as pytz reads them."""
    rules = rules_of(f"kind: cap, params: {{limit: {limit}, days: {days}, per: person}}")
    wanted, sent, at = request(zones=[zone]), [], start
    for gap_h in gaps_h:
        at += timedelta(hours=gap_h)
        if decide(facts(wanted, events=sent), rules, at).verdict is Verdict.ALLOW:
            sent.append(event(at))
    dates = [one.at.astimezone(pytz.timezone(zone)).date() for one in sent]
    for first in dates:
        assert sum(first <= other < first + timedelta(days=days) for other in dates) <= limit
    if limit and sent:
        # And it is no stricter than that: the place of the first is given again on the first day after its window.
        first_day = dates[0]
        free = datetime.combine(first_day + timedelta(days=days), datetime.min.time()).replace(hour=12)
        noon = pytz.timezone(zone).localize(free).astimezone(UTC)
        alone = facts(wanted, events=[sent[0]] * limit)
        assert decide(alone, rules, noon).verdict is Verdict.ALLOW


@given(case=cases())
def test_every_answer_can_be_told_in_a_sentence(case: Case) -> None:
    """Each rule's answer and each decision has an English sentence without holes."""
    known, rules, at = case.facts, RULE_SETS[case.rules], case.at
    decision = decide(known, rules, at)
    for sentence in (*(explain(answer) for answer in decision.rules), explain_decision(decision)):
        assert sentence.endswith(".")
        assert "None" not in sentence
        assert "{" not in sentence


@given(case=cases())
def test_availability_says_what_decide_says(case: Case) -> None:
    """The next permitted instant is the decision's, and each budget's freeing instants are where places come back."""
    known, rules, at = case.facts, RULE_SETS[case.rules], case.at
    decision, found = decide(known, rules, at), availability(known, rules, at)
    assert (found.verdict, found.binding, found.code) == (decision.verdict, decision.binding, decision.code)
    assert found.next_allowed == (at if decision.verdict is Verdict.ALLOW else decision.until)
    answers = {answer.rule: answer for answer in decision.rules}
    for budget in found.budgets:
        assert (budget.used, budget.limit) == (answers[budget.rule].used, answers[budget.rule].limit)
        assert len(budget.frees_at) == budget.used
        assert list(budget.frees_at) == sorted(budget.frees_at)
        assert all(frees > at for frees in budget.frees_at)


def test_a_decision_survives_the_trip() -> None:
    """Facts and decisions read back as they were written, so that a decision can be replayed."""
    rules = rule_set(house("kind: cap, params: {limit: 1, days: 1, per: debt}"))
    known = facts(events=[event("2026-01-20 15:00")])
    decision = decide(known, rules, datetime(2026, 1, 20, 18, tzinfo=UTC))
    blob = msgspec.json.encode((known, decision))
    again, told = msgspec.json.decode(blob, type=tuple[Facts, type(decision)])  # type: ignore[misc]
    assert (again, told) == (known, decision)
    assert decide(again, rules, decision.at) == decision
    assert date(2026, 1, 21) == told.until.date()
