"""People do not travel: canaries go the whole way in, and are looked for in every place they must not reach."""

import io
import json
import logging
import sys
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestClient
from prometheus_client import REGISTRY, CollectorRegistry, generate_latest

from channels.base import NotSent, RefusalKind, Refused, Unknown
from gateway.http.access_log import AccessLog
from gateway.http.app import EdgeSettings, build_app
from gateway.key_making import make_key
from gateway.key_ring import KeyRing
from gateway.keys import PrincipalKind
from gateway.logs import configure_logs, get_logger
from gateway.queue import open_hints
from gateway.store.api_keys import ApiKeys
from tests.fakes.clock import MovedClock
from tests.fakes.scripted_adapter import ScriptedAdapter
from tests.fakes.sinks import holding, keys, tables
from tests.gateway_world import ACCOUNT, ACME, Gateway, request_body, while_time_passes

MAILBOX, NUMBER = "whiskeyjack@example.com", "+12025550187"
NAME, LENDER, LINK, WORDS = "Quetzalina", "Zyzzyva", "https://pay.example.com/xylocarp", "I florbnicate daily"
PERSON, DEBT, GROUP = "Brobdingnag-77", "Debtzilla-88", "Groupzilla-99"
CANARIES = (
    MAILBOX,
    "whiskeyjack",
    NUMBER,
    NUMBER[1:],
    "2025550187",
    NAME,
    LENDER,
    "xylocarp",
    "florbnicate",
    PERSON,
    DEBT,
    GROUP,
)

BORROWER = {"id": PERSON, "locale": "en-US", "country": "US", "region": "US-OH", "postal_code": "44113"}
MAIL = request_body(
    borrower=BORROWER,
    debts=[{"id": DEBT, "type": "credit_card", "group": GROUP}],
    channel="email",
    address=MAILBOX,
    variables={
        "creditor": LENDER, "borrower": NAME, "due_on": "2031-03-01", "pay_url": LINK, "help_phone": NUMBER,
    },
    reference="R-1",
)  # fmt: skip
TEXT = MAIL | {
    "channel": "sms",
    "address": NUMBER,
    "variables": {name: value for name, value in MAIL["variables"].items() if name != "borrower"},
}


@pytest.fixture
def log_lines() -> Iterator[io.BytesIO]:
    """Everything that this process logs, its libraries included."""
    root, stream = logging.getLogger(), io.BytesIO()
    before, hooks = (root.handlers[:], root.level), (sys.excepthook, warnings.showwarning)
    _forget_streams()
    configure_logs("debug", stream)
    yield stream
    structlog.reset_defaults()
    _forget_streams()
    root.handlers[:], root.level = before
    sys.excepthook, warnings.showwarning = hooks


def _forget_streams() -> None:
    """A module's logger remembers where it wrote first."""
    for module in list(sys.modules.values()):
        log = getattr(module, "log", None)
        if type(log).__name__ == "BoundLoggerLazyProxy":
            vars(log).pop("bind", None)


@pytest.fixture
async def access() -> io.BytesIO:
    """The access log."""
    return io.BytesIO()


@pytest.fixture
async def client(
    gateway: Gateway,
    clock: MovedClock,
    access: io.BytesIO,
    aiohttp_client: Callable[[web.Application], Awaitable[TestClient[Any, Any]]],
) -> AsyncIterator[TestClient[Any, Any]]:
    """A caller over HTTP."""
    made = await make_key(
        gateway.owner, subject="t", kind=PrincipalKind.MACHINE, creditors=(ACME,), at=clock.now()
    )
    app = build_app(
        gateway.service,
        KeyRing(ApiKeys(gateway.rt.pool), now=clock.now, monotonic_s=clock.boottime_s),
        access=AccessLog(access, clock.now),
        log=get_logger(part="serve"),
        registry=CollectorRegistry(),
        settings=EdgeSettings(process="test", version="0"),
    )
    opened = await aiohttp_client(app)
    opened.session.headers["Authorization"] = f"Bearer {made.token}"
    return opened


