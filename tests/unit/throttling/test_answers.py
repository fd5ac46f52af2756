"""What a person reads: sentences with figures, and what is left of each cap."""

import pytest

from tests.fakes.decisions import NEW_YORK, ask, event, facts, request, rules_of, shipped, utc
from throttling.availability import availability
from throttling.decision import Outcome, RuleAnswer
from throttling.explain import explain, explain_decision
from throttling.facts import Channel, Restriction, Suppression, SuppressionScope

HOURS = "kind: hours, params: {windows: [{open: 08:00, close: 21:00}]}"
CAP = "kind: cap, params: {limit: 2, days: 7, per: person}"


def test_a_full_cap_is_told_with_its_figures() -> None:
    """Used, limit, window and the instant at which a place frees, in one sentence."""
    decision = ask(rules_of(CAP), "2026-01-20 18:00", facts(events=[event("2026-01-19 18:00")] * 2))
    assert explain_decision(decision) == (
        "TEST.r0: 2 of 2 permitted within 7 calendar days are used; the next place frees at 2026-01-26 05:00 UTC."
    )


def test_closed_hours_are_told_with_the_zone_that_is_closed() -> None:
    """Only the zones in which it is closed are named."""
    known = facts(request(zones=[NEW_YORK, "Pacific/Guam"]))
    decision = ask(rules_of(HOURS), "2026-01-20 15:00", known)
    assert explain_decision(decision) == (
        "TEST.r0: It is outside the permitted hours (08:00-21:00, local time) in Pacific/Guam; "
        "they begin at 2026-01-20 22:00 UTC."
    )


def test_a_later_date_than_the_rule_s_own_is_told() -> None:
    """A cap that frees at midnight leads to the morning, and the sentence says both."""
    decision = ask(rules_of(CAP, HOURS), "2026-01-20 18:00", facts(events=[event("2026-01-19 18:00")] * 2))
    assert explain_decision(decision).endswith("All rules permit it from 2026-01-26 13:00 UTC.")


@pytest.mark.parametrize(
    ("decision", "words"),
    [
        (ask(rules_of(CAP), "2026-01-20 18:00"), "permits this contact now"),
        (ask(shipped(), "2026-01-20 18:00", facts(request(country=None))), "country is unknown"),
        (
            ask(shipped("US-MA"), "2026-01-20 18:00", facts(request(country="FR"))),
            "no rules means no permission",
        ),
        (ask(rules_of(CAP), "2026-01-20 18:00", facts(request(zones=[]))), "time zone is unknown"),
        (ask(rules_of(CAP.replace("2", "0")), "2026-01-20 18:00"), "No contact at all"),
        (
            ask(rules_of("kind: required_line, params: {line: x}"), "2026-01-20 18:00"),
            "lacks the required line `x`",
        ),
    ],
)
def test_a_refusal_says_what_would_settle_it(decision: object, words: str) -> None:
    """The sentence names what is missing."""
    assert words in explain_decision(decision)  # type: ignore[arg-type]


def test_a_restriction_is_told_with_its_kind_and_end() -> None:
    """A dated restriction says until when, an open one does not."""
    held = Restriction(
        id="r", kind="breathing_space", since=utc("2026-01-01 00:00"), until=utc("2026-03-01 00:00")
    )
    decision = ask(rules_of(CAP), "2026-01-20 18:00", facts(restrictions=[held]))
    assert "kind `breathing_space` forbids contact until 2026-03-01 00:00 UTC." in explain_decision(decision)


@pytest.mark.parametrize("scope", list(SuppressionScope))
def test_every_scope_of_a_stop_has_its_sentence(scope: SuppressionScope) -> None:
    """Who asked for what is said in plain words."""
    stop = Suppression(id="s", scope=scope, since=utc("2026-01-01 00:00"), source="t")
    decision = ask(rules_of(CAP), "2026-01-20 18:00", facts(suppressions=[stop]))
    assert decision.code == f"suppressed-{scope}"
    assert "contacted" in explain_decision(decision)


def test_an_unknown_code_is_a_defect_and_not_a_silence() -> None:
    """A new kind of answer without a sentence is noticed."""
    answer = RuleAnswer(
        rule="r",
        pack="p",
        version="1",
        citation="c",
        confidence="verified",
        force="house",
        outcome=Outcome.DENY,
        code="new",
    )
    with pytest.raises(KeyError):
        explain(answer)


def test_availability_counts_what_is_left_and_when_it_frees() -> None:
    """Two calls on different days: two places used, each with the local midnight at which it comes back."""
    calls = [event(f"2026-01-{day} 18:00", channel=Channel.VOICE) for day in (19, 17)]
    found = availability(
        facts(request(channel=Channel.VOICE), events=calls), shipped("HOUSE"), utc("2026-01-20 06:00")
    )
    budgets = {budget.rule: budget for budget in found.budgets}
    week = budgets["HOUSE.voice-per-week"]
    assert (week.used, week.limit, week.window) == (2, 3, "7 calendar days")
    assert week.frees_at == (utc("2026-01-24 05:00"), utc("2026-01-26 05:00"))
    assert budgets["HOUSE.voice-per-day"].used == 0
    assert "HOUSE.sms-per-day" not in budgets
    assert (found.verdict, found.next_allowed, found.binding) == (
        "defer",
        utc("2026-01-20 14:00"),
        "HOUSE.hours",
    )


def test_availability_without_a_zone_promises_nothing() -> None:
    """Days cannot be counted in an unknown zone: no budget, no date."""
    found = availability(facts(request(zones=[])), shipped("HOUSE"), utc("2026-01-20 18:00"))
    assert (found.verdict, found.next_allowed, found.budgets) == ("deny", None, ())
