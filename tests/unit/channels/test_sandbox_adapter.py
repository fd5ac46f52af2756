"""The sandbox adapter against a carrier that answers with whatever a test says."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from channels.base import (
    Account,
    AccountError,
    Adapter,
    ChannelName,
    EmailContent,
    NotSent,
    RefusalKind,
    Refused,
    Submitted,
    Unknown,
)
from channels.conformance import CountedLease
from channels.sandbox import LINES_MAX, open_channel
from channels.sandbox_wire import decode_messages
from tests.sandbox_rig import LIVE, message

Answer = Callable[[list[str]], web.Response]


def account(url: str, token: str = "secret", **settings: str) -> Account:
    return Account(
        name="sandbox",
        provider="sandbox",
        channels=frozenset(ChannelName),
        settings={"url": url, "answer_deadline_s": "2", **settings},
        secrets={"token": token} if token else {},
        rate_per_s=1.0,
        burst=1,
        concurrency=2,
    )


def taken(attempts: list[str]) -> web.Response:
    lines = (f'{{"result":"taken","attempt_id":"{attempt}","id":"id-{attempt}"}}\n' for attempt in attempts)
    return web.Response(text="".join(lines))


@asynccontextmanager
async def adapter_to(answer: Answer) -> AsyncIterator[tuple[Adapter, list[list[str]]]]:
    """An adapter, and the attempts of each request that the carrier has seen."""
    requests: list[list[str]] = []

    async def submit(request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer secret"
        assert request.headers["X-Sandbox-Account"] == "sandbox"
        requests.append([each.attempt_id for each in decode_messages(await request.read())])
        return answer(requests[-1])

    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_post("/base/carrier/messages", submit)
    runner = web.AppRunner(app, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/base/"
        async with open_channel(account(url)) as adapter:
            yield adapter, requests
    finally:
        await runner.cleanup()


async def test_messages_sent_together_share_requests():
    """A group of 250 leaves in three requests, in the order it was sent."""
    async with adapter_to(taken) as (adapter, requests):
        outcomes = await asyncio.gather(*(adapter.send(message(n, "+12025550114"), LIVE) for n in range(250)))
    assert [outcome.provider_id for outcome in outcomes if isinstance(outcome, Submitted)] == [
        f"id-a{n}" for n in range(250)
    ]
    assert sorted(len(request) for request in requests) == [50, LINES_MAX, LINES_MAX]


async def test_long_mails_do_not_fill_a_request_beyond_reason():
    """A hundred mails of 100 kB would be ten megabytes: they are spread over several requests."""
    mail = EmailContent(subject="S", text="x" * 100_000)
    async with adapter_to(taken) as (adapter, requests):
        await asyncio.gather(*(adapter.send(message(n, "jordan@example.com", mail), LIVE) for n in range(40)))
    assert sum(len(request) for request in requests) == 40
    assert max(len(request) for request in requests) == 11


async def test_a_permit_that_dies_in_the_queue_takes_nobody_with_it():
    """Each message in a request is asked for its own lease as its line is pulled; the dead ones stay behind."""
    async with adapter_to(taken) as (adapter, requests):
        outcomes = await asyncio.gather(
            *(adapter.send(message(n, "+12025550114"), CountedLease(n % 2 * 9)) for n in range(10))
        )
    assert [type(outcome) for outcome in outcomes] == [NotSent, Submitted] * 5
    assert requests == [["a1", "a3", "a5", "a7", "a9"]]


async def test_dead_permits_alone_make_no_request():
    """When every permit has run out the carrier is not even called."""
    async with adapter_to(taken) as (adapter, requests):
        outcomes = await asyncio.gather(*(adapter.send(message(n, "+1"), CountedLease(0)) for n in range(3)))
    assert {type(outcome) for outcome in outcomes} == {NotSent}
    assert requests == []


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, RefusalKind.OURS),
        (404, RefusalKind.OURS),
        (413, RefusalKind.OURS),
        (429, RefusalKind.TRANSIENT),
        (503, RefusalKind.TRANSIENT),
        (500, None),
        (502, None),
        (504, None),
        (302, None),
        (204, None),
    ],
)
async def test_a_status_without_results_is_told_apart(status: int, kind: RefusalKind | None):
    """A refusal of the request refuses its messages; any other status may have come after they were taken."""
    async with adapter_to(lambda _: web.Response(status=status, headers={"Location": "/"})) as (
        adapter,
        requests,
    ):
        outcome = await adapter.send(message(1, "+12025550114"), LIVE)
    assert (outcome.kind if isinstance(outcome, Refused) else None) == kind
    assert isinstance(outcome, Unknown if kind is None else Refused)
    assert len(requests) == 1, "submitted once, redirected nowhere"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n\n",
        b"nonsense\n",
        b'{"result":"taken","attempt_id":"a1","id":"x"}',
        b'{"result":"taken","attempt_id":"a2","id":"x"}\n',
        b'{"result":"taken","attempt_id":"a1"}\n',
        b'{"result":"perhaps","attempt_id":"a1","id":"x"}\n',
        b'{"result":"declined","attempt_id":"a1","kind":"bored","code":"","words":""}\n',
        b"\xff\xfe\n" * 10,
        b"x" * 3_000_000,
    ],
)
async def test_an_answer_that_does_not_speak_of_the_attempt_leaves_it_unknown(body: bytes):
    """Missing, cut, foreign, unreadable or endless: none of these says that the message was not taken."""
    async with adapter_to(lambda _: web.Response(body=body)) as (adapter, _):
        assert isinstance(await adapter.send(message(1, "+12025550114"), LIVE), Unknown)


async def test_closing_waits_for_the_answers_still_due():
    """A worker that stops records what came of the messages already out, and sends no more."""
    async with adapter_to(taken) as (adapter, requests):
        out = [
            asyncio.ensure_future(adapter.send(message(n, "+12025550114"), LIVE)) for n in range(LINES_MAX)
        ]
        while not requests:  # noqa: ASYNC110 - the carrier's list has no event
            await asyncio.sleep(0.001)
        late = asyncio.ensure_future(adapter.send(message(999, "+12025550114"), LIVE))
        await asyncio.sleep(0)
    assert {type(each.result()) for each in out} == {Submitted}
    assert isinstance(late.result(), NotSent)


async def test_a_cancelled_sender_harms_no_other():
    """One sender that is cancelled while waiting leaves the outcomes of its neighbours intact."""
    async with adapter_to(taken) as (adapter, _):
        tasks = [asyncio.ensure_future(adapter.send(message(n, "+12025550114"), LIVE)) for n in range(3)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result) for result in results] == [Submitted, asyncio.CancelledError, Submitted]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (account("http://127.0.0.1:1", token=""), "`token` is missing"),
        (account(""), "`url` is not an http"),
        (account("ftp://127.0.0.1"), "`url` is not an http"),
        (account("http://carrier.example.com"), "plain http would carry"),
        (account("http://10.0.0.7"), "plain http would carry"),
        (account("http://127.0.0.1:1", answer_deadline_s="0"), "answer_deadline_s"),
        (account("http://127.0.0.1:1", answer_deadline_s="61"), "answer_deadline_s"),
        (account("http://127.0.0.1:1", answer_deadline_s="soon"), "answer_deadline_s"),
        (account("http://127.0.0.1:1", answer_deadline_s="nan"), "answer_deadline_s"),
    ],
)
async def test_an_account_that_cannot_work_does_not_open(given: Account, words: str):
    """A missing secret, an unsafe address or a senseless deadline is told at start-up, by name."""
    with pytest.raises(AccountError, match=words):
        async with open_channel(given):
            pass


@pytest.mark.parametrize(
    "given",
    [
        account("https://carrier.example.com"),
        account("http://localhost:8080/sandbox"),
        account("http://[::1]:8080"),
        account("http://10.0.0.7", plain_http="on"),
    ],
)
async def test_a_safe_address_opens(given: Account):
    """This host, TLS, or a private network that the operator vouches for."""
    async with open_channel(given) as adapter:
        assert adapter.answer_deadline_s == 2.0
