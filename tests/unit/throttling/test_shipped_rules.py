"""What the sources say, a second time and by hand: each shipped rule on both sides of its line."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from tests.fakes.decisions import ask, event, facts, request, shipped
from tests.fakes.shipped_cases import PACKS, on_both_sides
from throttling.decision import Outcome, RuleAnswer
from throttling.facts import Channel, Debt, Facts, Restriction, Suppression, SuppressionScope

SMS, VOICE, EMAIL, PUSH = Channel.SMS, Channel.VOICE, Channel.EMAIL, Channel.PUSH
NOON = datetime(2026, 11, 18, 12, 0)  # noqa: DTZ001 - a Wednesday, wherever the person is
ZONES = {
    "AU": "Australia/Sydney",
    "CN": "Asia/Shanghai",
    "GB": "Europe/London",
    "US": "America/New_York",
    "US-WA": "America/Los_Angeles",
}
WRITTEN = (SMS, EMAIL, PUSH)


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where the person of a case is."""

    country: str
    region: str | None

    @property
    def zone(self) -> str:
        return ZONES.get(self.region or "", ZONES[self.country])


def place_of(rule: str) -> Place:
    """Somebody whom the pack of the rule binds: its jurisdiction is its name."""
    parts = rule.partition(".")[0].split("-")
    if parts == ["HOUSE"]:
        return Place(country="GB", region=None)
    region = "-".join(parts) if len(parts) > 1 and parts[1] != "FED" else "US-OH"
    return Place(country=parts[0], region=region if parts[0] == "US" else None)


def looked(rule: str, known: Facts, local: datetime) -> RuleAnswer:
    """What this rule alone says at a local time of the person's zone."""
    at = local.replace(tzinfo=ZoneInfo(place_of(rule).zone))
    decision = ask(shipped(rule.partition(".")[0]), at, known)
    return next(answer for answer in decision.rules if answer.rule == rule)


def person(rule: str, channel: Channel = VOICE, **more: object) -> Facts:
    """The facts of somebody whom the rule binds, reached on this channel."""
    place = place_of(rule)
    wanted = {"debts": [Debt(token="d1")], "lines": ["opt_out"]} | {
        name: more.pop(name) for name in ("debts", "lines") if name in more
    }
    asked = request(channel=channel, country=place.country, region=place.region, zones=[place.zone], **wanted)  # type: ignore[arg-type]
    return facts(asked, **more)  # type: ignore[arg-type]


# --- how often --------------------------------------------------------------------------------------------------------

# Rule: how many, in how many days, counted per, asked on, what counts (kind and channel), what does not.
CAPS = {
    "AU.per-week": (3, 7, "debt", VOICE, [("attempt", SMS), ("letter", EMAIL)], [("conversation", VOICE)]),
    "AU.per-month": (10, 31, "debt", SMS, [("attempt", VOICE), ("letter", EMAIL)], [("conversation", VOICE)]),
    "CN.calls-per-day": (3, 1, "person", VOICE, [("attempt", VOICE), ("voicemail", VOICE)], [("attempt", SMS)]),
    "HOUSE.sms-per-day": (1, 1, "person", SMS, [("attempt", SMS)], [("attempt", VOICE)]),
    "HOUSE.sms-per-week": (3, 7, "person", SMS, [("attempt", SMS)], [("attempt", VOICE)]),
    "HOUSE.voice-per-day": (1, 1, "person", VOICE, [("attempt", VOICE), ("voicemail", VOICE)], [("attempt", SMS)]),
    "HOUSE.voice-per-week": (3, 7, "person", VOICE, [("attempt", VOICE), ("voicemail", VOICE)], [("attempt", SMS)]),
    "HOUSE.email-per-day": (1, 1, "person", EMAIL, [("attempt", EMAIL)], [("attempt", SMS)]),
    "HOUSE.push-per-day": (1, 1, "person", PUSH, [("attempt", PUSH)], [("attempt", SMS)]),
    "HOUSE.all-per-day": (2, 1, "person", SMS, [("attempt", VOICE), ("letter", EMAIL)], [("conversation", VOICE)]),
    "HOUSE.all-per-week": (7, 7, "person", SMS, [("attempt", VOICE), ("letter", EMAIL)], [("conversation", VOICE)]),
}  # fmt: skip


