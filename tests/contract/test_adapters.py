"""Every adapter against the conformance kit, each with a scripted counterpart on loopback."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session

from channels import sandbox, smtp
from channels.base import Account, Adapter, ChannelName, EmailContent, Message, SmsContent
from channels.conformance import CHECKS, Check, Play, Rig
from channels.sandbox_wire import NDJSON, SUBMIT_PATH, Declined, RefusalKind, Taken, decode_messages, encode

DEADLINE_S = 1.0


def account(provider: str, settings: dict[str, str], secrets: dict[str, str]) -> Account:
    return Account(
        name=provider,
        provider=provider,
        channels=frozenset(ChannelName),
        settings={**settings, "answer_deadline_s": str(DEADLINE_S)},
        secrets=secrets,
        rate_per_s=100.0,
        burst=100,
        concurrency=4,
    )


class SandboxRig:
    """A carrier of fifty lines, so that the adapter is not tested against our own carrier alone."""

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()
        self._play = Play.ACCEPT
        self._runner: web.AppRunner
        self._site: web.TCPSite | None = None
        self._port = 0
        self._closing = asyncio.Event()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Adapter]:
        app = web.Application()
        app.router.add_post(SUBMIT_PATH, self._submit)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await self._listen()
        settings = {"url": f"http://127.0.0.1:{self._port}"}
        try:
            async with sandbox.open_channel(account("sandbox", settings, {"token": "secret"})) as adapter:
                yield adapter
        finally:
            self._closing.set()
            await self._runner.cleanup()

    async def _listen(self) -> None:
        self._site = web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True)
        await self._site.start()
        self._port = self._runner.addresses[0][1]

    async def play(self, play: Play) -> None:
        self._play = play
        if play is Play.DOWN and self._site is not None:
            await self._site.stop()
            self._site = None
        elif play is not Play.DOWN and self._site is None:
            await self._listen()

    def message(self, attempt_id: str) -> Message:
        return Message(
            attempt_id=attempt_id,
            channel=ChannelName.SMS,
            destination="+12025550114",
            sender="+12025550100",
            content=SmsContent(text="Reply STOP to opt out"),
            locale="en-US",
        )

    def submissions(self, attempt_id: str) -> int:
        return self._taken[attempt_id]

    async def _submit(self, request: web.Request) -> web.StreamResponse:
        attempts = [message.attempt_id for message in decode_messages(await request.read())]
        refusals = {
            Play.REFUSE_FOR_EVER: RefusalKind.PERMANENT,
            Play.REFUSE_FOR_NOW: RefusalKind.TRANSIENT,
        }
        if self._play in refusals:
            kind = refusals[self._play]
            return _lines([Declined(attempt_id=a, kind=kind, code="NO", words="") for a in attempts])
        self._taken.update(attempts)
        if self._play is Play.LOSE_ANSWER and request.transport is not None:
            request.transport.close()
        if self._play is Play.GARBAGE:
            return web.Response(body=b'<html>{"result":"taken"}\n\xff\xfe\n', content_type=NDJSON)
        if self._play is Play.SILENT:
            await self._closing.wait()
        return _lines([Taken(attempt_id=a, id=f"id-{a}") for a in attempts])


def _lines(results: list[Taken] | list[Declined]) -> web.Response:
    return web.Response(body=b"".join(encode(result) + b"\n" for result in results), content_type=NDJSON)


class SmtpRig:
    """A real SMTP server (aiosmtpd) that misbehaves when told to."""

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()
        self._play = Play.ACCEPT
        self._server: asyncio.Server | None = None
        self._sessions: set[SMTP] = set()
        self._port = 0
        self._closing = asyncio.Event()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Adapter]:
        await self._listen()
        settings = {"host": "127.0.0.1", "port": str(self._port), "tls": "none", "command_timeout_s": "2"}
        try:
            async with smtp.open_channel(account("smtp", settings, {})) as adapter:
                yield adapter
        finally:
            self._closing.set()
            await self._stop()

    async def _listen(self) -> None:
        self._server = await asyncio.get_running_loop().create_server(
            self._session, "127.0.0.1", self._port, reuse_address=True
        )
        self._port = self._server.sockets[0].getsockname()[1]

    def _session(self) -> SMTP:
        session = SMTP(self, hostname="mail.example.org", loop=asyncio.get_running_loop())
        self._sessions.add(session)
        return session

    async def _stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for session in self._sessions:
            if session.transport is not None:
                session.transport.abort()
        self._sessions.clear()
        await asyncio.sleep(0)

    async def play(self, play: Play) -> None:
        self._play = play
        if play is Play.DOWN:
            await self._stop()
        elif self._server is None:
            await self._listen()

    def message(self, attempt_id: str) -> Message:
        return Message(
            attempt_id=attempt_id,
            channel=ChannelName.EMAIL,
            destination="jordan@example.com",
            sender="Harbor Lending <care@example.org>",
            content=EmailContent(subject="A message about your account", text="Hello", html="<p>Hello</p>"),
            locale="en-US",
        )

    def submissions(self, attempt_id: str) -> int:
        return self._taken[attempt_id]

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        refusals = {
            Play.REFUSE_FOR_EVER: "550 5.1.1 no such mailbox",
            Play.REFUSE_FOR_NOW: "450 4.2.0 greylisted",
        }
        if self._play in refusals:
            return refusals[self._play]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 fine"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        attempt = envelope.content.split(b"Message-ID: <", 1)[1].split(b"@", 1)[0].decode()
        self._taken[attempt] += 1
        if self._play is Play.LOSE_ANSWER and server.transport is not None:
            server.transport.abort()
        if self._play is Play.GARBAGE:
            return "fine, thank you"
        if self._play is Play.SILENT:
            await self._closing.wait()
        return f"250 2.0.0 Ok: queued as {attempt}Q"


RIGS: dict[str, type[SandboxRig] | type[SmtpRig]] = {"sandbox": SandboxRig, "smtp": SmtpRig}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("adapter", RIGS)
async def test_adapter_keeps_the_promise(adapter: str, check: Check):
    """Every adapter tells refused, not sent and unknown apart, and submits at most once."""
    rig: Rig = RIGS[adapter]()
    assert await check(rig) == []
