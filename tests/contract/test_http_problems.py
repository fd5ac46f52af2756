"""The promise about errors: every way to go wrong gets one problem of the table, complete, and nothing is done."""

import asyncio
import gzip
import json
from typing import Any

import pytest
from pytest_aiohttp.plugin import AiohttpClient

from gateway.errors import StoreAway, StoreBusy, StoreRefused
from gateway.flows import Overloaded, Unavailable
from gateway.http.problems import PROBLEMS
from tests.fakes.http_flows import CONTACT, GONE, KNOWN, Edge, build_edge_app, open_edge


@pytest.fixture
async def edge(aiohttp_client: AiohttpClient) -> Edge:
    """The edge with one key that may do everything for acme-bank."""
    return await open_edge(aiohttp_client)


async def problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    """Check that an answer is this problem, in form, and return it."""
    body = json.loads(await answer.read())
    assert (answer.status, answer.content_type) == (status, "application/problem+json"), body
    assert body["type"] == f"urn:forbear:problem:{code}"
    assert (body["status"], body["title"]) == (status, PROBLEMS[code].title)
    assert body["detail"]
    assert body["request_id"] == answer.headers["X-Request-Id"]
    return body


async def post(edge: Edge, raw: bytes | str, path: str = "/v1/contacts", **headers: str) -> Any:
    """Post bytes with a good key."""
    return await edge.client.post(path, data=raw, headers=edge.headers(**headers))


GOOD = json.dumps(CONTACT)


@pytest.mark.parametrize(
    ("raw", "status", "code", "pointer"),
    [
        (GOOD.replace('"sms"', '"fax"'), 422, "invalid-body", "/channel"),
        (GOOD.replace('"reference"', '"referenz"'), 422, "invalid-body", "/referenz"),
        (GOOD.replace("42", '"42"'), 422, "invalid-body", "/debts/0/days_past_due"),
        (GOOD[:-1] + ',"not_before":"2026-03-02T15:00:00"}', 422, "invalid-body", "/not_before"),
        (GOOD[:-1] + ',"channel":"voice"}', 400, "malformed-json", "/channel"),
        (GOOD.replace("payment_reminder", "unknown_template"), 422, "invalid-body", "/template"),
        (GOOD[:-1], 400, "malformed-json", ""),
        (b'{"creditor": "\xff"}', 400, "malformed-json", ""),
        (b"[" * 10_000 + b"]" * 10_000, 400, "malformed-json", ""),
        (b"", 400, "malformed-json", ""),
        (b"null", 422, "invalid-body", ""),
    ],
)
async def test_a_bad_body_is_named_by_pointer_and_nothing_is_done(
    edge: Edge, raw: bytes, status: int, code: str, pointer: str
):
    """Every kind of bad body gets its problem with the pointer of the fault, and no flow is set in motion."""
    body = await problem(await post(edge, raw), status, code)
    assert [fault["pointer"] for fault in body["faults"]] == [pointer]
    assert edge.flows.asked == []


async def test_all_faults_come_at_once(edge: Edge):
    """A body with five faults is told all five."""
    raw = '{"creditor":"a b","borrower":{"id":"","x":1},"debts":[],"channel":1}'
    body = await problem(await post(edge, raw), 422, "invalid-body")
    found = {fault["pointer"] for fault in body["faults"]}
    assert {"/creditor", "/borrower/id", "/borrower/x", "/debts", "/channel", "/address"} <= found


@pytest.mark.parametrize("size", [65_537, 900_000])
async def test_a_body_over_the_limit_is_refused(edge: Edge, size: int):
    """A single body holds at most 64 kB, whether its length is declared or not."""
    await problem(await post(edge, b" " * size), 413, "body-too-large")

    async def pieces() -> Any:
        for _ in range(70):
            yield b" " * 1024

    answer = await edge.client.post("/v1/contacts", data=pieces(), headers=edge.headers())
    await problem(answer, 413, "body-too-large")


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/xml", "application/json; charset=utf-16", ""]
)
async def test_another_media_type_is_refused(edge: Edge, media_type: str):
    """Only JSON in UTF-8 is read; nothing is guessed."""
    answer = await post(edge, GOOD, **{"Content-Type": media_type})
    await problem(answer, 415, "unsupported-media-type")


