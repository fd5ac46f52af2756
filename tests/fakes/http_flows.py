"""A set of flows that remembers what it was asked and answers plausibly, for tests of the HTTP edge alone."""

import datetime as dt
import io
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from aiohttp import web
from aiohttp.test_utils import TestClient
from prometheus_client import CollectorRegistry

from gateway.answers import (
    AvailabilityAnswer,
    CancelAnswer,
    ChangesAnswer,
    ConsentAnswer,
    ConsentList,
    ContactAnswer,
    ContactPage,
    ContactState,
    DecisionBody,
    EventAnswer,
    OptOutAnswer,
    Readiness,
    ReadinessCheck,
    RestrictionAnswer,
    RestrictionList,
    RuleBody,
    ZoneBody,
)
from gateway.flows import (
    Accepted,
    Conflict,
    ContactQuery,
    FieldFault,
    Invalid,
    Missing,
    TooLate,
    WebhookRefused,
    WebhookTaken,
)
from gateway.http.access_log import AccessLog
from gateway.http.app import EdgeSettings, build_app
from gateway.key_ring import KeyRing
from gateway.keys import Action, Caller, KeyRecord, NewKey, PrincipalKind, mint_key
from gateway.wire import (
    CancelRequest,
    ConsentRequest,
    ContactRequest,
    EventReport,
    HypotheticalFacts,
    LiftRequest,
    OptOutRequest,
    RestrictionRequest,
)
from throttling.decision import Outcome, Verdict
from throttling.facts import ZoneKind

AT = dt.datetime(2026, 3, 3, 17, 0, tzinfo=dt.UTC)
KNOWN = "019534a1-7c2e-7d10-8a44-0c52a1b9e3f7"
GONE = "019534a1-7c2e-7d10-8a44-0c52a1b9e3f8"

CONTACT: dict[str, Any] = {
    "creditor": "acme-bank",
    "borrower": {
        "id": "B-1001",
        "locale": "en-US",
        "country": "US",
        "region": "US-OH",
        "postal_code": "44113",
    },
    "debts": [{"id": "D-77", "type": "credit_card", "days_past_due": 42}],
    "channel": "sms",
    "address": "+12025550143",
    "template": "payment_reminder",
    "variables": {"first_name": "Ada", "amount": "$120.00"},
    "purpose": "reminder",
    "reference": "campaign-7",
}


def rule(number: int, outcome: Outcome) -> RuleBody:
    """One rule's answer."""
    return RuleBody(
        rule=f"rule-{number}",
        pack="US-FED-REGF",
        version="1",
        citation="12 CFR 1006.6(b)(1)",
        confidence="verified",
        force="prohibition",
        outcome=outcome,
        code="ok" if outcome is Outcome.PASS else "hours-closed",
        explanation="Contact is open from 08:00 to 21:00.",
    )


def decision(verdict: Verdict) -> DecisionBody:
    """A decision of ten rules, the last of which binds unless the verdict is allow."""
    outcome = Outcome.PASS if verdict is Verdict.ALLOW else Outcome(verdict.value)
    return DecisionBody(
        verdict=verdict,
        code="ok" if verdict is Verdict.ALLOW else "hours-closed",
        explanation="Every rule permits it." if verdict is Verdict.ALLOW else "It is night there.",
        at=AT,
        valid_until=AT + dt.timedelta(hours=1),
        policy="ab" * 32,
        tzdb="2026f",
        zones=(
            ZoneBody(
                zone="America/New_York", kind=ZoneKind.POSTAL_CODE, source="ZIP", local="2026-03-03T12:00:00"
            ),
        ),
        rules=(*(rule(n, Outcome.PASS) for n in range(9)), rule(9, outcome)),
        until=AT + dt.timedelta(hours=8) if verdict is Verdict.DEFER else None,
    )


DECISIONS = {verdict: decision(verdict) for verdict in Verdict}
STATES = {
    Verdict.ALLOW: ContactState.QUEUED,
    Verdict.DEFER: ContactState.SCHEDULED,
    Verdict.DENY: ContactState.DENIED,
}
ANSWERS = {
    verdict: ContactAnswer(
        id=KNOWN,
        status=STATES[verdict],
        creditor="acme-bank",
        channel="sms",
        created_at=AT,
        expires_at=AT + dt.timedelta(days=1),
        reference="campaign-7",
        decision=DECISIONS[verdict],
    )
    for verdict in Verdict
}


