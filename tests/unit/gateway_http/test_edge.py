"""Facts about the HTTP edge when all goes well: answers, replays, access, what is logged and counted."""

import json
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from gateway.flows import ContactQuery
from gateway.http.route import Open, Signed
from gateway.http.routes import ROUTES
from gateway.http.table import build_table
from gateway.keys import Action
from tests.fakes.http_flows import CONTACT, KNOWN, Edge

SINCE = "2026-03-02T15:00:00Z"


@pytest.mark.parametrize(
    ("template", "status", "state"),
    [("reminder", 202, "queued"), ("defer_me", 202, "scheduled"), ("deny_me", 200, "denied")],
)
async def test_a_contact_is_answered_with_its_decision(edge: Edge, template: str, status: int, state: str):
    """Allowed and deferred contacts are accepted; a denied one is an answer as good as they are."""
    answer = await edge.client.post(
        "/v1/contacts", json={**CONTACT, "template": template}, headers=edge.headers()
    )
    body = await answer.json()
    assert (answer.status, body["status"]) == (status, state)
    assert len(body["decision"]["rules"]) == 10
    assert "X-Forbear-Replayed" not in answer.headers


async def test_a_repeat_gets_the_stored_answer_and_is_marked(edge: Edge):
    """The same key and bytes give the same answer, marked as a replay."""
    raw = json.dumps(CONTACT)
    first = await edge.client.post("/v1/contacts", data=raw, headers=edge.headers())
    second = await edge.client.post("/v1/contacts", data=raw, headers=edge.headers())
    assert await first.read() == await second.read()
    assert second.headers["X-Forbear-Replayed"] == "true"


async def test_every_answer_carries_the_safe_headers(edge: Edge):
    """Answers are not cached, not sniffed, run nothing, name no server, and have an id."""
    for path in ("/livez", "/v1/contacts", "/nothing", "/docs"):
        answer = await edge.client.get(path)
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Request-Id"].startswith("test-")
        assert "Server" not in answer.headers


CALLS: list[tuple[str, str, Any, int, Any]] = [
    ("GET", f"/v1/contacts/{KNOWN}", None, 200, KNOWN),
    (
        "GET",
        "/v1/contacts?borrower=B-1&limit=7&state=sent",
        None,
        200,
        (ContactQuery(creditor="acme-bank", borrower="B-1", state="sent"), None, 7),
    ),
    ("POST", f"/v1/contacts/{KNOWN}:cancel", {"reason": "paid"}, 200, (KNOWN, "paid")),
    ("POST", "/v1/contacts:cancel", {"creditor": "acme-bank", "debt": "D", "reason": "paid"}, 200, None),
    ("GET", "/v1/changes?after=41&limit=1000", None, 200, ("acme-bank", "41", 1000)),
    ("GET", "/v1/borrowers/B%2F1%20x/availability", None, 200, ("B/1 x", "acme-bank")),
    ("GET", "/v1/borrowers/B/restrictions?creditor=acme-bank", None, 200, ("B", "acme-bank")),
    ("GET", "/v1/borrowers/B/consents", None, 200, ("B", "acme-bank")),
    (
        "POST",
        "/v1/borrowers/B/restrictions",
        {"creditor": "acme-bank", "kind": "attorney", "since": SINCE, "source": "letter"},
        201,
        None,
    ),
    (
        "POST",
        f"/v1/borrowers/B/restrictions/{KNOWN}:lift",
        {"creditor": "acme-bank", "source": "letter"},
        404,
        None,
    ),
    (
        "POST",
        "/v1/borrowers/B/consents",
        {"creditor": "acme-bank", "purpose": "reminder", "given_at": SINCE, "source": "form"},
        201,
        None,
    ),
    (
        "POST",
        "/v1/events",
        {"creditor": "acme-bank", "borrower": "B", "kind": "conversation", "channel": "voice", "at": SINCE},
        201,
        None,
    ),
    (
        "POST",
        "/v1/opt-outs",
        {
            "creditor": "acme-bank",
            "scope": "address",
            "channel": "sms",
            "address": "+12025550143",
            "source": "agent",
            "at": SINCE,
        },
        200,
        None,
    ),
    ("POST", "/v1/decisions", {**CONTACT, "at": SINCE, "packs": ["US-FED-REGF"]}, 200, None),
]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "asked"), CALLS, ids=[call[1] for call in CALLS]
)
async def test_each_route_reaches_its_flow(
    edge: Edge, method: str, path: str, body: Any, status: int, asked: Any
):
    """Every route hands its typed question to its own flow, with the creditor settled."""
    answer = await edge.client.request(method, path, json=body, headers=edge.headers())
    assert answer.status == status, await answer.text()
    assert len(edge.flows.asked) == 1
    assert asked is None or edge.flows.asked[0] == asked


