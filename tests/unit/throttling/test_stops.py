"""Suppressions and restrictions: whoever said stop, has a lawyer or is dead is not contacted."""

import pytest

from tests.fakes.decisions import ask, event, facts, request, rules_of, shipped, utc
from throttling.facts import Channel, Debt, Restriction, Suppression, SuppressionScope

NOON = "2026-01-20 18:00"
SUPPRESS = rules_of("kind: suppression, params: {scopes: [address, channel, debt, all]}")
RESTRICT = rules_of("kind: restriction, params: {kinds: any}")


def stop(scope: str, **narrowed: object) -> Suppression:
    """Make a suppression."""
    return Suppression(
        id="s1",
        scope=SuppressionScope(scope),
        since=utc("2026-01-01 00:00"),
        source="test",
        **narrowed,  # type: ignore[arg-type]
    )


def restriction(
    kind: str = "attorney", since: str = "2026-01-01 00:00", until: str | None = None, **narrowed: object
) -> Restriction:
    """Make a restriction."""
    return Restriction(
        id=f"{kind}-{since}",
        kind=kind,
        since=utc(since),
        until=utc(until) if until else None,
        **narrowed,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("suppression", "binds"),
    [
        (stop("all"), True),
        (stop("all", creditor="acme"), True),
        (stop("all", creditor="other"), False),
        (stop("channel", channel=Channel.SMS), True),
        (stop("channel", channel=Channel.VOICE), False),
        (stop("debt", debt="d1"), True),
        (stop("debt", debt="d2"), False),
        (stop("debt", debt="g"), True),
        (stop("debt"), True),
    ],
)
def test_a_suppression_binds_what_it_names_and_nothing_else(suppression: Suppression, binds: bool) -> None:
    """Scope, channel, creditor and debt narrow a stop; what is left open binds everything."""
    wanted = request(debts=[Debt(token="d1", group="g")])
    decision = ask(SUPPRESS, NOON, facts(wanted, suppressions=[suppression]))
    assert decision.verdict == ("deny" if binds else "allow")
    if binds:
        assert (decision.code, decision.binding) == (f"suppressed-{suppression.scope}", "TEST.r0")


def test_an_address_that_opted_out_is_closed_for_every_debt() -> None:
    """STOP knows an address and no debt; without a channel it closes the address for all of them."""
    for channel in Channel:
        wanted = request(channel=channel, debts=[Debt(token="other")])
        assert ask(SUPPRESS, NOON, facts(wanted, address=[stop("address")])).code == "suppressed-address"
    by_text = stop("address", channel=Channel.SMS)
    assert ask(SUPPRESS, NOON, facts(request(channel=Channel.VOICE), address=[by_text])).verdict == "allow"


def test_a_request_without_a_debt_is_bound_by_every_stopped_debt() -> None:
    """What names no debt may be about the one that was stopped."""
    assert (
        ask(SUPPRESS, NOON, facts(request(debts=[]), suppressions=[stop("debt", debt="d9")])).verdict
        == "deny"
    )
    assert (
        ask(RESTRICT, NOON, facts(request(debts=[]), restrictions=[restriction(debt="d9")])).verdict == "deny"
    )


def test_a_stop_binds_at_once_even_if_its_clock_was_ahead() -> None:
    """The date of an opt-out is evidence, not a start: it binds from the moment it is known."""
    early = Suppression(id="s", scope=SuppressionScope.ALL, since=utc("2026-01-20 18:00:05"), source="test")
    assert ask(SUPPRESS, NOON, facts(suppressions=[early])).verdict == "deny"


@pytest.mark.parametrize("kind", ["attorney", "cease", "bankruptcy", "deceased", "something_new"])
def test_any_restriction_forbids(kind: str) -> None:
    """Also one of a kind that no rule has heard of."""
    decision = ask(RESTRICT, NOON, facts(restrictions=[restriction(kind)]))
    assert (decision.verdict, decision.code) == ("deny", f"restricted-{kind}")


@pytest.mark.parametrize(
    ("narrowed", "binds"),
    [
        ({"debt": "d1"}, True),
        ({"debt": "d2"}, False),
        ({"creditor": "acme"}, True),
        ({"creditor": "other"}, False),
        ({"channel": Channel.SMS}, True),
        ({"channel": Channel.EMAIL}, False),
    ],
)
def test_a_restriction_binds_what_it_names(narrowed: dict[str, object], binds: bool) -> None:
    """An attorney for one debt does not close another."""
    decision = ask(RESTRICT, NOON, facts(restrictions=[restriction(**narrowed)]))  # type: ignore[arg-type]
    assert decision.verdict == ("deny" if binds else "allow")


def test_a_restriction_has_its_dates() -> None:
    """It begins at its start, which a permit given before must not outlive, and ends at its end."""
    known = facts(restrictions=[restriction("breathing_space", "2026-01-20 18:00", "2026-01-20 19:00")])
    before = ask(RESTRICT, "2026-01-20 17:59", known)
    assert (before.verdict, before.valid_until) == ("allow", utc("2026-01-20 18:00"))
    during = ask(RESTRICT, "2026-01-20 18:00", known)
    assert (during.verdict, during.valid_until) == ("deny", utc("2026-01-20 19:00"))
    assert ask(RESTRICT, "2026-01-20 19:00", known).verdict == "allow"


def test_a_deferral_looks_past_a_restriction_that_begins_and_ends_before() -> None:
    """The named instant is permitted by every rule, also by one that is silent now."""
    rules = rules_of(
        "kind: restriction, params: {kinds: any}", "kind: cap, params: {limit: 1, days: 1, per: person}"
    )
    sent = [event("2026-01-20 17:00")]
    pause = restriction("breathing_space", "2026-01-20 20:00", "2026-01-22 09:30")
    assert ask(rules, NOON, facts(events=sent, restrictions=[pause])).until == utc("2026-01-22 09:30")
    endless = restriction("deceased", "2026-01-20 20:00")
    decision = ask(rules, NOON, facts(events=sent, restrictions=[endless]))
    assert (decision.verdict, decision.code) == ("deny", "no-permitted-time")


def test_a_denial_beats_a_deferral() -> None:
    """At night, to somebody who said stop: the answer is never, not tomorrow morning."""
    decision = ask(shipped(), "2026-01-20 06:00", facts(suppressions=[stop("all")]))
    assert (decision.verdict, decision.until, decision.code) == ("deny", None, "suppressed-all")


def test_the_floor_binds_under_every_set_of_rules() -> None:
    """Rules that forgot to mention opt-outs and restrictions enforce them all the same."""
    rules = rules_of("kind: hours, params: {windows: [{open: 08:00, close: 21:00}]}")
    assert ask(rules, NOON, facts(suppressions=[stop("all")])).binding == "FLOOR.suppression"
    assert ask(rules, NOON, facts(restrictions=[restriction("deceased")])).binding == "FLOOR.restriction"
    assert ask(rules, NOON, facts(restrictions=[restriction("attorney")])).binding == "FLOOR.inconvenience"


def test_the_floor_stays_silent_where_the_house_says_the_same() -> None:
    """With the house pack nothing is said twice."""
    rules = {answer.rule for answer in ask(shipped("HOUSE"), NOON).rules}
    assert "HOUSE.suppression" in rules
    assert not any(rule.startswith("FLOOR") for rule in rules)
