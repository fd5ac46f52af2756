"""Facts and rules for tests of decisions, as short as the case they make."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from config.documents import Document, load_document
from config.files import read_packs
from throttling.decide import decide
from throttling.decision import Decision
from throttling.facts import (
    AddressFacts,
    BorrowerFacts,
    Channel,
    Debt,
    Event,
    EventChannel,
    Facts,
    Request,
    Restriction,
    Suppression,
    ZoneEvidence,
    ZoneKind,
)
from throttling.localtime import tzdb_version
from throttling.rules import Fault, Pack, RuleSet, build_rule_set, parse_pack

NEW_YORK = "America/New_York"
LOS_ANGELES = "America/Los_Angeles"


def utc(text: str) -> datetime:
    """Read `2026-03-03 17:00` as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def pack_or_faults(text: str, name: str = "TEST.yaml") -> Pack | list[Fault]:
    """Parse the text of a pack."""
    document = load_document(name, text)
    assert isinstance(document, Document), document
    return parse_pack(name, document.value, document.line_of)


def pack(text: str, name: str = "TEST.yaml") -> Pack:
    """Parse the text of a pack that must be good."""
    parsed = pack_or_faults(text, name)
    assert isinstance(parsed, Pack), [str(fault) for fault in parsed]
    return parsed


def rule_set(*packs: Pack, tzdb: str | None = None, horizon_days: int = 30) -> RuleSet:
    """Compile packs that must be good."""
    rules = build_rule_set(packs, tzdb=tzdb or tzdb_version(), digest="d1ge57", horizon_days=horizon_days)
    assert isinstance(rules, RuleSet), [str(fault) for fault in rules]
    return rules


def house(*rules: str) -> Pack:
    """Make a house pack of rules given as one-line YAML mappings without citation: `kind: cap, params: {…}`."""
    lines = [
        "id: TEST",
        "title: t",
        "layer: house",
        'version: "1"',
        "reviewed: 2026-01-01",
        "tzdb_min: 2020a",
        "rules:",
    ]
    for number, rule in enumerate(rules):
        head = f"id: TEST.r{number}, citation: {{title: t}}, confidence: verified, force: house"
        lines.append(f"  - {{{head}, {rule}}}")
    return pack("\n".join(lines))


def rules_of(*rules: str, horizon_days: int = 30) -> RuleSet:
    """Compile a house pack of one-line rules."""
    return rule_set(house(*rules), horizon_days=horizon_days)


def shipped(*names: str) -> RuleSet:
    """Compile shipped packs by id; without names, all of them."""
    texts = read_packs()
    wanted = [f"{name}.yaml" for name in names] or list(texts)
    return rule_set(*(pack(texts[name], name) for name in wanted))


def request(
    *,
    channel: Channel = Channel.SMS,
    country: str | None = "US",
    region: str | None = "US-OH",
    zones: Iterable[str] = (NEW_YORK,),
    debts: Iterable[Debt] = (Debt(token="d1"),),
    lines: Iterable[str] = ("opt_out",),
    creditor: str = "acme",
    purpose: str = "reminder",
) -> Request:
    """Make a request of a borrower in Ohio, unless told otherwise."""
    evidence = tuple(ZoneEvidence(zone=zone, kind=ZoneKind.NUMBER, source="test") for zone in zones)
    return Request(
        creditor=creditor,
        channel=channel,
        purpose=purpose,
        country=country,
        region=region,
        debts=tuple(debts),
        zones=evidence,
        lines=frozenset(lines),
        template="t",
    )


def facts(
    wanted: Request | None = None,
    *,
    events: Iterable[Event] = (),
    suppressions: Iterable[Suppression] = (),
    restrictions: Iterable[Restriction] = (),
    address: Iterable[Suppression] = (),
    pending: Iterable[Event] = (),
) -> Facts:
    """Make the facts of a borrower of whom nothing else is known."""
    return Facts(
        request=wanted or request(),
        borrower=BorrowerFacts(
            version=1,
            events=tuple(events),
            suppressions=tuple(suppressions),
            restrictions=tuple(restrictions),
        ),
        address=AddressFacts(version=1, suppressions=tuple(address)),
        pending=tuple(pending),
    )


def event(
    at: str | datetime,
    *,
    kind: str = "attempt",
    channel: Channel | EventChannel = Channel.SMS,
    debts: Iterable[str] = ("d1",),
    contact: str | None = None,
    **more: Any,
) -> Event:
    """Make an event at `2026-03-03 17:00` UTC; `more` are further fields of an event."""
    instant = utc(at) if isinstance(at, str) else at
    return Event(
        at=instant,
        kind=kind,
        channel=EventChannel(channel),
        debts=tuple(debts),
        creditor="acme",
        contact=contact,
        **more,
    )


def ask(rules: RuleSet, at: str | datetime, known: Facts | None = None) -> Decision:
    """Decide at `2026-03-03 17:00` UTC."""
    return decide(known or facts(), rules, utc(at) if isinstance(at, str) else at)
