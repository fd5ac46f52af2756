"""A whole installation, as `forbear up` runs it, is told about people and then searched for them, byte by byte."""

import asyncio
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg
import msgspec
import pytest

from channels.base import ChannelName
from channels.sandbox_webhooks import SIGNATURE_HEADER, sign
from channels.sandbox_wire import InboundEvent, encode
from gateway.embedded.urls import StackUrls, sockets_dir, stack_urls

# Everything about a person, each unlike anything else on this machine.
PHONES = tuple(f"+1202555{n:04}" for n in (101, 102, 105, 106, 108, 109, 110, 111, 113))
OUTSIDE = "+12025550199"
MAILBOX, TOKEN = "quokka.77@example.org", "wombat-token-4f1e77"
BORROWER, DEBT = "numbat-borrower-id", "numbat-debt-id"
NAME, BANK, LINK = "Bilby Potoroo", "Dunnart Lending", "https://pay.example.com/kowari"
SAID = ("STOP kaluta please", "what is mulgara about?")
CANARIES = (
    *(phone.removeprefix("+") for phone in (*PHONES, OUTSIDE)),
    *("quokka", "wombat", "numbat", "bilby", "potoroo", "dunnart", "kowari", "kaluta", "mulgara"),
)
# The one free text that is stored as it comes; who sends it is told so. It shows that the search can find.
REFERENCE = "batch-tarsier-7"

# No hours and no caps: what this test asks does not depend on the time of day.
RULES = """\
id: HOUSE
title: Only what is final
layer: house
version: "1"
reviewed: 2026-11-21
tzdb_min: 2026f
rules:
  - id: HOUSE.suppression
    kind: suppression
    citation: {title: House rule}
    confidence: verified
    force: house
    params: {scopes: [address, channel, debt, all]}
"""
ENDS = {"delivered", "undelivered", "failed", "unknown"}


def wait_for(condition: Callable[[], Any], *, within_s: float = 40.0) -> Any:
    give_up = time.monotonic() + within_s
    while not (found := condition()):
        assert time.monotonic() < give_up, "the condition did not come true"
        time.sleep(0.05)
    return found


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the gateway answered."""

    status: int
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw)


class House:
    """A running installation, and everything it wrote or said while it was watched."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self.data, self.heard = folder / "data", bytearray()
        (folder / "rules").mkdir()
        (folder / "rules" / "HOUSE.yaml").write_text(RULES)
        self.environment = {
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": os.pathsep.join(sys.path),
            "FORBEAR_DATA_DIR": str(self.data),
            "FORBEAR_LISTEN": f"127.0.0.1:{self.port}",
            "FORBEAR_POLICY_DIR": str(folder / "rules"),
            "FORBEAR_LOG_LEVEL": "debug",
        }
        self.said = (folder / "said").open("wb")
        self.process = subprocess.Popen(
            self.command("up"), stdout=self.said, stderr=subprocess.STDOUT, env=self.environment
        )
        wait_for(self.answers)
        self.listening = threading.Thread(target=self.listen_to_valkey, daemon=True)
        self.listening.start()
        create = self.command("keys", "create", "tests", "--creditor", "acme")
        run = subprocess.run(create, env=self.environment, capture_output=True, text=True, check=True)
        self.key = run.stdout.strip()
        self.number = 0

    @staticmethod
    def command(*words: str) -> list[str]:
        return [sys.executable, "-m", "gateway.cli", *words]

    @property
    def urls(self) -> StackUrls:
        return stack_urls(self.data)

    def answers(self) -> bool:
        assert self.process.poll() is None, "the installation ended"
        try:
            return self.ask("GET", "/readyz").status == http.client.OK
        except OSError:
            return False

    def listen_to_valkey(self) -> None:
        """Keep every command that any process gives Valkey, with all its arguments, until the server ends."""
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(sockets_dir(self.data) / "valkey.sock"))
            line.sendall(b"MONITOR\r\n")
            while chunk := line.recv(65536):
                self.heard += chunk

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            given = {"Authorization": f"Bearer {getattr(self, 'key', '')}"} | headers
            raw = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
            if raw is not None:
                self.number += 1
                given |= {"Content-Type": "application/json", "Idempotency-Key": f"key-{self.number}"}
            connection.request(method, path, raw, given)
            answer = connection.getresponse()
            return Answer(status=answer.status, raw=answer.read())
        finally:
            connection.close()

    def reply(self, text: str, sender: str) -> Answer:
        """A person writes back."""
        at = datetime.now(UTC)  # noqa: TID251 - the installation's clock is the real one
        event = InboundEvent(
            event_id=f"e-{text[:4].strip()}",
            channel=ChannelName.SMS,
            sender=sender,
            recipient="+12025550100",
            text=text,
            in_reply_to=None,
            at=at,
        )
        raw = encode((event,))
        secret = (self.data / "secrets" / "sandbox-webhook").read_text().strip()
        return self.ask(
            "POST", "/v1/webhooks/sandbox", raw, **{SIGNATURE_HEADER: sign(secret, int(at.timestamp()), raw)}
        )

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=60)
        self.said.close()
        return code


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    running = House(tmp_path)
    yield running
    running.stop()


