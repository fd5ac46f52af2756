"""The SMTP adapter against a real server on loopback: what each stage of a failure means, TLS, AUTH, reuse."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from channels import smtp
from channels.base import (
    Account,
    Adapter,
    ChannelName,
    EmailContent,
    Message,
    NotSent,
    RefusalKind,
    Refused,
    SmsContent,
    Submitted,
    Unknown,
)
from channels.conformance import CountedLease
from tests.sandbox_rig import LIVE

Step = Callable[[SMTP], str | None]


def cut(server: SMTP) -> None:
    """Break the connection without a word."""
    assert server.transport is not None
    server.transport.abort()


def say(reply: str) -> Step:
    """Answer so."""
    return lambda _server: reply


class Server:
    """A mail server whose reply at each stage a test may choose."""

    def __init__(self, *, at: dict[str, Step] | None = None, **options: object) -> None:
        self.at = at or {}
        self.options = options
        self.mails: list[Envelope] = []
        self.connections = 0
        self.host, self.port = "127.0.0.1", 0
        self.sessions: list[SMTP] = []

    def open_session(self) -> SMTP:
        self.connections += 1
        session = _ScriptedSMTP(self, **self.options)
        self.sessions.append(session)
        return session

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's names
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self._reply("mail", server) or "250 2.1.0 fine"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self._reply("rcpt", server) or "250 2.1.5 fine"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        reply = self._reply("dot", server)
        self.mails.append(envelope)
        return reply or "250 2.0.0 Ok: queued as 4F2A"

    def _reply(self, stage: str, server: SMTP) -> str | None:
        step = self.at.get(stage)
        return step(server) if step is not None else None


class _ScriptedSMTP(SMTP):
    def __init__(self, server: Server, **options: object) -> None:
        super().__init__(server, hostname="mail.example.org", loop=asyncio.get_running_loop(), **options)
        self._script = server

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        step = self._script.at.get("data")
        if step is None:
            await super().smtp_DATA(arg)
            return
        reply = step(self)
        if reply is not None:
            await self.push(reply)


def account(port: int, secrets: dict[str, str] | None = None, **settings: str) -> Account:
    return Account(
        name="mail",
        provider="smtp",
        channels=frozenset({ChannelName.EMAIL}),
        settings={
            "host": "127.0.0.1",
            "port": str(port),
            "tls": "none",
            "answer_deadline_s": "1",
            "command_timeout_s": "1",
            **settings,
        },
        secrets=secrets or {},
        rate_per_s=10.0,
        burst=10,
        concurrency=2,
    )


@asynccontextmanager
async def listening(server: Server) -> AsyncIterator[Server]:
    listener = await asyncio.get_running_loop().create_server(server.open_session, "127.0.0.1", 0)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        for session in server.sessions:
            if session.transport is not None:
                session.transport.abort()


@asynccontextmanager
async def adapter_to(
    server: Server, secrets: dict[str, str] | None = None, **settings: str
) -> AsyncIterator[Adapter]:
    async with listening(server), smtp.open_channel(account(server.port, secrets, **settings)) as adapter:
        yield adapter


def mail(
    number: int = 1, destination: str = "jordan@example.com", text: str = "Hello\n.\n..dots\nEnd"
) -> Message:
    return Message(
        attempt_id=f"a{number}",
        channel=ChannelName.EMAIL,
        destination=destination,
        sender="Harbor Lending <care@example.org>",
        content=EmailContent(subject="A message about your account", text=text),
        locale="en-US",
    )


@pytest.mark.parametrize(
    ("stage", "step", "expected"),
    [
        ("mail", cut, NotSent),
        ("rcpt", cut, NotSent),
        ("data", cut, NotSent),
        ("dot", cut, Unknown),
        ("data", say("250 as you like"), NotSent),
        ("dot", say("garbage"), Unknown),
        ("dot", say("354 more, please"), Unknown),
        ("mail", say("nonsense"), NotSent),
        ("rcpt", say("nonsense"), NotSent),
        ("dot", say("250"), Submitted),
        ("dot", say("251 2.0.0 forwarded"), Submitted),
    ],
)
async def test_a_failure_means_what_its_stage_says(stage: str, step: Step, expected: type):
    """Before the final dot nothing was sent; after it only a readable answer tells."""
    server = Server(at={stage: step})
    async with adapter_to(server) as adapter:
        assert isinstance(await adapter.send(mail(), LIVE), expected)
        assert server.connections == 1, "one conversation, and no second try"


@pytest.mark.parametrize(
    ("stage", "reply", "kind", "code"),
    [
        ("mail", "550 5.7.1 sender not allowed", RefusalKind.OURS, "550 5.7.1"),
        ("mail", "421 4.3.2 busy", RefusalKind.TRANSIENT, "421 4.3.2"),
        ("rcpt", "550 5.1.1 <Jordan@example.com> no such mailbox", RefusalKind.PERMANENT, "550 5.1.1"),
        ("rcpt", "450 4.2.0 greylisted", RefusalKind.TRANSIENT, "450 4.2.0"),
        ("rcpt", "554 5.7.1 relay denied", RefusalKind.OURS, "554 5.7.1"),
        ("data", "451 4.3.0 later", RefusalKind.TRANSIENT, "451 4.3.0"),
        ("dot", "554 5.7.1 content refused", RefusalKind.PERMANENT, "554 5.7.1"),
        ("dot", "450 4.2.0 later", RefusalKind.TRANSIENT, "450 4.2.0"),
        ("dot", "421 4.3.2 closing", RefusalKind.TRANSIENT, "421 4.3.2"),
    ],
)
async def test_refusals_at_every_stage(stage: str, reply: str, kind: RefusalKind, code: str):
    """A refusal keeps the server's code, hides the person's address, and leaves the adapter able to go on."""
    server = Server(at={stage: say(reply)})
    async with adapter_to(server) as adapter:
        outcome = await adapter.send(mail(), LIVE)
        assert isinstance(outcome, Refused)
        assert (outcome.kind, outcome.code) == (kind, code)
        assert "jordan" not in outcome.words.lower()
        server.at.clear()
        assert isinstance(await adapter.send(mail(2), LIVE), Submitted)


async def test_a_mail_arrives_whole():
    """Lines that begin with dots arrive as they were written, and the queue id is kept as the provider's id."""
    server = Server()
    async with adapter_to(server, return_path="bounces@example.org") as adapter:
        outcome = await adapter.send(mail(), LIVE)
    assert outcome == Submitted(provider_id="4F2A")
    (envelope,) = server.mails
    assert (envelope.mail_from, envelope.rcpt_tos) == ("bounces@example.org", ["jordan@example.com"])
    assert isinstance(envelope.content, bytes)
    assert envelope.content.endswith(b"\r\n\r\nHello\r\n.\r\n..dots\r\nEnd\r\n")


