"""Caps: how many, of what, within which local days, and when the next place frees."""

import pytest

from tests.fakes.decisions import LOS_ANGELES, NEW_YORK, ask, event, facts, request, rules_of, shipped, utc
from throttling.decision import Decision, Outcome, RuleAnswer
from throttling.facts import Channel, Debt

THREE_A_WEEK = "kind: cap, params: {limit: 3, days: 7, per: person}"
CALL = request(channel=Channel.VOICE)


def answer(decision: Decision, rule: str) -> RuleAnswer:
    """Find one rule's answer."""
    return next(found for found in decision.rules if found.rule == rule)


@pytest.mark.parametrize(
    ("used", "verdict"), [(0, "allow"), (1, "allow"), (2, "allow"), (3, "defer"), (4, "defer"), (9, "defer")]
)
def test_a_cap_of_three_gives_exactly_three(used: int, verdict: str) -> None:
    """With N-1 used the next may go, with N or more it may not."""
    events = [event(f"2026-03-03 {10 + n}:00") for n in range(used)]
    decision = ask(rules_of(THREE_A_WEEK), "2026-03-03 22:00", facts(events=events))
    assert decision.verdict == verdict
    found = answer(decision, "TEST.r0")
    assert (found.used, found.limit, found.window) == (used, 3, "7 calendar days")


def test_a_cap_of_zero_means_none_at_all() -> None:
    """Zero is a limit, not a missing one: nothing may be sent, and no date is promised."""
    decision = ask(rules_of("kind: cap, params: {limit: 0, days: 1, per: person}"), "2026-03-03 17:00")
    assert (decision.verdict, decision.code, decision.until) == ("deny", "cap-zero", None)


def test_the_place_frees_when_the_oldest_leaves_and_not_a_week_later() -> None:
    """Three on Monday, Tuesday and Wednesday: the next is possible on the Monday after, from local midnight on."""
    events = [event(f"2026-03-0{day} 17:00") for day in (2, 3, 4)]
    decision = ask(rules_of(THREE_A_WEEK), "2026-03-05 17:00", facts(events=events))
    # Clocks in New York change on 8 March 2026: midnight of the 9th is at 04:00 UTC.
    assert decision.until == utc("2026-03-09 04:00")


def test_overfull_waits_until_there_is_really_a_place() -> None:
    """With five used of three, three must leave before one may come."""
    events = [event(f"2026-03-0{day} 17:00") for day in (1, 2, 3, 4, 5)]
    decision = ask(rules_of(THREE_A_WEEK), "2026-03-05 18:00", facts(events=events))
    assert decision.until == utc("2026-03-10 04:00")


def test_days_are_those_of_the_person_not_of_the_server() -> None:
    """Late evening in New York is the next day in UTC and still today for the person."""
    one_a_day = rules_of("kind: cap, params: {limit: 1, days: 1, per: person}")
    sent = facts(events=[event("2026-01-20 15:00")])
    assert ask(one_a_day, "2026-01-21 04:59", sent).verdict == "defer"
    assert ask(one_a_day, "2026-01-21 05:00", sent).verdict == "allow"


def test_two_possible_zones_count_by_the_stricter() -> None:
    """While it is still yesterday in one candidate zone, yesterday's contact still counts."""
    one_a_day = rules_of("kind: cap, params: {limit: 1, days: 1, per: person}")
    both = request(zones=[NEW_YORK, LOS_ANGELES])
    sent = facts(both, events=[event("2026-01-20 15:00")])
    decision = ask(one_a_day, "2026-01-21 05:30", sent)
    assert decision.until == utc("2026-01-21 08:00")
    assert ask(one_a_day, "2026-01-21 08:00", sent).verdict == "allow"


def test_what_is_pending_counts() -> None:
    """A contact that was accepted a second ago takes its place before anything is sent."""
    decision = ask(rules_of(THREE_A_WEEK), "2026-03-03 17:00", facts(pending=[event("2026-03-03 16:59")] * 3))
    assert decision.verdict == "defer"


