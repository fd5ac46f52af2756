"""Rule packs: every fault is told at once with its line, and nothing that could loosen or mislead is loaded."""

from datetime import timedelta

import pytest

from config.files import read_packs
from gateway.store.facts import HISTORY
from tests.fakes.decisions import (
    ask,
    facts,
    house,
    pack,
    pack_or_faults,
    request,
    rule_set,
    rules_of,
    shipped,
    utc,
)
from throttling.facts import Channel, Debt
from throttling.lookback import DAYS_MAX
from throttling.rules import Fault, RuleSet, build_rule_set

GOOD = """\
id: US-X
title: A law
layer: law
version: "1"
reviewed: 2026-01-01
tzdb_min: 2026a
jurisdiction: {countries: [US]}
rules:
  - id: US-X.week
    kind: cap
    citation: {title: X Code, section: "1"}
    confidence: verified
    force: prohibition
    applies: {channels: [sms]}
    params: {limit: 3, days: 7, per: debt, kinds: [attempt], channels: [sms]}
  - id: US-X.hours
    kind: hours
    citation: {title: X Code, section: "2"}
    confidence: likely
    force: guidance
    params:
      windows:
        - {open: 08:00, close: 21:00}
"""
TIGHTER = """\
id: MINE
title: Mine
layer: house
version: "1"
reviewed: 2026-01-01
tzdb_min: 2026a
rules:
  - id: MINE.rule
    kind: KIND
    citation: {title: House}
    confidence: verified
    force: house
    tightens: LAW
    params: PARAMS
"""


def faults_of(text: str) -> list[Fault]:
    """Parse a pack that must be bad."""
    found = pack_or_faults(text)
    assert isinstance(found, list)
    assert found
    return found


def refused(*texts: str, tzdb: str = "2026f") -> list[str]:
    """Build a rule set that must be refused; return what is said."""
    built = build_rule_set([pack(text) for text in texts], tzdb=tzdb, digest="x")
    assert isinstance(built, list)
    return [str(fault) for fault in built]


def test_a_good_pack_is_parsed_and_compiled() -> None:
    """The pack that the bad ones below are made of is good."""
    assert isinstance(build_rule_set([pack(GOOD)], tzdb="2026f", digest="x"), RuleSet)


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("title: A law", "titel: A law", 2, "titel"),
        ("layer: law", "layer: laws", 3, "layer"),
        ("reviewed: 2026-01-01", "reviewed: last week", 5, "reviewed"),
        ("tzdb_min: 2026a", "tzdb_min: new", 6, "tzdb_min"),
        ("jurisdiction: {countries: [US]}\n", "", 1, "without a country"),
        ("countries: [US]", "countries: []", 7, "length >= 1"),
        ("countries: [US]", "countries: [usa]", 7, "countries"),
        ("id: US-X.week", "id: US-Y.week", 9, "another pack"),
        ("id: US-X.hours", "id: US-X.week", 16, "here twice"),
        ("kind: cap", "kind: cup", 10, "no kind of rule called `cup`"),
        ('    citation: {title: X Code, section: "1"}\n', "", 9, "citation"),
        ("confidence: verified", "confidence: unverified", 12, "unverified and enabled"),
        ("confidence: verified", "confidence: sure", 12, "confidence"),
        ("limit: 3", "limit: -1", 15, "params.limit"),
        ("limit: 3", "limit: '3'", 15, "params.limit"),
        ("limit: 3", "limits: 3", 15, "params.limits"),
        ("days: 7", "days: 0", 15, "params.days"),
        ("days: 7", "days: 91", 15, "params.days"),
        ("per: debt", "per: household", 15, "params.per"),
        ("channels: [sms]}\n    params", "channels: [fax]}\n    params", 14, "applies.channels"),
        ("channels: [sms]}\n    params", "regions: [CA-BC]}\n    params", 14, "outside the pack's countries"),
        ("channels: [sms]}\n    params", "countries: [CA]}\n    params", 14, "not a country of the pack"),
        ("close: 21:00", "close: 7:00", 23, "close"),
        ("close: 21:00", "close: 07:00", 23, "ends after it begins"),
        (
            "force: guidance",
            "force: guidance\n    effective: {from: 2026-02-01, until: 2026-01-01}",
            21,
            "only from",
        ),
        ("force: guidance", "force: guidance\n    comment: x", 21, "unknown field"),
        ("id: US-X\n", "id: FLOOR\n", 1, "reserved"),
    ],
)
def test_a_fault_is_told_with_its_line(old: str, new: str, line: int, says: str) -> None:
    """What is wrong, on which line, and what to do."""
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    found = faults_of(text)
    assert any(fault.line == line and says in fault.message for fault in found), [
        str(fault) for fault in found
    ]
    assert all(fault.hint and fault.file == "TEST.yaml" for fault in found)


