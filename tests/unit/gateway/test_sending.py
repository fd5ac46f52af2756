"""`forbear send` against an API that is scripted to be late, busy, picky or not ours."""

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gateway.answers import ContactState
from gateway.sending.api import Api, Away
from gateway.sending.follow import Sender, Stopped
from gateway.sending.lines import BATCH_LINES, Line, batches, creditors_of
from gateway.sending.tally import Tally
from throttling.decision import Verdict

AT = "2026-03-03T17:00:00Z"
Script = Callable[[str, str, bytes], tuple[int, Any]]


class Server:
    """An API on loopback that answers as `script(method, path, body)` says, and keeps what it was asked."""

    def __init__(self) -> None:
        self.script: Script = lambda _method, _path, _body: (500, {})
        self.asked: list[tuple[str, str]] = []
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                server.asked.append((self.command, self.path))
                status, value = server.script(self.command, self.path, body)
                answer = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_POST = do_GET  # noqa: N815  (the base class's name)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


@pytest.fixture
def tally() -> Tally:
    return Tally()


@pytest.fixture
def sender(server: Server, tally: Tally) -> Iterator[Sender]:
    api = Api(server.url, "key")
    yield Sender(api, tally)
    api.close()


def contact(number: int, verdict: str = "allow", status: str = "queued", **more: Any) -> dict[str, Any]:
    decision = {"verdict": verdict, "code": "code", "explanation": "because"}
    return {
        "index": 0,
        "status": 202,
        "contact": {
            "id": f"c{number}",
            "status": status,
            "creditor": "acme",
            "channel": "sms",
            "created_at": AT,
            "expires_at": AT,
            "decision": decision | more,
        },
    }


def lines(*numbers: int) -> list[Line]:
    return [
        Line(number=number, raw=json.dumps({"creditor": "acme", "n": number}).encode()) for number in numbers
    ]


def numbers_in(body: bytes) -> list[int]:
    return [json.loads(line)["n"] for line in body.splitlines()]


def feed(*items: dict[str, Any], following: str = "9") -> tuple[int, Any]:
    return 200, {"items": list(items), "next": following}


def test_every_line_is_counted_under_its_verdict_and_rule(server, sender, tally):
    """What was decided at once, and by which rule."""

    def script(method: str, path: str, body: bytes) -> tuple[int, Any]:
        if method == "GET":
            return feed()
        return 200, {
            "items": [
                contact(1),
                contact(2, "defer", "scheduled", rule="HOUSE.hours"),
                contact(3, "deny", "denied", rule="HOUSE.suppression"),
                contact(4, "deny", "denied"),
            ]
        }

    server.script = script
    assert sender.send(lines(1, 2, 3, 4)) is None
    assert dict(tally.verdicts) == {Verdict.ALLOW: 1, Verdict.DEFER: 1, Verdict.DENY: 2}
    assert tally.reasons[Verdict.DENY, "HOUSE.suppression"] == 1
    assert tally.reasons[Verdict.DENY, "code"] == 1
    assert tally.under_way() == 1


def test_a_line_that_was_told_later_is_sent_again_and_only_that_one(server, sender, tally):
    """Under its own key, so nothing is done twice; the batch as a whole may be told later too."""
    told: list[list[int]] = []

    def script(method: str, path: str, body: bytes) -> tuple[int, Any]:
        if method == "GET":
            return feed()
        told.append(numbers_in(body))
        if len(told) == 1:
            return 503, {}
        busy = {
            "index": 1,
            "status": 429,
            "problem": {"type": "t", "title": "Busy", "status": 429, "detail": ""},
        }
        return 200, {"items": [contact(1), busy] if len(told) == 2 else [contact(2)]}

    server.script = script
    assert sender.send(lines(1, 2)) is None
    assert told == [[1, 2], [1, 2], [2]]
    assert tally.lines == 2
    assert tally.refused == []


