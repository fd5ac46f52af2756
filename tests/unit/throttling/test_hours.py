"""Contact hours: half-open, in every possible zone at once, and never wider because a clock changes."""

import pytest

from tests.fakes.decisions import LOS_ANGELES, NEW_YORK, ask, event, facts, request, rules_of, shipped, utc
from throttling.facts import Channel

DAY = "kind: hours, params: {windows: [{open: 08:00, close: 21:00}]}"


@pytest.mark.parametrize(
    ("at", "verdict"),
    [
        ("2026-01-20 12:59:59.999999", "defer"),
        ("2026-01-20 13:00", "allow"),
        ("2026-01-21 01:59:59.999999", "allow"),
        ("2026-01-21 02:00", "defer"),
    ],
)
def test_the_opening_instant_is_in_and_the_closing_is_out(at: str, verdict: str) -> None:
    """8:00:00 in New York is allowed, 21:00:00 is not."""
    assert ask(rules_of(DAY), at).verdict == verdict


def test_a_deferral_names_the_next_opening() -> None:
    """Asked at night, the answer is eight in the morning."""
    decision = ask(rules_of(DAY), "2026-01-20 05:00")
    assert (decision.code, decision.until, decision.valid_until) == (
        "outside-hours",
        utc("2026-01-20 13:00"),
        utc("2026-01-20 13:00"),
    )


def test_an_allowance_ends_when_the_first_zone_closes() -> None:
    """A permit does not outlive the hours in any candidate zone."""
    decision = ask(rules_of(DAY), "2026-01-20 18:00", facts(request(zones=[NEW_YORK, LOS_ANGELES])))
    assert decision.valid_until == utc("2026-01-21 02:00")


class TestRegulationFLocations:
    """Comment 6(b)(1)(i)-2: with conflicting locations the time must be convenient in all of them."""

    RULES = shipped("US-FED-REGF")

    @pytest.mark.parametrize(
        ("zones", "opens", "closes"),
        [
            ([NEW_YORK, LOS_ANGELES], "2026-01-20 16:00", "2026-01-21 02:00"),
            ([NEW_YORK, "America/Denver"], "2026-01-20 15:00", "2026-01-21 02:00"),
        ],
        ids=["eastern-number-pacific-home", "eastern-mobile-mountain-landline"],
    )
    def test_official_example(self, zones: list[str], opens: str, closes: str) -> None:
        """i: 11:00 to 21:00 Eastern; ii: 10:00 to 21:00 Eastern."""
        known = facts(request(zones=zones))
        night = ask(self.RULES, "2026-01-20 06:00", known)
        assert (night.verdict, night.until) == ("defer", utc(opens))
        open_now = ask(self.RULES, opens, known)
        assert (open_now.verdict, open_now.valid_until) == ("allow", utc(closes))
        assert ask(self.RULES, closes, known).verdict == "defer"

    def test_guam_and_new_york_leave_four_hours_in_winter(self) -> None:
        """Fifteen hours apart: 17:00 to 21:00 Eastern is 8:00 to 12:00 of the next day in Guam."""
        known = facts(request(zones=[NEW_YORK, "Pacific/Guam"]))
        decision = ask(self.RULES, "2026-01-20 15:00", known)
        assert decision.until == utc("2026-01-20 22:00")
        allowed = ask(self.RULES, "2026-01-20 23:00", known)
        assert (allowed.verdict, allowed.valid_until) == ("allow", utc("2026-01-21 02:00"))

    def test_guam_and_new_york_leave_three_hours_in_summer(self) -> None:
        """Fourteen hours apart: 18:00 to 21:00 Eastern."""
        known = facts(request(zones=[NEW_YORK, "Pacific/Guam"]))
        assert ask(self.RULES, "2026-07-20 15:00", known).until == utc("2026-07-20 22:00")
        assert ask(self.RULES, "2026-07-20 23:00", known).valid_until == utc("2026-07-21 01:00")

    def test_a_country_code_of_a_territory_is_still_federal_law(self) -> None:
        """Guam has a country code of its own, and Regulation F."""
        known = facts(request(country="GU", region=None, zones=["Pacific/Guam"]))
        assert ask(self.RULES, "2026-01-20 12:00", known).binding == "US-FED-REGF.hours"


def test_zones_without_a_common_hour_are_refused_not_ignored() -> None:
    """An empty intersection means no permitted time, never no restriction."""
    narrow = rules_of("kind: hours, params: {windows: [{open: 09:00, close: 12:00}]}")
    decision = ask(narrow, "2026-01-20 15:00", facts(request(zones=[NEW_YORK, LOS_ANGELES])))
    assert (decision.verdict, decision.code, decision.until) == ("deny", "no-common-hours", None)
    assert decision.valid_until == utc("2026-01-21 00:00")