class Contacted(msgspec.Struct, frozen=True, kw_only=True):
    """A history: so many events of a kind at noon, so many days ago (0 is today)."""

    count: int
    kind: str
    channel: Channel
    days_ago: int = 0
    debt: str = "d1"

    def events(self, rule: str) -> list[object]:
        zone = ZoneInfo(place_of(rule).zone)
        at = (NOON - timedelta(days=self.days_ago, minutes=30)).replace(tzinfo=zone)
        return [event(at, kind=self.kind, channel=self.channel, debts=[self.debt])] * self.count


def outcome_after(rule: str, channel: Channel, past: Contacted) -> Outcome:
    """What the rule says at noon after such a history."""
    return looked(rule, person(rule, channel, events=past.events(rule)), NOON).outcome


@pytest.mark.parametrize("rule", CAPS)
def test_a_cap_binds_at_its_number(rule: str) -> None:
    """One contact below the number the next may go; at the number it waits; the day of a contact is day one."""
    limit, days, _, channel, counted, _ = CAPS[rule]
    for kind, by in counted:
        first_day = Contacted(count=limit, kind=kind, channel=by, days_ago=days - 1)
        assert outcome_after(rule, channel, first_day) == Outcome.DEFER
        assert outcome_after(rule, channel, msgspec.structs.replace(first_day, days_ago=days)) == Outcome.PASS
        assert (
            outcome_after(rule, channel, msgspec.structs.replace(first_day, count=limit - 1)) == Outcome.PASS
        )


@pytest.mark.parametrize("rule", CAPS)
def test_a_cap_waits_until_the_day_has_gone(rule: str) -> None:
    """A place frees at the local midnight after the window's last day, not so many hours later."""
    limit, days, _, channel, counted, _ = CAPS[rule]
    kind, by = counted[0]
    past = Contacted(count=limit, kind=kind, channel=by)
    answer = looked(rule, person(rule, channel, events=past.events(rule)), NOON)
    free = datetime.combine(NOON.date() + timedelta(days=days), datetime.min.time())
    assert answer.until == free.replace(tzinfo=ZoneInfo(place_of(rule).zone))


@pytest.mark.parametrize("rule", CAPS)
def test_a_cap_counts_what_its_source_names(rule: str) -> None:
    """What the source does not name takes no place."""
    limit, _, _, channel, _, not_counted = CAPS[rule]
    for kind, by in not_counted:
        assert outcome_after(rule, channel, Contacted(count=limit, kind=kind, channel=by)) == Outcome.PASS


@pytest.mark.parametrize("rule", CAPS)
def test_a_cap_counts_per_person_or_per_debt(rule: str) -> None:
    """Contacts about another debt count where the source protects the person, and only there."""
    limit, _, per, channel, counted, _ = CAPS[rule]
    kind, by = counted[0]
    other = Contacted(count=limit, kind=kind, channel=by, debt="d2")
    assert outcome_after(rule, channel, other) == (Outcome.DEFER if per == "person" else Outcome.PASS)


# --- when -------------------------------------------------------------------------------------------------------------

WORKDAY, SATURDAY, SUNDAY = NOON.date(), NOON.date() + timedelta(days=3), NOON.date() + timedelta(days=4)
# Rule: asked on, and for each day the first permitted minute and the first that is not any more.
HOURS = {
    "AU.call-hours": (VOICE, {WORKDAY: ("07:30", "21:00"), SATURDAY: ("09:00", "21:00"), SUNDAY: ("09:00", "21:00")}),
    "CN.hours": (SMS, {WORKDAY: ("08:00", "22:00"), SUNDAY: ("08:00", "22:00")}),
    "HOUSE.hours": (PUSH, {WORKDAY: ("09:00", "20:00"), SUNDAY: ("09:00", "20:00")}),
}  # fmt: skip