async def test_a_server_that_names_no_queue_id_is_known_by_our_message_id():
    """The provider's id is never empty: without one of the server's it is the Message-ID."""
    async with adapter_to(Server(at={"dot": say("250 thanks")})) as adapter:
        assert await adapter.send(mail(7), LIVE) == Submitted(provider_id="<a7@example.org>")


async def test_a_permit_that_runs_out_before_the_dot_takes_the_mail_back():
    """The lease is asked after the content has left and before the dot: a dead one closes the connection instead."""
    server = Server()
    async with adapter_to(server) as adapter:
        for lives in (0, 1):
            assert isinstance(await adapter.send(mail(lives), CountedLease(lives)), NotSent)
        assert isinstance(await adapter.send(mail(3), CountedLease(9)), Submitted)
    assert len(server.mails) == 1


async def test_a_large_mail_is_asked_for_its_permit_when_it_has_left_us():
    """A mail larger than any buffer is written out before the permit is asked for the last time."""
    server = Server()
    async with adapter_to(server, command_timeout_s="20", answer_deadline_s="20") as adapter:
        assert isinstance(await adapter.send(mail(text="x" * 70 + "\n" + "y" * 12_000_000), LIVE), Submitted)
    assert len(server.mails) == 1


async def test_connections_are_reused_and_bounded():
    """Twenty mails take at most two connections (the account's concurrency), and all arrive once."""
    server = Server()
    async with adapter_to(server) as adapter:
        outcomes = await asyncio.gather(*(adapter.send(mail(n), LIVE) for n in range(20)))
    assert {type(outcome) for outcome in outcomes} == {Submitted}
    assert len(server.mails) == 20
    assert server.connections <= 2


