"""Sends e-mail over SMTP, command by command, because only the stage of a failure tells what it means.

Before the final dot the server must forget a mail whose connection breaks (RFC 5321 section 4.1.1.4), so a failure
there is `NotSent`. After it, the mail may be on its way: a missing answer is `Unknown`.
"""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple, cast

import aiosmtplib
from aiosmtplib import (
    SMTPAuthenticationError,
    SMTPException,
    SMTPResponseException,
    SMTPServerDisconnected,
    SMTPTimeoutError,
)
from aiosmtplib.protocol import SMTPProtocol

from channels.base import (
    Account,
    Adapter,
    EmailContent,
    Lease,
    Message,
    NotSent,
    Outcome,
    RefusalKind,
    Refused,
    Submitted,
    Unknown,
)
from channels.smtp_mail import Mail, Unmailable, make_mail
from channels.smtp_replies import Stage, read_reply
from channels.smtp_settings import SmtpSettings, Tls, parse_smtp_settings

MAILS_PER_CONNECTION = 100
CONNECTION_LIFE_S = 300.0
IDLE_S = 30.0
"""Servers may close an idle session after five minutes (RFC 5321 section 4.5.3.2); many do so much sooner."""
DRAIN_POLL_S = 0.005

_QUEUED = re.compile(r"(?:queued as|id=|queue id:?)\s*([A-Za-z0-9.-]{4,64})", re.IGNORECASE)
_LAPSED = NotSent(reason="the permit ran out before the final dot")
_CUT = NotSent(reason="the connection broke before the final dot")
_SLOW = NotSent(reason="the server was too slow before the final dot")
_MUST_CLOSE = 421


@asynccontextmanager
async def open_channel(account: Account) -> AsyncIterator[Adapter]:
    """The adapter for one SMTP account. Settings: `channels.smtp_settings`; secret: `password`.

    Connects at the first mail, not here. Raises `AccountError` when a setting is missing or unsafe.
    """
    settings = parse_smtp_settings(account)
    context = ssl.create_default_context(cafile=settings.ca_file) if settings.tls is not Tls.NONE else None
    adapter = SmtpAdapter(settings, context, account.concurrency)
    try:
        yield adapter
    finally:
        await adapter.close()


class _Connection:
    """One authenticated session and how long it has been used."""

    __slots__ = ("client", "mails", "opened_s", "used_s")

    def __init__(self, client: aiosmtplib.SMTP, now_s: float) -> None:
        self.client = client
        self.mails = 0
        self.opened_s = now_s
        self.used_s = now_s

    def is_fresh(self, now_s: float) -> bool:
        return (
            self.client.is_connected
            and self.mails < MAILS_PER_CONNECTION
            and now_s - self.opened_s < CONNECTION_LIFE_S
            and now_s - self.used_s < IDLE_S
        )


class _Said(NamedTuple):
    """What became of one mail on one connection, and whether that connection may serve another."""

    outcome: Outcome
    usable: bool
    stale: bool = False