class FakeFlows:
    """Accepts everything; what it is asked lands in `asked`, what it shall raise stands in `broken`.

    The template's name chooses the verdict (`defer_me`, `deny_me`) or a fault (`unknown_template`, `bug_me`).
    """

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.bodies: dict[tuple[str, str], bytes] = {}
        self.broken: Exception | None = None
        self.is_ready = True

    def _note(self, *asked: Any) -> None:
        if self.broken is not None:
            raise self.broken
        self.asked.append(asked if len(asked) > 1 else asked[0])

    async def accept(
        self, caller: Caller, request: ContactRequest, *, idempotency_key: str, raw: bytes
    ) -> Accepted | Conflict | Invalid:
        if request.template == "unknown_template":
            return Invalid(
                faults=(FieldFault(pointer="/template", message="not known", hint="load it first"),)
            )
        if request.template == "bug_me":
            raise ZeroDivisionError(request.address)
        earlier = self.bodies.setdefault((caller.key_id, idempotency_key), raw)
        if earlier != raw:
            return Conflict()
        replayed = earlier is not raw
        self._note(request)
        verdict = {"defer_me": Verdict.DEFER, "deny_me": Verdict.DENY}.get(request.template, Verdict.ALLOW)
        return Accepted(answer=ANSWERS[verdict], replayed=replayed)

    async def decide(
        self,
        caller: Caller,
        request: ContactRequest,
        *,
        at: dt.datetime | None,
        packs: tuple[str, ...] | None,
        facts: HypotheticalFacts | None,
    ) -> DecisionBody | Invalid:
        self._note(request, at, packs, facts)
        return DECISIONS[Verdict.DEFER]

    async def availability(
        self, caller: Caller, borrower_id: str, creditor: str
    ) -> AvailabilityAnswer | Missing:
        self._note(borrower_id, creditor)
        if borrower_id == "nobody":
            return Missing()
        return AvailabilityAnswer(
            borrower=borrower_id, creditor=creditor, at=AT, policy="ab" * 32, channels=()
        )

    async def get_contact(self, caller: Caller, contact_id: str) -> ContactAnswer | Missing:
        self._note(contact_id)
        return ANSWERS[Verdict.ALLOW] if contact_id == KNOWN else Missing()

    async def list_contacts(
        self, caller: Caller, query: ContactQuery, cursor: str | None, limit: int
    ) -> ContactPage | Invalid:
        self._note(query, cursor, limit)
        return ContactPage(items=(ANSWERS[Verdict.ALLOW],))

    async def cancel_contact(
        self, caller: Caller, contact_id: str, reason: str
    ) -> ContactAnswer | TooLate | Missing:
        self._note(contact_id, reason)
        if contact_id == GONE:
            return TooLate(state=ContactState.SENT)
        return ANSWERS[Verdict.ALLOW] if contact_id == KNOWN else Missing()

    async def cancel_contacts(self, caller: Caller, request: CancelRequest) -> CancelAnswer:
        self._note(request)
        return CancelAnswer(cancelled=1, too_late=0, ids=(KNOWN,))

    async def changes(
        self, caller: Caller, creditor: str, after: str | None, limit: int
    ) -> ChangesAnswer | Invalid:
        self._note(creditor, after, limit)
        return ChangesAnswer(items=(), next=after or "0")

    async def report_event(
        self, caller: Caller, report: EventReport, *, idempotency_key: str, raw: bytes
    ) -> EventAnswer | Conflict | Invalid:
        self._note(report)
        return EventAnswer(id=KNOWN, kind=report.kind, at=report.at)

    async def opt_out(self, caller: Caller, request: OptOutRequest) -> OptOutAnswer | Invalid:
        self._note(request)
        return OptOutAnswer(id=KNOWN, scope=request.scope, since=request.at, completed_at=AT)

    async def add_restriction(
        self, caller: Caller, borrower_id: str, request: RestrictionRequest
    ) -> RestrictionAnswer | Invalid:
        self._note(borrower_id, request)
        return RestrictionAnswer(
            id=KNOWN, kind=request.kind, creditor=request.creditor, since=request.since, source=request.source
        )

    async def list_restrictions(
        self, caller: Caller, borrower_id: str, creditor: str
    ) -> RestrictionList | Missing:
        self._note(borrower_id, creditor)
        return Missing() if borrower_id == "nobody" else RestrictionList(items=())

    async def lift_restriction(
        self, caller: Caller, borrower_id: str, restriction_id: str, request: LiftRequest
    ) -> RestrictionAnswer | Missing:
        self._note(borrower_id, restriction_id, request)
        return Missing()

    async def add_consent(
        self, caller: Caller, borrower_id: str, request: ConsentRequest
    ) -> ConsentAnswer | Invalid:
        self._note(borrower_id, request)
        return ConsentAnswer(
            id=KNOWN,
            creditor=request.creditor,
            purpose=request.purpose,
            given_at=request.given_at,
            source=request.source,
        )

    async def list_consents(self, caller: Caller, borrower_id: str, creditor: str) -> ConsentList | Missing:
        self._note(borrower_id, creditor)
        return ConsentList(items=())

    async def webhook(
        self, account: str, headers: Mapping[str, str], raw: bytes
    ) -> WebhookTaken | WebhookRefused:
        if headers.get("X-Signature") != "good":
            return WebhookRefused(status=403, code="signature-refused")
        self._note(account, raw)
        return WebhookTaken(body=b"OK")

    async def ready(self) -> Readiness:
        return Readiness(ready=self.is_ready, checks=(ReadinessCheck(name="database", ok=self.is_ready),))