@pytest.mark.parametrize("how", ["cut", "421"])
async def test_an_idle_connection_that_the_server_closed_costs_nothing(how: str):
    """A session that the server ended while it was idle is replaced: nothing had been said on it of this mail."""
    server = Server()
    async with adapter_to(server) as adapter:
        assert isinstance(await adapter.send(mail(1), LIVE), Submitted)
        first = server.sessions[0]
        if how == "cut":
            cut(first)
        else:
            server.at["mail"] = lambda session: "421 4.4.2 idle too long" if session is first else None
        assert isinstance(await adapter.send(mail(2), LIVE), Submitted)
    assert server.connections == 2
    assert len(server.mails) == 2


async def test_an_address_beyond_ascii_needs_a_server_that_takes_it():
    """Without SMTPUTF8 an international mailbox is refused for good; with it, it is written as it is."""
    for utf8, expected in ((False, Refused), (True, Submitted)):
        server = Server(enable_SMTPUTF8=utf8)
        async with adapter_to(server) as adapter:
            assert isinstance(await adapter.send(mail(destination="jörg@example.com"), LIVE), expected)
        assert [envelope.rcpt_tos for envelope in server.mails] == ([["jörg@example.com"]] if utf8 else [])


async def test_a_text_message_is_no_mail():
    """A message of another channel that strays here is refused as our own mistake."""
    stray = Message(
        attempt_id="a1",
        channel=ChannelName.SMS,
        destination="+12025550114",
        sender="+12025550100",
        content=SmsContent(text="Hello"),
        locale="en-US",
    )
    async with adapter_to(Server()) as adapter:
        outcome = await adapter.send(stray, LIVE)
    assert outcome == Refused(kind=RefusalKind.OURS, code="not-a-mail")


# --- TLS and AUTH ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1, its own authority, with its key in one file."""
    from ipaddress import ip_address  # noqa: PLC0415 - only here

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail.example.org")])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return file


def tls_server(certificate: Path) -> Server:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def authenticator(
        server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: object
    ) -> AuthResult:
        good = isinstance(given, LoginPassword) and (given.login, given.password) == (b"forbear", b"secret")
        return AuthResult(success=good, handled=False)

    return Server(tls_context=context, require_starttls=True, authenticator=authenticator, auth_required=True)


async def test_starttls_and_auth(certificate: Path):
    """Over STARTTLS, verified, with the right password the mail is taken, on one connection for many."""
    server = tls_server(certificate)
    settings = {"tls": "required", "ca_file": str(certificate), "username": "forbear"}
    async with adapter_to(server, {"password": "secret"}, **settings) as adapter:
        for number in range(3):
            assert isinstance(await adapter.send(mail(number), LIVE), Submitted)
    assert server.connections == 1


@pytest.mark.parametrize(
    ("password", "trusted", "code"),
    [("wrong", True, "535 5.7.8"), ("secret", False, "tls")],
)
async def test_a_wrong_password_or_certificate_is_our_fault(
    certificate: Path, password: str, code: str, *, trusted: bool
):
    """A server that does not trust us, or that we do not trust, gets no mail; the person has nothing to do with it."""
    server = tls_server(certificate)
    settings = {"tls": "required", "username": "forbear"} | ({"ca_file": str(certificate)} if trusted else {})
    async with adapter_to(server, {"password": password}, **settings) as adapter:
        outcome = await adapter.send(mail(), LIVE)
    assert isinstance(outcome, Refused)
    assert (outcome.kind, outcome.code) == (RefusalKind.OURS, code)
    assert server.mails == []


async def test_a_stripped_starttls_offer_sends_nothing(certificate: Path):
    """When TLS is required and the server (or somebody between) does not offer it, no mail goes in the clear."""
    server = Server()
    async with adapter_to(server, tls="required", ca_file=str(certificate)) as adapter:
        outcome = await adapter.send(mail(), LIVE)
    assert outcome == Refused(kind=RefusalKind.OURS, code="not-offered")
    assert server.mails == []


async def test_a_silent_server_is_given_up_before_the_dot():
    """A server that accepts the connection and says nothing costs one time-out and leaves the mail unsent."""
    held: list[asyncio.StreamWriter] = []
    listener = await asyncio.start_server(lambda _reader, writer: held.append(writer), "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    async with smtp.open_channel(account(port, command_timeout_s="0.3")) as adapter:
        assert isinstance(await adapter.send(mail(), LIVE), NotSent)
    for writer in held:
        writer.close()
    listener.close()