def test_two_rules_without_a_common_hour_have_no_permitted_time() -> None:
    """Morning by one rule, evening by the other: the search ends, and a person must decide."""
    rules = rules_of(
        "kind: hours, params: {windows: [{open: 08:00, close: 10:00}]}",
        "kind: hours, params: {windows: [{open: 18:00, close: 20:00}]}",
    )
    decision = ask(rules, "2026-01-20 15:00")
    assert (decision.verdict, decision.code, decision.until) == ("deny", "no-permitted-time", None)


@pytest.mark.parametrize("zones", [[], ["Mars/Olympus"], [NEW_YORK, "Mars/Olympus"], ["../../etc/passwd"]])
@pytest.mark.parametrize("rule", [DAY, "kind: cap, params: {limit: 3, days: 7, per: person}"])
def test_without_a_known_zone_nothing_is_sent(zones: list[str], rule: str) -> None:
    """Hours and days cannot be counted in no zone, nor if one of several is unknown."""
    decision = ask(rules_of(rule), "2026-01-20 18:00", facts(request(zones=zones)))
    assert (decision.verdict, decision.code) == ("deny", "zone-unknown")


def test_rules_that_need_no_zone_work_without_one() -> None:
    """A template without its opt-out line is refused for that, zone or no zone; with it, nothing else is asked."""
    rules = rules_of("kind: required_line, params: {line: opt_out}")
    nowhere = request(zones=[])
    assert ask(rules, "2026-01-20 18:00", facts(nowhere)).verdict == "allow"
    assert ask(rules, "2026-01-20 18:00", facts(request(zones=[], lines=[]))).code == "line-missing"


def test_weekdays_and_several_windows_a_day() -> None:
    """A lunch break is closed, Saturday afternoon leads to Monday."""
    rules = rules_of(
        "kind: hours, params: {windows: ["
        "{open: 09:00, close: 12:00, days: [mon, tue, wed, thu, fri, sat]},"
        "{open: 14:00, close: 18:00, days: [mon, tue, wed, thu, fri]}]}"
    )
    assert ask(rules, "2026-01-20 17:00").until == utc("2026-01-20 19:00")
    assert ask(rules, "2026-01-24 18:00").until == utc("2026-01-26 14:00")


def test_a_window_may_last_until_midnight_and_join_the_next() -> None:
    """Open all day means open at midnight, too."""
    rules = rules_of("kind: hours, params: {windows: [{open: 00:00, close: '24:00'}]}")
    for at in ("2026-01-20 04:59:59", "2026-01-20 05:00", "2026-01-20 05:00:01"):
        assert ask(rules, at).verdict == "allow"


def test_florida_leaves_e_mail_out() -> None:
    """E-mail is exempt from Florida's hours since 16 May 2025, and texts are not."""
    rules = shipped("US-FL")
    night = "2026-01-20 06:00"
    assert ask(rules, night, facts(request(region="US-FL", channel=Channel.EMAIL))).verdict == "allow"
    assert ask(rules, night, facts(request(region="US-FL", channel=Channel.SMS))).verdict == "defer"


class TestClockChanges:
    """Hours on the nights on which clocks change."""

    def test_a_window_that_opens_in_the_gap_opens_at_the_change(self) -> None:
        """On 8 March 2026 there is no 02:30 in New York; what opens then opens at 03:00, which is 07:00 UTC."""
        rules = rules_of("kind: hours, params: {windows: [{open: 02:30, close: 05:00}]}")
        assert ask(rules, "2026-03-08 06:00").until == utc("2026-03-08 07:00")

    def test_a_window_that_opens_twice_opens_the_second_time(self) -> None:
        """On 1 November 2026 New York reads 01:30 twice: forbidden time must not shrink."""
        rules = rules_of("kind: hours, params: {windows: [{open: 01:30, close: 05:00}]}")
        assert ask(rules, "2026-11-01 05:30").until == utc("2026-11-01 06:30")

    def test_a_window_that_closes_twice_closes_the_first_time(self) -> None:
        """Permitted time must not grow."""
        rules = rules_of("kind: hours, params: {windows: [{open: 00:00, close: 01:30}]}")
        assert ask(rules, "2026-11-01 05:29").valid_until == utc("2026-11-01 05:30")
        assert ask(rules, "2026-11-01 06:10").verdict == "defer"

    def test_a_day_without_midnight_begins_at_the_change(self) -> None:
        """On 6 September 2026 clocks in Santiago jump from midnight to one: the day is there at 04:00 UTC."""
        one_a_day = rules_of("kind: cap, params: {limit: 1, days: 1, per: person}")
        sent = facts(request(zones=["America/Santiago"]), events=[event("2026-09-05 20:00")])
        assert ask(one_a_day, "2026-09-05 21:00", sent).until == utc("2026-09-06 04:00")

    def test_zones_changed_since_the_system_was_installed(self) -> None:
        """Vancouver keeps UTC-7 from autumn 2026 on; an old zone file would be an hour off."""
        known = facts(request(country="CA", region="CA-BC", zones=["America/Vancouver"]))
        assert ask(rules_of(DAY), "2026-12-01 10:00", known).until == utc("2026-12-01 15:00")