def test_a_contact_that_is_pending_and_permitted_counts_once() -> None:
    """The moment between a permit and the end of its reservation does not count double."""
    events = [event("2026-03-03 16:00", contact=name) for name in "abc"]
    decision = ask(rules_of(THREE_A_WEEK), "2026-03-03 17:00", facts(events=events[:2], pending=events[:2]))
    assert (decision.verdict, answer(decision, "TEST.r0").used) == ("allow", 2)


def test_an_event_from_the_future_counts() -> None:
    """A clock that was ahead when it wrote an event does not open a gap in the cap."""
    events = [event("2026-03-04 17:00")] * 3
    assert ask(rules_of(THREE_A_WEEK), "2026-03-03 17:00", facts(events=events)).verdict == "defer"


def test_only_the_kinds_and_channels_of_the_rule_count() -> None:
    """A cap on calls is not used up by e-mails, nor by a letter."""
    calls = rules_of(
        "kind: cap, params: {limit: 1, days: 1, per: person, kinds: [attempt], channels: [voice]}"
    )
    other = [
        event("2026-03-03 15:00", channel=Channel.EMAIL),
        event("2026-03-03 15:00", kind="letter", channel=Channel.VOICE),
    ]
    assert ask(calls, "2026-03-03 17:00", facts(CALL, events=other)).verdict == "allow"
    assert (
        ask(
            calls, "2026-03-03 17:00", facts(CALL, events=[event("2026-03-03 15:00", channel=Channel.VOICE)])
        ).verdict
        == "defer"
    )


def test_several_caps_bind_together() -> None:
    """One a day and two a week: whichever ends later decides."""
    both = rules_of(
        "kind: cap, params: {limit: 1, days: 1, per: person}",
        "kind: cap, params: {limit: 2, days: 7, per: person}",
    )
    events = [event("2026-01-19 17:00"), event("2026-01-20 15:00")]
    decision = ask(both, "2026-01-20 17:00", facts(events=events))
    assert (decision.until, decision.binding) == (utc("2026-01-26 05:00"), "TEST.r1")


class TestPerDebt:
    """Caps that count for each debt."""

    RULE = "kind: cap, params: {limit: 2, days: 7, per: debt}"

    def verdict(self, debts: list[Debt], *about: tuple[str, ...]) -> str:
        """Decide a request about `debts` after one event about each of `about`."""
        events = [event("2026-03-03 15:00", debts=tokens) for tokens in about]
        return ask(
            rules_of(self.RULE), "2026-03-03 17:00", facts(request(debts=debts), events=events)
        ).verdict

    def test_each_debt_has_its_own_count(self) -> None:
        """Two contacts about one debt leave the other free."""
        assert self.verdict([Debt(token="d1")], ("d1",), ("d1",)) == "defer"
        assert self.verdict([Debt(token="d2")], ("d1",), ("d1",)) == "allow"

    def test_a_contact_about_two_debts_needs_room_in_both(self) -> None:
        """It is not enough that one of them has a place."""
        assert self.verdict([Debt(token="d1"), Debt(token="d2")], ("d2",), ("d2",)) == "defer"

    def test_debts_of_a_group_count_as_one(self) -> None:
        """Three student loans under one account number have one count (comment 14(b)(4)-2.vii)."""
        loan = Debt(token="d3", group="g")
        assert self.verdict([loan], ("d1", "g"), ("d2", "g")) == "defer"
        assert self.verdict([Debt(token="d3")], ("d1", "g"), ("d2", "g")) == "allow"

    def test_what_names_no_debt_counts_for_all(self) -> None:
        """When nobody can say which debt it was about, it counts for each of them, in both directions."""
        assert self.verdict([Debt(token="d1")], (), ()) == "defer"
        assert self.verdict([], ("d1",), ("d2",)) == "defer"

    def test_the_fullest_debt_is_named(self) -> None:
        """The answer says which debt is the one that binds, whatever the order of the request."""
        events = [event("2026-03-03 15:00", debts=["d2"])] * 2
        for debts in ([Debt(token="d1"), Debt(token="d2")], [Debt(token="d2"), Debt(token="d1")]):
            decision = ask(
                rules_of(self.RULE), "2026-03-03 17:00", facts(request(debts=debts), events=events)
            )
            assert answer(decision, "TEST.r0").debt == "d2"