def request(**changes: Any) -> dict[str, Any]:
    """A contact request full of a person."""
    texts = {"creditor": BANK, "due_on": "2031-03-01", "pay_url": LINK, "help_phone": "+18005550100"}
    borrower = {"id": BORROWER, "locale": "en-US", "country": "US", "region": "US-OH", "postal_code": "44113"}
    return {
        "creditor": "acme",
        "borrower": borrower,
        "debts": [{"id": DEBT, "type": "credit_card"}],
        "channel": "sms",
        "address": PHONES[0],
        "template": "payment_overdue",
        "purpose": "payment_reminder",
        "variables": texts,
        "reference": REFERENCE,
    } | changes


def live(house: House) -> list[Answer]:
    """A day in the life: sent in every way and to every end, refused, asked about, answered, stopped."""
    voice = {"creditor": BANK, "borrower": NAME, "agent": "Sam", "help_phone": "+18005550100"}
    mail = request()["variables"] | {"borrower": NAME}
    push = {name: mail[name] for name in ("creditor", "due_on", "help_phone")}
    wanted = [
        *(request(address=phone) for phone in PHONES),
        request(channel="voice", variables=voice),
        request(channel="email", address=MAILBOX, variables=mail),
        request(channel="push", address=TOKEN, variables=push),
    ]
    sent = [house.ask("POST", "/v1/contacts", body) for body in wanted]
    assert [answer.status for answer in sent] == [202] * len(wanted), [answer.raw for answer in sent]
    ids = [answer.body["id"] for answer in sent]
    wait_for(lambda: all(is_at_rest(house, contact) for contact in ids))
    assert all(house.reply(text, PHONES[0]).status == 200 for text in SAID)
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"  # noqa: TID251 - as above
    about = {"creditor": "acme", "source": "agent"}
    event = {"creditor": "acme", "borrower": BORROWER, "kind": "letter", "channel": "email", "at": now}
    path = f"/v1/borrowers/{quote(BORROWER)}"
    told = [
        house.ask("POST", "/v1/contacts", request()),
        house.ask("POST", "/v1/decisions", request()),
        house.ask(
            "POST",
            "/v1/opt-outs",
            about | {"scope": "address", "channel": "sms", "address": OUTSIDE, "at": now},
        ),
        house.ask(
            "POST", "/v1/opt-outs", about | {"scope": "debt", "borrower": BORROWER, "debt": DEBT, "at": now}
        ),
        house.ask("POST", f"{path}/restrictions", about | {"kind": "attorney", "since": now}),
        house.ask(
            "POST",
            f"{path}/consents",
            about | {"purpose": "sms", "given_at": now, "channel": "email", "address": MAILBOX},
        ),
        house.ask("POST", "/v1/events", event),
        house.ask("GET", f"/v1/contacts?creditor=acme&borrower={quote(BORROWER)}"),
        house.ask("GET", "/v1/changes?creditor=acme"),
        house.ask(
            "POST", "/v1/contacts:cancel", {"creditor": "acme", "reason": "paid", "borrower": BORROWER}
        ),
    ]
    assert [answer.status for answer in told] == [200, 200, 200, 200, 201, 201, 201, 200, 200, 200], [
        answer.raw[:300] for answer in told
    ]
    assert told[0].body["status"] == "denied"
    refused = [
        house.ask("POST", "/v1/contacts", request(address=OUTSIDE + "00000000")),
        house.ask("POST", "/v1/contacts", request(variables={"creditor": BANK, "pay_url": NAME})),
        house.ask("POST", "/v1/contacts", request(channel=NAME, purpose=NAME, surprise=NAME)),
        house.ask("POST", "/v1/contacts", json.dumps(request()).encode()[:-2]),
        house.ask("POST", f"/v1/{quote(NAME)}", request()),
        house.ask("GET", f"/v1/contacts/{quote(NAME)}"),
    ]
    assert [answer.status // 100 for answer in refused] == [4] * len(refused)
    return [
        *sent,
        *told,
        *refused,
        *(house.ask("GET", page) for page in ("/metrics", "/readyz", "/openapi.json")),
    ]


def is_at_rest(house: House, contact: str) -> bool:
    """Whether nothing happens to a contact for now: it has ended, or was refused and waits for its next try."""
    found = house.ask("GET", f"/v1/contacts/{contact}").body
    return found["status"] in ENDS or (found["status"] == "queued" and bool(found.get("attempts")))


def phones_of_the_carrier(house: House) -> bytes:
    """What the sandbox's handsets show: there, and only there, everything has to arrive."""
    token = (house.data / "secrets" / "sandbox-token").read_text().strip()
    return house.ask("GET", "/sandbox/state", Authorization=f"Bearer {token}").raw


async def every_value(url: str) -> list[bytes]:
    """Every value of every table, as its bytes."""
    connection = await asyncpg.connect(url)
    try:
        tables = await connection.fetch(
            "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
        found = []
        for table in tables:
            for row in await connection.fetch(f"SELECT * FROM {table['name']}"):
                found += [
                    value if isinstance(value, bytes) else str(value).encode() for value in row.values()
                ]
        return found
    finally:
        await connection.close()


def hits(where: str, text: bytes) -> list[str]:
    low = text.lower()
    return [f"{where} holds {canary!r}" for canary in CANARIES if canary.lower().encode() in low]


def test_no_person_is_found_outside_the_sealed_columns(house: House) -> None:
    """Addresses, names, texts and ids of people reach the provider, and no log, figure, queue, table or file."""
    answers = live(house)
    arrived = hits("the carrier", phones_of_the_carrier(house))
    assert any("quokka" in hit for hit in arrived), "the search finds nothing even where people must be"
    rows = asyncio.run(every_value(house.urls.admin_url.replace("/postgres?", "/forbear?")))
    assert any(REFERENCE.encode() in row for row in rows)
    assert house.stop() == 0
    house.listening.join(timeout=10)
    found = [hit for answer in answers for hit in hits("an answer", answer.raw)]
    found += [hit for row in rows for hit in hits("a row", row)]
    assert b"hand_off" in house.heard
    found += hits("a command to Valkey", bytes(house.heard))
    for path in sorted(house.data.parent.rglob("*")):
        if path.is_file():
            found += hits(str(path.relative_to(house.data.parent)), path.read_bytes())
    assert not found, "\n".join(dict.fromkeys(found))
    logs = b"".join(path.read_bytes() for path in (house.data / "logs").iterdir())
    assert b'"work.started"' in logs
    assert b'"dropped"' not in logs, "a log line tried to say more than it may"