async def test_a_compressed_body_is_refused(edge: Edge):
    """A compressed body could unfold without end, so none is taken."""
    answer = await post(edge, gzip.compress(GOOD.encode()), **{"Content-Encoding": "gzip"})
    await problem(answer, 415, "unsupported-media-type")


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "two words", "naïve"])
async def test_an_idempotency_key_is_required(edge: Edge, key: str):
    """Without a usable Idempotency-Key nothing is accepted, since a repeat could not be told from a new wish."""
    answer = await post(edge, GOOD, **{"Idempotency-Key": key})
    await problem(answer, 400, "idempotency-key-missing")
    assert edge.flows.asked == []


async def test_a_reused_idempotency_key_is_a_conflict(edge: Edge):
    """The same key with another body is refused, and the first contact stands alone."""
    assert (await post(edge, GOOD)).status == 202
    await problem(await post(edge, GOOD.replace("campaign-7", "campaign-8")), 422, "idempotency-conflict")
    assert len(edge.flows.asked) == 1


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Basic abc", "Bearer fb_live_x_y_z", "Bearer " + "é" * 80, "bearer x"],
)
async def test_without_a_good_key_nothing_is_told(edge: Edge, header: str | None):
    """A missing, misshapen or unknown key gets 401 with the scheme, and no look-up for one that cannot be ours."""
    headers = {} if header is None else {"Authorization": header}
    answer = await edge.client.get(f"/v1/contacts/{KNOWN}", headers=headers)
    await problem(answer, 401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert edge.store.looked_up == []


async def test_a_key_without_the_action_is_refused(edge: Edge):
    """A key does only what its actions say."""
    key = edge.store.add(actions=("decisions",)).token
    answer = await post(edge, GOOD, Authorization=f"Bearer {key}")
    assert "contacts:write" in (await problem(answer, 403, "action-not-allowed"))["detail"]


async def test_another_creditors_body_is_refused(edge: Edge):
    """A key acts only for its creditors, in a body as in a query."""
    await problem(await post(edge, GOOD.replace("acme-bank", "other-bank")), 403, "creditor-not-allowed")
    answer = await edge.client.get("/v1/changes?creditor=other-bank", headers=edge.headers())
    await problem(answer, 403, "creditor-not-allowed")
    assert edge.flows.asked == []


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not-found"),
        ("GET", "/v1/contacts/not-an-id", 404, "not-found"),
        ("GET", f"/v1/contacts/{GONE}", 404, "not-found"),
        ("GET", "/v1/borrowers/nobody/availability", 404, "not-found"),
        ("GET", f"/v1/borrowers/{'x' * 129}/availability", 404, "not-found"),
        ("GET", "/v1/borrowers/a%00b/availability", 404, "not-found"),
        ("DELETE", "/v1/contacts", 405, "method-not-allowed"),
        ("POST", f"/v1/contacts/{GONE}:cancel", 409, "too-late"),
        ("GET", "/v1/contacts?limit=0", 422, "invalid-query"),
        ("GET", "/v1/contacts?limit=many", 422, "invalid-query"),
        ("GET", "/v1/contacts?colour=red", 422, "invalid-query"),
        ("GET", "/v1/contacts?limit=1&limit=2", 422, "invalid-query"),
        ("GET", "/v1/changes?after=", 422, "invalid-query"),
    ],
)
async def test_every_wrong_path_or_query_has_its_problem(
    edge: Edge, method: str, path: str, status: int, code: str
):
    """Paths, methods and query strings go wrong in the same form as bodies."""
    body = b'{"reason":"paid"}' if method == "POST" else None
    answer = await edge.client.request(method, path, data=body, headers=edge.headers())
    await problem(answer, status, code)
    if status == 405:
        assert (
            answer.headers["Allow"] == "GET,HEAD,POST".replace(",", ", ") or "POST" in answer.headers["Allow"]
        )