class TestRegulationF:
    """The official examples of 12 CFR 1006.14(b), in New York."""

    RULES = shipped("US-FED-REGF")

    def call(self, at: str, *events: str, kind: str = "attempt", debt: str = "d1") -> Decision:
        """Decide a call at a New York wall time, after events at wall times (18:00 UTC of the date)."""
        history = [event(f"{day} 18:00", kind=kind, channel=Channel.VOICE) for day in events]
        return ask(
            self.RULES,
            f"{at} 18:30",
            facts(request(channel=Channel.VOICE, debts=[Debt(token=debt)]), events=history),
        )

    WEEK = tuple(f"2026-04-0{day}" for day in range(1, 8))

    def test_seven_calls_from_wednesday_leave_the_next_wednesday_free(self) -> None:
        """Comment 14(b)(2)(i)-1.i: first call Wed 1 April, six more to Tue 7 April, none again before Wed 8 April."""
        assert self.call("2026-04-07", *self.WEEK).until == utc("2026-04-08 12:00")
        assert self.call("2026-04-08", *self.WEEK).verdict == "allow"

    def test_the_eighth_call_in_seven_days_is_refused(self) -> None:
        """Comment 14(b)(2)(ii)-1.i: 1, 2, 2, 2 and 1 calls make eight: the eighth would be the violation."""
        days = ["2026-04-01"] + ["2026-04-02"] * 2 + ["2026-04-03"] * 2 + ["2026-04-04"] * 2
        assert self.call("2026-04-07", *days[:6]).verdict == "allow"
        assert self.call("2026-04-07", *days).code == "cap-reached"

    def test_a_conversation_closes_the_debt_for_seven_days(self) -> None:
        """Comment 14(b)(2)(i)-1.ii: conversation Thu 13 August; no call before Thu 20 August."""
        for day in range(13, 20):
            decision = self.call(f"2026-08-{day}", "2026-08-13", kind="conversation")
            assert (decision.verdict, decision.binding) == ("defer", "US-FED-REGF.conversation")
            assert decision.until == utc("2026-08-20 12:00")
        assert self.call("2026-08-20", "2026-08-13", kind="conversation").verdict == "allow"

    def test_a_conversation_about_one_debt_leaves_the_other_open(self) -> None:
        """Comment 14(b)(4)-2.iii: conversation on the medical debt only; the card debt is not closed."""
        assert self.call("2026-11-10", "2026-11-09", kind="conversation", debt="card").verdict == "allow"

    def test_three_debts_have_seven_calls_each(self) -> None:
        """Comment 14(b)(4)-2.i: 21 unanswered calls about three debts are presumed to comply."""
        history = [
            event(f"{day} 18:00", channel=Channel.VOICE, debts=[debt])
            for day in self.WEEK[:6]
            for debt in "abc"
        ]
        for debt in "abc":
            known = facts(request(channel=Channel.VOICE, debts=[Debt(token=debt)]), events=history)
            assert ask(self.RULES, "2026-04-07 18:30", known).verdict == "allow"

    def test_texts_and_e_mails_are_not_calls(self) -> None:
        """The frequency rule is about telephone calls only; its comment says so."""
        texts = [event(f"{day} 18:00") for day in self.WEEK]
        assert ask(self.RULES, "2026-04-07 18:30", facts(CALL, events=texts)).verdict == "allow"
        text = ask(self.RULES, "2026-04-07 18:30", facts(events=texts))
        assert answer(text, "US-FED-REGF.frequency").outcome is Outcome.NOT_APPLICABLE