@pytest.mark.parametrize("rule", HOURS)
def test_hours_open_and_close_on_the_minute(rule: str) -> None:
    """The opening instant is permitted, the one before it and the closing one are not."""
    channel, days = HOURS[rule]
    for day, (opens, closes) in days.items():
        first, end = (datetime.fromisoformat(f"{day}T{clock}") for clock in (opens, closes))
        tick = timedelta(seconds=1)
        said = [
            looked(rule, person(rule, channel), local).outcome
            for local in (first - tick, first, end - tick, end)
        ]
        assert said == [Outcome.DEFER, Outcome.PASS, Outcome.PASS, Outcome.DEFER]


# --- never ------------------------------------------------------------------------------------------------------------

Scope = SuppressionScope
SUPPRESSIONS = {
    "GB.reasonable-requests": set(Scope),
    "HOUSE.suppression": set(Scope) - {Scope.CHANNEL},
    "HOUSE.medium-request": {Scope.CHANNEL},
}
RESTRICTIONS = {
    "GB.breathing-space": {"breathing_space"},
    "HOUSE.restriction": {"breathing_space", "cease", "deceased", "dispute", "of-our-own"},
    "HOUSE.inconvenience": {"attorney", "inconvenient_time"},
}
LINES = {"HOUSE.opt-out-line": WRITTEN}
YESTERDAY = (NOON - timedelta(days=1)).replace(tzinfo=ZoneInfo("UTC"))


@pytest.mark.parametrize("rule", SUPPRESSIONS)
def test_a_suppression_is_final(rule: str) -> None:
    """Whoever asked not to be contacted, in a way the source names, is not; another scope is another rule's."""
    for scope in Scope:
        stop = Suppression(
            id="s1",
            scope=scope,
            since=YESTERDAY,
            source="reply",
            channel=VOICE if scope is Scope.CHANNEL else None,
            debt="d1" if scope is Scope.DEBT else None,
        )
        known = person(rule, address=[stop]) if scope is Scope.ADDRESS else person(rule, suppressions=[stop])
        binds = scope in SUPPRESSIONS[rule]
        assert looked(rule, known, NOON).outcome == (Outcome.DENY if binds else Outcome.PASS)


@pytest.mark.parametrize("rule", RESTRICTIONS)
def test_a_restriction_is_final(rule: str) -> None:
    """A recorded state that the source names forbids every contact from its date on; no other state does."""
    for kind in RESTRICTIONS["HOUSE.restriction"] | RESTRICTIONS["HOUSE.inconvenience"]:
        state = Restriction(id="r1", kind=kind, since=YESTERDAY, until=None)
        binds = kind in RESTRICTIONS[rule]
        answer = looked(rule, person(rule, restrictions=[state]), NOON)
        assert answer.outcome == (Outcome.DENY if binds else Outcome.PASS)


@pytest.mark.parametrize("rule", LINES)
def test_a_written_message_says_how_to_stop(rule: str) -> None:
    """A text without the opt-out line goes to nobody; a call needs none on the page."""
    for channel in Channel:
        bare = looked(rule, person(rule, channel, lines=[]), NOON).outcome
        assert bare == (Outcome.DENY if channel in LINES[rule] else Outcome.NOT_APPLICABLE)
        assert looked(rule, person(rule, channel), NOON).outcome in {Outcome.PASS, Outcome.NOT_APPLICABLE}


@pytest.mark.parametrize("name", PACKS)
def test_every_shipped_rule_is_seen_on_both_sides_of_its_line(name: str) -> None:
    """A rule without a case that it lets through and one that it does not is an opinion.

    The cases lie beside the packs; a rule that has none yet has a row above.
    """
    rules = {str(rule.id) for rule in PACKS[name].rules if rule.enabled}
    rows = {*CAPS, *HOURS, *SUPPRESSIONS, *RESTRICTIONS, *LINES}
    assert sorted(rules - on_both_sides() - rows) == []
    assert sorted(row for row in rows - rules if row.startswith(f"{name}.")) == []