@pytest.mark.parametrize(
    ("error", "status", "code", "retry"),
    [
        (Unavailable("database"), 503, "unavailable", "1"),
        (Overloaded(retry_after_s=3), 429, "too-many-requests", "3"),
        (StoreAway("x"), 503, "unavailable", "1"),
        (StoreBusy("x"), 429, "too-many-requests", "1"),
        (StoreRefused("x"), 500, "internal", None),
        (ZeroDivisionError("+12025550143"), 500, "internal", None),
    ],
)
async def test_broken_machinery_is_told_without_its_words(
    edge: Edge, error: Exception, status: int, code: str, retry: str | None
):
    """What breaks inside has a status and, where waiting helps, Retry-After; its message stays inside."""
    edge.flows.broken = error
    answer = await post(edge, GOOD)
    body = await problem(answer, status, code)
    assert answer.headers.get("Retry-After") == retry
    assert "555" not in json.dumps(body)
    assert edge.log.lines


async def test_too_many_at_once_are_told_to_wait(aiohttp_client: AiohttpClient):
    """Above the limit of requests under way, a caller is told to wait before anything is read."""
    edge = await open_edge(aiohttp_client)
    edge.client = await aiohttp_client(build_edge_app(edge.flows, edge.store, edge.log, in_flight_max=0))
    answer = await post(edge, GOOD)
    await problem(answer, 429, "too-many-requests")
    assert answer.headers["Retry-After"] == "1"
    assert edge.store.looked_up == []


async def test_a_body_of_the_very_limit_is_read(edge: Edge):
    """64 kB exactly are still read."""
    raw = GOOD + " " * (65_536 - len(GOOD))
    assert (await post(edge, raw)).status == 202


async def test_a_body_that_dawdles_is_given_up(edge: Edge):
    """A body that does not arrive in time is refused, and the connection is not held by it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", edge.client.server.port)
    head = "".join(f"{name}: {value}\r\n" for name, value in edge.headers(Host="x").items())
    writer.write(
        f"POST /v1/contacts HTTP/1.1\r\n{head}Content-Length: {len(GOOD)}\r\n\r\n{GOOD[:50]}".encode()
    )
    answer = await asyncio.wait_for(reader.readuntil(b"}"), timeout=5)
    writer.close()
    assert b" 408 " in answer
    assert b"request-timeout" in answer
    assert edge.flows.asked == []


async def test_a_body_that_breaks_off_is_not_carried_out(edge: Edge):
    """A body shorter than its declared length never becomes a contact."""
    server = edge.client.server
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    head = "".join(f"{name}: {value}\r\n" for name, value in edge.headers(Host="x").items())
    writer.write(
        f"POST /v1/contacts HTTP/1.1\r\n{head}Content-Length: {len(GOOD)}\r\n\r\n{GOOD[:50]}".encode()
    )
    writer.write_eof()
    await asyncio.wait_for(reader.read(), timeout=5)
    writer.close()
    assert edge.flows.asked == []


async def test_a_caller_that_speaks_no_http_learns_nothing(edge: Edge):
    """Bytes that are no HTTP get 400 without the name of any software."""
    reader, writer = await asyncio.open_connection("127.0.0.1", edge.client.server.port)
    writer.write(b"EHLO example.com\r\n\r\n")
    answer = await asyncio.wait_for(reader.read(), timeout=5)
    writer.close()
    assert answer.startswith(b"HTTP/1.")
    assert b" 400 " in answer
    assert b"Traceback" not in answer