class SmtpAdapter:
    """Submits mails over at most `connections_max` sessions, each used for a while and then closed."""

    point_of_no_return = "the final dot of the DATA command"

    def __init__(self, settings: SmtpSettings, context: ssl.SSLContext | None, connections_max: int) -> None:
        self.answer_deadline_s = settings.answer_deadline_s
        self._settings = settings
        self._context = context
        self._free: list[_Connection] = []
        self._places = asyncio.Semaphore(connections_max)
        self._loop = asyncio.get_running_loop()

    async def send(self, message: Message, lease: Lease) -> Outcome:
        """Submit once; see `channels.base.Adapter`."""
        if not isinstance(message.content, EmailContent):
            return Refused(kind=RefusalKind.OURS, code="not-a-mail")
        mail = make_mail(message, message.content, return_path=self._settings.return_path)
        if isinstance(mail, Unmailable):
            return Refused(kind=RefusalKind.PERMANENT, code=mail.code)
        async with self._places:
            said = await self._send_on(self._take_free(), mail, lease)
            if said.stale:
                # The server had closed the idle session: nothing was submitted, so a fresh one is not a second try.
                said = await self._send_on(None, mail, lease)
        return said.outcome

    async def close(self) -> None:
        """Say goodbye on every free connection."""
        for connection in self._free:
            await _quit(connection.client)
        self._free.clear()

    def _take_free(self) -> _Connection | None:
        while self._free:
            connection = self._free.pop()
            if connection.is_fresh(self._loop.time()):
                return connection
            connection.client.close()
        return None

    async def _send_on(self, connection: _Connection | None, mail: Mail, lease: Lease) -> _Said:
        reused = connection is not None
        if connection is None:
            opened = await self._open()
            if not isinstance(opened, _Connection):
                return _Said(opened, usable=False)
            connection = opened
        said = _Said(Unknown(reason="the worker stopped while the mail was being sent"), usable=False)
        try:
            said = await self._converse(connection.client, mail, lease)
        finally:
            connection.mails += 1
            connection.used_s = self._loop.time()
            if said.usable and connection.client.is_connected:
                self._free.append(connection)
            else:
                connection.client.close()
        return said._replace(stale=said.stale and reused)

    async def _open(self) -> _Connection | Outcome:
        """A new session, greeted, protected and authenticated; or why there is none."""
        settings = self._settings
        client = aiosmtplib.SMTP(
            hostname=settings.host,
            port=settings.port,
            local_hostname=settings.helo_name,
            timeout=settings.command_timeout_s,
            use_tls=settings.tls is Tls.IMPLICIT,
            start_tls={Tls.REQUIRED: True, Tls.OFFERED: None}.get(settings.tls, False),
            username=settings.username,
            password=settings.password,
            tls_context=self._context,
        )
        try:
            await client.connect()
            await client.ehlo()
        except (SMTPException, OSError) as error:
            return _why_not_open(error)
        return _Connection(client, self._loop.time())

    async def _converse(self, client: aiosmtplib.SMTP, mail: Mail, lease: Lease) -> _Said:
        """MAIL, RCPT, DATA, and only then the dot."""
        stage = Stage.MAIL
        try:
            encoding = _encoding(client, mail)
            if encoding is None:
                return _Said(Refused(kind=RefusalKind.PERMANENT, code="no-smtputf8"), usable=True)
            options = ["SMTPUTF8"] if encoding == "utf-8" else []
            await client.mail(mail.envelope_from, options=options, encoding=encoding)
            stage = Stage.RCPT
            await client.rcpt(mail.envelope_to, encoding=encoding)
            if not lease.live():
                # Asked early as well, to keep a good session: after DATA only closing it takes the mail back.
                await client.rset()
                return _Said(_LAPSED, usable=True)
            stage = Stage.DATA
            await _begin_data(client)
        except SMTPResponseException as error:
            closing = error.code == _MUST_CLOSE
            usable = not closing and await _reset(client)
            refused = read_reply(stage, error.code, error.message, hide=mail.envelope_to)
            return _Said(refused, usable=usable, stale=closing and stage is Stage.MAIL)
        except SMTPTimeoutError:
            return _Said(_SLOW, usable=False)
        except (SMTPServerDisconnected, OSError):
            return _Said(_CUT, usable=False, stale=stage is Stage.MAIL)
        return await self._give_content(client, mail, lease)

    async def _give_content(self, client: aiosmtplib.SMTP, mail: Mail, lease: Lease) -> _Said:
        """Write the content, wait until it has left, ask the lease, write the dot, and wait for the answer."""
        protocol, transport = client.protocol, cast("asyncio.WriteTransport", client.transport)
        if protocol is None:
            return _Said(_CUT, usable=False)
        try:
            protocol.write(_stuffed(mail.raw))
            await asyncio.sleep(0)  # uvloop writes at the end of a turn; and a cut already here is noticed
            while transport.get_write_buffer_size() > 0 and lease.live():  # noqa: ASYNC110 - no event tells
                await asyncio.sleep(DRAIN_POLL_S)
            if not lease.live():
                transport.abort()
                return _Said(_LAPSED, usable=False)
            protocol.write(b".\r\n")
        except SMTPServerDisconnected:
            return _Said(_CUT, usable=False)
        return await self._final_answer(protocol, mail)

    async def _final_answer(self, protocol: SMTPProtocol, mail: Mail) -> _Said:
        try:
            code, words = await protocol.read_response(timeout=self.answer_deadline_s)
        except SMTPTimeoutError:
            return _Said(Unknown(reason="no answer to the final dot in time"), usable=False)
        except (SMTPServerDisconnected, OSError):
            return _Said(Unknown(reason="the connection broke after the final dot"), usable=False)
        except SMTPResponseException:
            return _Said(Unknown(reason="the answer to the final dot cannot be read"), usable=False)
        if 200 <= code < 300:  # noqa: PLR2004 - RFC 5321 section 4.2.1: the first digit decides
            queued = _QUEUED.search(words)
            return _Said(Submitted(provider_id=queued[1] if queued else mail.message_id), usable=True)
        if 400 <= code < 600:  # noqa: PLR2004 - the same
            refused = read_reply(Stage.DOT, code, words, hide=mail.envelope_to)
            return _Said(refused, usable=code != _MUST_CLOSE)
        return _Said(Unknown(reason=f"the answer to the final dot was {code}"), usable=False)


async def _begin_data(client: aiosmtplib.SMTP) -> None:
    """Say DATA. Raises `SMTPResponseException` unless the server is ready for the content."""
    ready = await client.execute_command(b"DATA")
    if ready.code != aiosmtplib.SMTPStatus.start_input:
        raise SMTPResponseException(ready.code, ready.message)


def _why_not_open(error: SMTPException | OSError) -> Outcome:
    """What a failure to open a session means: nothing of the mail has been said yet, whatever it is."""
    if isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError):
        return Refused(kind=RefusalKind.OURS, code="tls")
    if isinstance(error, SMTPResponseException):
        stage = Stage.AUTH if isinstance(error, SMTPAuthenticationError) else Stage.GREETING
        return read_reply(stage, error.code, error.message, hide="")
    if isinstance(error, OSError):
        return NotSent(reason="the mail server cannot be reached")
    # What is left is an extension that we insist on: STARTTLS, or a way to authenticate.
    return Refused(kind=RefusalKind.OURS, code="not-offered")


def _encoding(client: aiosmtplib.SMTP, mail: Mail) -> str | None:
    """How to write the addresses: None when they need SMTPUTF8 (RFC 6531) and the server has none."""
    if (mail.envelope_from + mail.envelope_to).isascii():
        return "ascii"
    return "utf-8" if client.supports_extension("smtputf8") else None


def _stuffed(raw: bytes) -> bytes:
    """The content with leading dots doubled (RFC 5321 section 4.5.2); it ends with a line end, without the dot."""
    text = raw if raw.endswith(b"\r\n") else raw + b"\r\n"
    return (b"." + text if text.startswith(b".") else text).replace(b"\r\n.", b"\r\n..")


async def _reset(client: aiosmtplib.SMTP) -> bool:
    """Forget the envelope, so that the session can serve another mail; False when it cannot."""
    try:
        await client.rset()
    except (SMTPException, OSError):
        return False
    return True


async def _quit(client: aiosmtplib.SMTP) -> None:
    try:
        await client.quit()
    except (SMTPException, OSError):
        client.close()