def test_every_bad_rule_is_told_at_once() -> None:
    """Nobody has to load a file three times to learn of three faults."""
    text = (
        GOOD.replace("limit: 3", "limit: -1")
        .replace("close: 21:00", "close: 99:99")
        .replace("layer: law", "layer: x")
    )
    assert sorted(fault.line for fault in faults_of(text)) == [3, 15, 23]


@pytest.mark.parametrize("text", ["- a list", "rules: x", "id: X\nrules: []", "just text"])
def test_what_is_no_pack_is_refused(text: str) -> None:
    """A file without rules would permit everything."""
    assert faults_of(text)


def test_overlapping_windows_are_refused() -> None:
    """Two windows that overlap are more likely a slip than a wish."""
    text = GOOD.replace(
        "- {open: 08:00, close: 21:00}",
        "- {open: 08:00, close: 21:00}\n        - {open: 20:00, close: 22:00}",
    )
    assert "overlap on mon" in faults_of(text)[0].message


def test_no_rules_at_all_are_refused() -> None:
    """A gateway without rules would permit everything; it does not start."""
    assert "permit everything" in refused()[0]
    disabled = GOOD.replace("force: prohibition", "force: prohibition\n    enabled: false").replace(
        "force: guidance", "force: guidance\n    enabled: false"
    )
    assert "no rule is enabled" in refused(disabled)[0]


def test_a_disabled_rule_says_nothing() -> None:
    """A rule that is written down and not enabled takes no part."""
    text = GOOD.replace("force: prohibition", "force: prohibition\n    enabled: false")
    answers = ask(rule_set(pack(text)), "2026-01-20 18:00").rules
    assert "US-X.week" not in {answer.rule for answer in answers}


def test_old_zone_data_are_refused() -> None:
    """An old copy would send to Vancouver an hour too late in the evening."""
    assert "needs time zone data 2026a or newer, found 2025b" in refused(GOOD, tzdb="2025b")[0]
    assert isinstance(build_rule_set([pack(GOOD)], tzdb="2026aa", digest="x"), RuleSet)
    assert refused(GOOD.replace("2026a", "2026aa"), tzdb="2026z")


def test_a_pack_cannot_be_replaced_by_another_of_its_name() -> None:
    """A second pack with the id of a law would hide which one binds."""
    assert "here twice" in refused(GOOD, GOOD)[0]


class TestTightening:
    """A lower layer may only tighten, and what claims to tighten must."""

    def why(self, kind: str, law: str, params: str, more: str = "") -> str:
        """Return why the claim is refused, or nothing."""
        text = TIGHTER.replace("KIND", kind).replace("LAW", law).replace("PARAMS", params) + more
        built = build_rule_set([pack(GOOD), pack(text)], tzdb="2026f", digest="x")
        return "" if isinstance(built, RuleSet) else built[0].message

    @pytest.mark.parametrize(
        ("params", "says"),
        [
            ("{limit: 3, days: 7, per: debt}", ""),
            ("{limit: 1, days: 3, per: person}", ""),
            ("{limit: 0, days: 1, per: debt}", ""),
            ("{limit: 4, days: 7, per: debt}", "1 times 4, 7 days apart, makes 4 within 7 days"),
            ("{limit: 3, days: 6, per: debt}", "2 times 3, 6 days apart, makes 6 within 7 days"),
            ("{limit: 1, days: 2, per: debt}", "4 times 1, 2 days apart, makes 4 within 7 days"),
            ("{limit: 3, days: 7, per: debt, kinds: [letter]}", "an event of kind attempt does not count"),
            ("{limit: 3, days: 7, per: debt, channels: [email]}", "an event of channel sms does not count"),
        ],
    )
    def test_a_cap(self, params: str, says: str) -> None:
        """A cap is stricter if no series of events passes it and breaks the law; if one does, it is named."""
        why = self.why("cap", "US-X.week", params)
        assert says in why
        assert bool(says) == bool(why)

    @pytest.mark.parametrize(
        ("params", "says"),
        [
            ("{windows: [{open: 09:00, close: 20:00}]}", ""),
            ("{windows: [{open: 08:00, close: 21:00}]}", ""),
            ("{windows: [{open: 07:30, close: 20:00}]}", "mon 07:30 is open"),
            ("{windows: [{open: 09:00, close: 21:01, days: [sun]}]}", "sun 21:00 is open"),
        ],
    )
    def test_hours(self, params: str, says: str) -> None:
        """Hours are stricter if they are never open while the law's are closed."""
        why = self.why("hours", "US-X.hours", params)
        assert says in why
        assert bool(says) == bool(why)

    @pytest.mark.parametrize(
        ("law", "kind", "more", "says"),
        [
            ("US-X.none", "cap", "", "no loaded pack has such a rule"),
            ("US-X.hours", "cap", "", "a rule of another kind"),
            ("MINE.rule", "cap", "", "not of a higher one"),
            ("US-X.week", "cap", "    enabled: false\n", "does not always bind"),
            ("US-X.week", "cap", "    effect: warn\n", "does not always bind"),
            ("US-X.week", "cap", "    effective: {from: 2026-01-01}\n", "does not always bind"),
            ("US-X.week", "cap", "    applies: {channels: [email]}\n", "for all channels"),
            ("US-X.week", "cap", "    applies: {purposes: [reminder]}\n", "for all purposes"),
            ("US-X.week", "cap", "    applies: {countries: [CA]}\n", "for all countries"),
            ("US-X.week", "cap", "    applies: {regions: [US-NY]}\n", "for all regions"),
        ],
    )
    def test_a_claim_that_cannot_hold(self, law: str, kind: str, more: str, says: str) -> None:
        """A rule that is not there, is of another kind, or binds less often tightens nothing."""
        assert says in self.why(kind, law, "{limit: 3, days: 7, per: debt}", more)


