"""Facts about batches: each item stands for itself, answers keep the order, and size and form are bounded."""

import json
from typing import Any

import pytest

from gateway.flows import Unavailable
from tests.fakes.http_flows import CONTACT, Edge


def item(key: str, **changes: Any) -> dict[str, Any]:
    """A good item with its own idempotency key."""
    return {**CONTACT, "idempotency_key": key, **changes}


def lines(*items: Any) -> bytes:
    """Items as NDJSON."""
    return b"\n".join(each if isinstance(each, bytes) else json.dumps(each).encode() for each in items)


MIXED = [
    item("k-1"),
    item("k-2", template="deny_me"),
    item("k-3", channel="fax", extra=1),
    item("k-4", creditor="other-bank"),
    {**CONTACT},
    item("k-1", reference="changed"),
    item("k-7", template="unknown_template"),
    item("k-8", template="bug_me"),
    item("k-9", template="defer_me"),
]
STATUSES = [202, 200, 422, 403, 422, 422, 422, 500, 202]


async def test_a_bad_item_harms_no_other(edge: Edge, caplog: pytest.LogCaptureFixture):
    """Among bad items of every kind, the good ones are accepted and each answer stands in its place."""
    answer = await edge.client.post("/v1/contacts:batch", json=MIXED, headers=edge.headers())
    body = await answer.json()
    assert answer.status == 200
    assert [each["index"] for each in body["items"]] == list(range(len(MIXED)))
    assert [each["status"] for each in body["items"]] == STATUSES
    assert len(edge.flows.asked) == 3
    pointers = {fault["pointer"] for fault in body["items"][2]["problem"]["faults"]}
    assert pointers == {"/channel", "/extra"}
    assert body["items"][4]["problem"]["faults"][0]["pointer"] == "/idempotency_key"
    assert "555" not in json.dumps(body)


async def test_a_broken_line_harms_no_other(edge: Edge):
    """In NDJSON even a line that is not JSON is one item's problem."""
    raw = lines(item("k-1"), b'{"creditor": "acme', b"\xff", b"[" * 5000, item("k-5"))
    headers = edge.headers(**{"Content-Type": "application/x-ndjson"})
    body = await (await edge.client.post("/v1/contacts:batch", data=raw, headers=headers)).json()
    assert [each["status"] for each in body["items"]] == [202, 400, 400, 400, 202]


async def test_answers_stream_as_lines_if_asked(edge: Edge):
    """With Accept: application/x-ndjson each answer is a line of its own, in the order sent."""
    headers = edge.headers(Accept="application/x-ndjson")
    answer = await edge.client.post("/v1/contacts:batch", json=MIXED, headers=headers)
    assert answer.content_type == "application/x-ndjson"
    assert [json.loads(line)["status"] for line in (await answer.read()).splitlines()] == STATUSES


async def test_decisions_are_short_unless_asked_for_whole(edge: Edge):
    """A batch answers verdict, code, binding rule and until; ?decision=full adds every rule that looked."""
    items = [item("k-1"), item("k-2", template="defer_me")]
    short = await (await edge.client.post("/v1/contacts:batch", json=items, headers=edge.headers())).json()
    assert "rule" not in short["items"][0]["contact"]["decision"]
    assert short["items"][1]["contact"]["decision"] == {
        "verdict": "defer",
        "code": "hours-closed",
        "explanation": "It is night there.",
        "rule": "rule-9",
        "until": "2026-03-04T01:00:00Z",
    }
    items = [item("k-3"), item("k-4", template="defer_me")]
    whole = await edge.client.post("/v1/contacts:batch?decision=full", json=items, headers=edge.headers())
    assert [len(each["contact"]["decision"]["rules"]) for each in (await whole.json())["items"]] == [10, 10]


async def test_a_repeated_item_is_marked_as_a_replay(edge: Edge):
    """A batch sent twice is accepted once."""
    raw = lines(item("k-1"))
    headers = edge.headers(**{"Content-Type": "application/x-ndjson"})
    for replayed in (None, True):
        body = await (await edge.client.post("/v1/contacts:batch", data=raw, headers=headers)).json()
        assert body["items"][0].get("replayed") is replayed


async def test_a_thousand_items_are_taken_and_one_more_is_not(edge: Edge):
    """The limit is exact, and over it nothing is done."""
    headers = edge.headers(**{"Content-Type": "application/x-ndjson"})
    raw = lines(*(item(f"k-{n}") for n in range(1000)))
    body = await (await edge.client.post("/v1/contacts:batch", data=raw, headers=headers)).json()
    assert [each["index"] for each in body["items"]] == list(range(1000))
    edge.flows.asked.clear()
    answer = await edge.client.post("/v1/contacts:batch", data=raw + b"\n" + raw[:700], headers=headers)
    assert (answer.status, (await answer.json())["type"]) == (413, "urn:forbear:problem:batch-too-large")
    assert edge.flows.asked == []


async def test_what_is_away_is_told_item_by_item(edge: Edge):
    """If the machinery breaks, each item says that it may be sent again with the same key."""
    edge.flows.broken = Unavailable("database")
    body = await (
        await edge.client.post("/v1/contacts:batch", json=[item("k-1")], headers=edge.headers())
    ).json()
    assert (body["items"][0]["status"], body["items"][0]["idempotency_key"]) == (503, "k-1")


async def test_decisions_come_in_batches_too(edge: Edge):
    """A dry run of many requests answers each, short or whole, bad ones included."""
    questions = [CONTACT, {**CONTACT, "at": "2026-03-02T15:00:00"}]
    body = await (
        await edge.client.post("/v1/decisions:batch", json=questions, headers=edge.headers())
    ).json()
    assert [each["status"] for each in body["items"]] == [200, 422]
    assert body["items"][0]["decision"]["rule"] == "rule-9"
    path = "/v1/decisions:batch?decision=full"
    body = await (await edge.client.post(path, json=questions, headers=edge.headers())).json()
    assert len(body["items"][0]["decision"]["rules"]) == 10