class FakeKeyStore:
    """Keys in memory; counts the look-ups, so that caching can be seen."""

    def __init__(self) -> None:
        self.records: dict[str, KeyRecord] = {}
        self.looked_up: list[str] = []
        self.used: list[str] = []

    def add(
        self,
        *,
        creditors: tuple[str, ...] = ("acme-bank",),
        actions: tuple[str, ...] = tuple(Action),
        expires_at: dt.datetime | None = None,
    ) -> NewKey:
        """Make a key and store its record."""
        new = mint_key(lambda size: (uuid.uuid4().bytes * 3)[:size])
        self.records[new.id] = KeyRecord(
            id=new.id,
            secret_hash=new.secret_hash,
            subject="upstream",
            kind=PrincipalKind.MACHINE,
            creditors=creditors,
            actions=actions,
            created_at=AT,
            expires_at=expires_at,
        )
        return new

    async def find_key(self, key_id: str) -> KeyRecord | None:
        self.looked_up.append(key_id)
        return self.records.get(key_id)

    async def mark_used(self, key_id: str, at: dt.datetime) -> None:
        self.used.append(key_id)


class LineLog:
    """Keeps every fault line as its event and fields."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, Any]]] = []
        self.stream = io.BytesIO()

    def exception(self, event: str, **fields: Any) -> None:
        self.lines.append((event, fields))


class Edge(msgspec.Struct, kw_only=True):
    """The HTTP edge over fakes: a client, and everything behind it to look at."""

    client: TestClient[Any, Any]
    flows: FakeFlows
    store: FakeKeyStore
    log: LineLog
    key: str

    def headers(self, **more: str) -> dict[str, str]:
        """Return the headers of a good POST."""
        return {
            "Authorization": f"Bearer {self.key}",
            "Content-Type": "application/json",
            "Idempotency-Key": "key-1",
            **more,
        }


def build_edge_app(
    flows: FakeFlows, store: FakeKeyStore, log: LineLog, *, in_flight_max: int = 1_000
) -> web.Application:
    """Return the real application over fakes."""
    ring = KeyRing(store, now=lambda: AT, monotonic_s=lambda: 0.0)
    return build_app(
        flows,
        ring,
        access=AccessLog(log.stream, lambda: AT),
        log=log,
        registry=CollectorRegistry(),
        settings=EdgeSettings(
            process="test", version="0.1.0", in_flight_max=in_flight_max, body_timeout_s=0.2
        ),
    )


async def open_edge(aiohttp_client: Callable[[web.Application], Awaitable[TestClient[Any, Any]]]) -> Edge:
    """Serve the edge on a loopback port, with one key that may do everything for acme-bank."""
    flows, store, log = FakeFlows(), FakeKeyStore(), LineLog()
    key = store.add().token
    client = await aiohttp_client(build_edge_app(flows, store, log))
    return Edge(client=client, flows=flows, store=store, log=log, key=key)