async def post(client: TestClient[Any, Any], path: str, body: object, key: str = "k") -> tuple[int, bytes]:
    """Post JSON (or bytes as they are); status and answer."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "Idempotency-Key": key}
    async with client.post(path, data=raw, headers=headers) as answer:
        return answer.status, await answer.read()


async def _faulty_requests(client: TestClient[Any, Any]) -> dict[str, bytes]:
    """Every kind of bad body, each full of canaries; the problems that they are answered with."""
    bad: dict[str, object] = {
        "type": MAIL | {"borrower": MAILBOX, "debts": NAME, "channel": LENDER},
        "address": TEXT | {"address": f"{NUMBER} {NAME}"},
        "mailbox": MAIL | {"address": f"{NAME} <{MAILBOX}"},
        "template": MAIL | {"template": "no_such_template"},
        "variables": MAIL | {"variables": MAIL["variables"] | {"due_on": NAME, "help_phone": MAILBOX}},
        "zone": MAIL | {"borrower": BORROWER | {"time_zone": f"Mars/{NAME}"}},
        "country": MAIL | {"borrower": BORROWER | {"country": NAME}},
        "time": MAIL | {"not_before": NAME},
        "json": json.dumps(MAIL).encode()[:-1] + NAME.encode(),
        "utf-8": json.dumps(MAIL).encode() + b"\xff" + NAME.encode(),
        "control": MAIL | {"reference": f"a\x00b{NAME}"},
        "surrogate": json.dumps(MAIL | {"reference": "R"}).replace('"R"', f'"\\ud800{NAME}"').encode(),
    }  # fmt: skip
    problems = {}
    for name, body in bad.items():
        status, answer = await post(client, "/v1/contacts", body, key=f"bad-{name}")
        assert 400 <= status < 500, (name, status, answer)
        problems[f"problem {name}"] = answer
    _, problems["problem conflict"] = await post(client, "/v1/contacts", TEXT, key="first")
    return problems


async def _trouble(
    gateway: Gateway, adapter: ScriptedAdapter, clock: MovedClock, first: str, second: str
) -> None:
    """Everything that can go wrong with a provider, in words that quote the person."""
    adapter.outcomes.append(RuntimeError(f"cannot reach {NAME} at {MAILBOX}"))
    adapter.outcomes.append(NotSent(reason=f"no route to {NUMBER}"))
    await gateway.hand_off(first, second)
    clock.move_to(clock.now().replace(minute=1))
    refused = Refused(kind=RefusalKind.TRANSIENT, code=f"550 <{MAILBOX}> {NUMBER}", words=WORDS)
    adapter.outcomes.append(refused)
    await gateway.hand_off(second)
    clock.move_to(clock.now().replace(minute=5))
    adapter.outcomes.append(Unknown(reason=f"lost after {NUMBER}"))
    await gateway.hand_off(second)
    assert len(adapter.sent) == 3
    assert NUMBER in adapter.sent[-1].destination
    attempt = adapter.sent[-1].attempt_id
    await gateway.report("undelivered", attempt=attempt, code=f"unknown {NUMBER}")


async def _talk(gateway: Gateway, clock: MovedClock, client: TestClient[Any, Any]) -> None:
    """What people write, and what callers tell of them."""
    await gateway.reply(WORDS, sender=NUMBER)
    await while_time_passes(clock, gateway.reply("STOP " + WORDS, sender=MAILBOX, channel="email"))
    now = clock.now().isoformat()
    told = {"creditor": ACME, "source": "phone"}
    number = {"channel": "sms", "address": NUMBER}
    person = f"/v1/borrowers/{PERSON}"
    for path, fields in (
        ("/v1/opt-outs", {"scope": "address", "at": now, **number}),
        (f"{person}/restrictions", {"kind": "attorney", "since": now, "debt": DEBT}),
        (f"{person}/consents", {"purpose": "texts", "given_at": now, **number}),
    ):
        status, body = await while_time_passes(clock, post(client, path, told | fields))
        assert status < 300, body
    call = {"kind": "conversation", "channel": "voice", "at": now, "debts": [DEBT]}
    assert (await post(client, "/v1/events", {"creditor": ACME, "borrower": PERSON, **call}, key="e"))[
        0
    ] < 300


async def _ask(client: TestClient[Any, Any], contact: str) -> None:
    """Every question that has an answer about the person."""
    assert (await post(client, "/v1/decisions", MAIL))[0] == 200
    for path in (
        f"/v1/borrowers/{PERSON}/availability?creditor={ACME}",
        f"/v1/borrowers/{PERSON}/restrictions?creditor={ACME}",
        f"/v1/contacts?creditor={ACME}&borrower={PERSON}",
        f"/v1/contacts/{contact}",
        f"/v1/changes?creditor={ACME}",
        f"/v1/{PERSON}/{MAILBOX}",
    ):
        async with client.get(path) as answer:
            await answer.read()


async def test_no_canary_gets_out(
    gateway: Gateway,
    adapter: ScriptedAdapter,
    clock: MovedClock,
    client: TestClient[Any, Any],
    access: io.BytesIO,
    log_lines: io.BytesIO,
) -> None:
    """Addresses, names, texts, ids of persons and debts are sealed, or in the message to the provider; nowhere else."""
    first = json.loads((await post(client, "/v1/contacts", MAIL, key="first"))[1])["id"]
    second = json.loads((await post(client, "/v1/contacts", TEXT, key="second"))[1])["id"]
    problems = await _faulty_requests(client)
    redis_url, queue_url = gateway.site.settings.redis_url, gateway.site.settings.queue_url
    assert redis_url is not None
    assert queue_url is not None
    hints = await open_hints(queue_url)
    await hints.hint(ACCOUNT, [first, second])
    await hints.close()
    await _trouble(gateway, adapter, clock, first, second)
    await _talk(gateway, clock, client)
    await _ask(client, first)
    denied = json.loads((await post(client, "/v1/contacts", TEXT, key="third"))[1])
    assert denied["status"] == "denied"
    await gateway.service.finish()
    await gateway.sweep()

    async with client.get("/metrics") as answer:
        exposition = await answer.read() + generate_latest(REGISTRY)
    ledger = await keys(redis_url)
    sinks = {
        "log": log_lines.getvalue(),
        "access log": access.getvalue(),
        "metrics": exposition,
        **problems,
        **await tables(gateway.owner),
        **ledger,
        **await keys(queue_url),
    }
    assert holding(sinks, CANARIES) == []
    # The sinks are not empty, and a canary in any of them would be seen.
    assert b"adapter.fault" in sinks["log"]
    assert sinks["access log"].count(b"\n") > 20
    assert len(sinks["table contact"].splitlines()) == 3
    assert ledger
    for probe in (MAILBOX.upper().encode(), MAILBOX.encode().hex().encode()):
        assert holding({"probe": b"x" + probe}, CANARIES) != []