async def test_a_key_of_several_creditors_must_say_which(edge: Edge):
    """A query is never answered for a creditor somebody else chose."""
    key = edge.store.add(creditors=("acme-bank", "b-bank")).token
    answer = await edge.client.get("/v1/changes", headers=edge.headers(Authorization=f"Bearer {key}"))
    assert (answer.status, (await answer.json())["faults"][0]["pointer"]) == (422, "?creditor")


async def test_a_webhook_is_believed_by_its_signature_alone(edge: Edge):
    """A provider's report reaches its adapter byte for byte, without a key; a bad signature is refused."""
    raw = b"status=delivered&x=%ff\x00"
    good = await edge.client.post("/v1/webhooks/acme-sms", data=raw, headers={"X-Signature": "good"})
    bad = await edge.client.post("/v1/webhooks/acme-sms", data=raw, headers={"X-Signature": "bad"})
    assert (good.status, await good.read(), bad.status) == (200, b"OK", 403)
    assert edge.flows.asked == [("acme-sms", raw)]


async def test_readiness_names_the_part_that_is_away(edge: Edge):
    """A process that is not ready says 503 and which check failed."""
    assert (await edge.client.get("/readyz")).status == 200
    edge.flows.is_ready = False
    answer = await edge.client.get("/readyz")
    assert (answer.status, (await answer.json())["checks"]) == (503, [{"name": "database", "ok": False}])


async def test_the_access_line_tells_ids_and_figures_only(edge: Edge):
    """Nothing that a caller sent is in the access log: not the path, not an address, not a name."""
    canaries = {"first_name": "Canary Bird"}
    await edge.client.post("/v1/contacts", json={**CONTACT, "variables": canaries}, headers=edge.headers())
    await edge.client.get("/v1/borrowers/canary-7/availability", headers=edge.headers())
    lines = [json.loads(line) for line in edge.log.stream.getvalue().splitlines()]
    assert [line["route"] for line in lines] == ["createContact", "getAvailability"]
    assert set(lines[0]) == {
        "event",
        "timestamp",
        "level",
        "request",
        "route",
        "status",
        "duration_ms",
        "key",
    }
    text = edge.log.stream.getvalue().decode().lower()
    assert not [word for word in ("canary", "555", "acme", edge.key) if word in text]


async def test_metrics_need_their_key_and_count_by_route(edge: Edge):
    """Figures are for operators with a key, and carry no path."""
    await edge.client.get(f"/v1/contacts/{KNOWN}", headers=edge.headers())
    assert (await edge.client.get("/metrics")).status == 401
    text = await (await edge.client.get("/metrics", headers=edge.headers())).text()
    assert 'forbear_http_request_seconds_count{route="getContact",status="200"} 1.0' in text
    assert KNOWN not in text


def test_every_route_names_who_may_call_it():
    """Only health, the contract and its page are open, and each says why."""
    table = build_table(CollectorRegistry(), "0")
    open_paths = {route.path for route in table if isinstance(route.access, Open)}
    signed = {route.path for route in table if isinstance(route.access, Signed)}
    assert open_paths == {"/livez", "/readyz", "/openapi.json", "/docs"}
    assert signed == {"/v1/webhooks/{account}"}
    assert all(isinstance(route.access, Action) for route in ROUTES)
    assert all(route.access.because for route in table if not isinstance(route.access, Action))


def test_every_action_is_needed_somewhere():
    """No key can be given an action that nothing asks for."""
    assert {route.access for route in build_table(CollectorRegistry(), "0")} >= set(Action)


async def test_no_route_answers_without_a_key_but_the_open_ones(edge: Edge):
    """Asked without a key, every keyed route says 401 before it looks at anything else."""
    for route in build_table(CollectorRegistry(), "0"):
        path = route.path.split("{")[0] + (KNOWN if "{id" in route.path else "")
        if isinstance(route.access, Action) and "{" not in route.path:
            assert (await edge.client.request(route.method, path)).status == 401, route.path
    assert edge.flows.asked == []