def test_bad_lines_are_found_in_a_batch_that_is_refused_whole(server, sender, tally):
    """One line that is too large costs no other line its answer, and it is named by its number."""

    def script(method: str, path: str, body: bytes) -> tuple[int, Any]:
        if method == "GET":
            return feed()
        if 3 in numbers_in(body):
            return 413, {"type": "t", "title": "Too large", "status": 413, "detail": ""}
        return 200, {"items": [contact(number) for number in numbers_in(body)]}

    server.script = script
    assert sender.send(lines(1, 2, 3, 4)) is None
    assert tally.taken == 3
    assert [(each.line, each.title) for each in tally.refused] == [(3, "Too large")]


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_of_us_and_not_of_the_lines_ends_it(server, sender, tally, status):
    """A wrong key or a wrong address is told once, not once a line."""
    server.script = lambda method, path, body: feed() if method == "GET" and status != 401 else (status, {})
    stopped = sender.send(lines(1, 2, 3))
    assert isinstance(stopped, Stopped)
    assert "FORBEAR_API_" in stopped.reason
    assert len(server.asked) <= 2


def test_only_changes_from_now_on_are_read(server, sender, tally):
    """The feed is asked for its end before the first line is posted, and read from there until all is at rest."""
    changes = iter(
        [
            feed(following="5"),
            feed(
                {"cursor": "6", "at": AT, "contact": "c1", "kind": "k", "state": "dispatching"}, following="6"
            ),
            feed(
                {"cursor": "7", "at": AT, "contact": "c1", "kind": "k", "state": "delivered"},
                {"cursor": "8", "at": AT, "contact": "another", "kind": "k", "state": "queued"},
                following="8",
            ),
        ]
    )
    server.script = lambda method, path, body: (
        next(changes) if method == "GET" else (200, {"items": [contact(1)]})
    )
    assert sender.send(lines(1)) is None
    assert sender.settle(wait_s=10, tell=lambda: None)
    assert dict(tally.states()) == {ContactState.DELIVERED: 1}
    paths = [path for method, path in server.asked if method == "GET"]
    assert "after=latest" in paths[0]
    assert ["after=5" in paths[1], "after=6" in paths[2]] == [True, True]


def test_what_stays_under_way_is_told_as_that(server, sender, tally):
    """When the wait is over the answer is no."""
    server.script = lambda method, path, body: feed() if method == "GET" else (200, {"items": [contact(1)]})
    assert sender.send(lines(1)) is None
    assert not sender.settle(wait_s=0, tell=lambda: None)
    assert tally.under_way() == 1


def test_a_line_that_was_taken_before_is_looked_up(server, sender, tally):
    """Its stored answer says queued; what became of it since stands in the contact."""
    found = {key: value for key, value in contact(1)["contact"].items() if key != "decision"} | {
        "status": "delivered"
    }

    def script(method: str, path: str, body: bytes) -> tuple[int, Any]:
        if path == "/v1/contacts/c1":
            return 200, found
        return feed() if method == "GET" else (200, {"items": [contact(1) | {"replayed": True}]})

    server.script = script
    assert sender.send(lines(1)) is None
    assert sender.settle(wait_s=5, tell=lambda: None)
    assert dict(tally.states()) == {ContactState.DELIVERED: 1}


def test_an_api_that_is_not_there_is_a_value():
    """No exception: who asks decides what to do."""
    server = Server()
    server.close()
    answer = Api(server.url, "key").get("/livez")
    assert isinstance(answer, Away)
    assert answer.reason == "ConnectionRefusedError"


def test_lines_keep_their_numbers_and_fit_the_batch():
    """Blank lines are no requests but count; a batch is full by lines or by bytes."""
    file = [b'{"creditor":"a"}\n', b"\n", b"not json\n", b'  {"creditor":"b"}']
    (group,) = batches(file)
    assert [line.number for line in group] == [1, 3, 4]
    assert creditors_of(group) == {"a", "b"}
    assert [len(group) for group in batches([b"x"] * (BATCH_LINES + 1))] == [BATCH_LINES, 1]
    assert [len(group) for group in batches([b"x" * 600_000] * 3)] == [1, 1, 1]
    assert list(batches([])) == []