class TestApplicability:
    """Which rules bind a request, and what happens when the request does not say."""

    AT = "2026-01-20 18:00"

    def rules(self, known: object, *packs: str) -> set[str]:
        """Return the rules that looked."""
        decision = ask(shipped(*packs), self.AT, facts(known))  # type: ignore[arg-type]
        return {answer.rule for answer in decision.rules if answer.outcome != "not_applicable"}

    def test_a_region_binds_its_places_and_not_its_neighbours(self) -> None:
        """Massachusetts binds Massachusetts; New York City binds only who is said to be there."""
        both = ("US-MA", "US-NY-NYC", "HOUSE")
        assert "US-MA.frequency" in self.rules(request(region="US-MA"), *both)
        assert "US-MA.frequency" not in self.rules(request(region="US-NY"), *both)
        assert "US-NY-NYC.frequency" not in self.rules(request(region="US-NY"), *both)

    @pytest.mark.parametrize("region", [None, "MA", "GB-LND", ""])
    def test_an_unknown_region_is_bound_by_all(self, region: str | None) -> None:
        """Who may be anywhere in the country is protected as everywhere in it, and the decision says so."""
        wanted = request(region=region)
        assert {"US-MA.frequency", "US-FL.hours"} <= self.rules(wanted, "US-MA", "US-FL")
        assert ask(shipped("US-MA"), self.AT, facts(wanted)).warnings == ("region-unknown",)

    def test_an_unknown_country_is_refused(self) -> None:
        """Nobody can say which law binds, so nothing is sent; with house rules alone they bind."""
        decision = ask(shipped(), self.AT, facts(request(country=None, region=None)))
        assert (decision.verdict, decision.code, decision.rules) == ("deny", "country-unknown", ())
        assert ask(shipped("HOUSE"), self.AT, facts(request(country=None, region=None))).verdict == "allow"

    def test_a_country_without_rules_is_refused(self) -> None:
        """No rules means no permission. With the house pack loaded, its rules bind everywhere."""
        known = facts(request(country="FR", region=None))
        assert ask(shipped("US-FED-REGF"), self.AT, known).code == "no-rules-for-country"
        assert ask(shipped("US-FED-REGF", "HOUSE"), self.AT, known).verdict == "allow"

    def test_an_unknown_debt_type_is_a_match(self) -> None:
        """A rule for medical debts binds a debt of which nobody said what it is."""
        rules = rules_of("kind: required_line, params: {line: notice}, applies: {debt_types: [medical]}")
        for debts, verdict in (
            ([Debt(token="d", type="medical")], "deny"),
            ([Debt(token="d", type="card")], "allow"),
            ([Debt(token="d")], "deny"),
            ([Debt(token="d", type="card"), Debt(token="e", type="medical")], "deny"),
            ([], "deny"),
        ):
            assert ask(rules, self.AT, facts(request(debts=debts))).verdict == verdict

    def test_creditor_and_purpose_select(self) -> None:
        """A creditor's own rule binds that creditor, a purpose's rule that purpose."""
        rules = rules_of(
            "kind: required_line, params: {line: x}, applies: {creditors: [acme]}",
            "kind: required_line, params: {line: y}, applies: {purposes: [reminder]}",
        )
        assert ask(rules, self.AT, facts(request(creditor="other", purpose="offer"))).verdict == "allow"
        assert ask(rules, self.AT, facts(request(creditor="acme", purpose="offer"))).binding == "TEST.r0"
        assert ask(rules, self.AT, facts(request(creditor="other"))).binding == "TEST.r1"

    def test_a_rule_begins_on_its_local_date(self) -> None:
        """New York City's limit is in force from 1 September 2026, local time, and a permit does not outlive that."""
        rules = shipped("US-NY-NYC", "HOUSE")
        known = facts(request(region="US-NY-NYC", channel=Channel.EMAIL))
        answers = {a.rule: a.code for a in ask(rules, "2026-09-01 03:59:59", known).rules}
        assert answers["US-NY-NYC.frequency"] == "not-in-force"
        assert ask(rules, "2026-08-31 23:00", known).valid_until.isoformat() == "2026-09-01T00:00:00+00:00"
        answers = {a.rule: a.code for a in ask(rules, "2026-09-01 04:00", known).rules}
        assert answers["US-NY-NYC.frequency"] == "ok"

    def test_a_rule_ends_after_its_last_local_date(self) -> None:
        """The last day is included, in the last of the candidate zones."""
        rules = rules_of("kind: required_line, params: {line: x}, effective: {until: 2026-01-19}")
        both = facts(request(zones=["America/New_York", "America/Los_Angeles"]))
        assert ask(rules, "2026-01-20 07:59", both).verdict == "deny"
        assert ask(rules, "2026-01-20 08:00", both).verdict == "allow"
        nowhere = facts(request(zones=[]))
        # No local date is more than a day away from that of UTC, which is also as long as such an answer holds.
        last = ask(rules, "2026-01-20 23:59", nowhere)
        assert (last.verdict, last.valid_until) == ("deny", utc("2026-01-21 00:00"))
        assert ask(rules, "2026-01-21 00:00", nowhere).verdict == "allow"

    def test_a_warning_does_not_change_the_verdict(self) -> None:
        """A rule that only warns is told of and forbids nothing."""
        decision = ask(rules_of("kind: required_line, params: {line: x}, effect: warn"), self.AT)
        assert (decision.verdict, decision.warnings) == ("allow", ("TEST.r0:line-missing",))


def test_no_window_reaches_further_back_than_the_history() -> None:
    """The events that are loaded for a decision cover the longest window that a rule may have, and some more."""
    assert timedelta(days=DAYS_MAX + 2) <= HISTORY


def test_the_order_of_packs_does_not_matter() -> None:
    """The same packs in any order give the same decisions."""
    a, b = house("kind: cap, params: {limit: 0, days: 1, per: person}"), pack(GOOD)
    assert ask(rule_set(a, b), "2026-01-20 18:00") == ask(rule_set(b, a), "2026-01-20 18:00")


@pytest.mark.parametrize("name", sorted(read_packs()))
def test_a_shipped_pack_is_good(name: str) -> None:
    """Every pack that ships loads, alone and with the others, and every rule cites its source."""
    parsed = pack(read_packs()[name], name)
    assert f"{parsed.id}.yaml" == name
    assert rule_set(parsed).rules
    assert all(str(rule.citation) for rule in parsed.rules)


def test_all_shipped_packs_together_permit_an_ordinary_contact() -> None:
    """At noon, to somebody who was never contacted, with an opt-out line: allowed, by rules of law and house."""
    decision = ask(shipped(), "2026-01-20 18:00")
    assert (decision.verdict, decision.code, decision.binding) == ("allow", "ok", None)
    assert {answer.pack for answer in decision.rules} >= {"US-FED-REGF", "HOUSE"}
    assert decision.tzdb == "2026f"


RETENTION = (
    GOOD
    + """\
retention:
  - {what: records, years: 3, after: last_activity, citation: {title: t}}
"""
)


def test_a_pack_says_how_long_records_are_kept() -> None:
    """Retention differs between sources, so it is part of a pack; a duration without a length is refused."""
    (kept,) = pack(RETENTION, "US-X.yaml").retention
    assert (kept.what, kept.years, kept.days) == ("records", 3, None)
    faults = pack_or_faults(RETENTION.replace("years: 3", "years: 3, days: 4"), "US-X.yaml")
    assert isinstance(faults, list)
    assert "years or of days" in faults[0].message
