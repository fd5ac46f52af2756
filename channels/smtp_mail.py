"""Makes the bytes of a mail, and proves that no value in it became a header of its own."""

import re
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import NamedTuple
from uuid import UUID

import msgspec

from channels.base import EmailContent, Message

# The policy's own folding would turn "=?utf-8?q?hello=0ABcc=3A...?=" into a second header line (CVE-2024-6923,
# CVE-2026-1299), so an encoded word in a value is refused, not decoded; and every Python is checked afterwards.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]|=\?")
_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,75}", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_ADDRESS = re.compile(r"[^\s<>()\[\]\\,;:\"@]{1,64}@[^\s<>()\[\]\\,;:\"@]{1,255}")
_OWN_HEADERS = frozenset(
    {
        "from", "to", "cc", "bcc", "sender", "reply-to", "subject", "date", "message-id", "mime-version",
        "content-type", "content-transfer-encoding", "return-path", "received", "dkim-signature",
    }
)  # fmt: skip
UUID_WITH_TIME = 7
LINE_MAX = 998
"""RFC 5322 section 2.1.1, without the line end."""
FOLD = "\r\n "


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """A mail ready to be submitted: its envelope and its bytes (CRLF line ends, 7 bit)."""

    envelope_from: str
    envelope_to: str
    message_id: str
    raw: bytes

    def __repr__(self) -> str:
        """Say nothing of the person."""
        return f"Mail(message_id={self.message_id!r})"


class Unmailable(msgspec.Struct, frozen=True, kw_only=True):
    """This message cannot be said in a mail; `code` names the reason and quotes nothing."""

    code: str


def make_mail(message: Message, content: EmailContent, *, return_path: str | None) -> Mail | Unmailable:
    """The mail of `message`: the same bytes each time it is made.

    Message-ID comes from the attempt id, Date from its instant when it is a UUIDv7; otherwise Date is left to the
    submission server (RFC 6409 section 8.2).
    """
    values = (
        message.sender,
        message.destination,
        message.locale,
        content.subject,
        *(value for _, value in content.headers),
    )
    if not _ID.fullmatch(message.attempt_id):
        return Unmailable(code="bad-id")
    if any(_UNSAFE.search(value) for value in values):  # before any parsing, which forgives line breaks
        return Unmailable(code="unsafe-header")
    name, sender = parseaddr(message.sender)
    if not _ADDRESS.fullmatch(sender) or not _ADDRESS.fullmatch(message.destination):
        return Unmailable(code="bad-address")
    message_id = f"<{message.attempt_id}@{sender.rpartition('@')[2]}>"
    if not all(_may_stand(key, value) for key, value in content.headers):
        return Unmailable(code="header-not-allowed")
    needs_utf8 = not (sender + message.destination).isascii()
    mail = _compose(message, content, Sender(name, sender), message_id)
    raw = _extra(content.headers) + mail.as_bytes(policy=policy.SMTPUTF8 if needs_utf8 else policy.SMTP)
    put_in = [key.lower() for key, _ in content.headers] + _names(mail)
    if _names(message_from_bytes(raw, policy=policy.SMTP)) != put_in:
        return Unmailable(code="unsafe-header")
    return Mail(
        envelope_from=return_path or sender,
        envelope_to=message.destination,
        message_id=message_id,
        raw=raw,
    )


class Sender(NamedTuple):
    """A display name, which may be empty, and an address."""

    name: str
    address: str


def _compose(message: Message, content: EmailContent, sender: Sender, message_id: str) -> EmailMessage:
    mail = EmailMessage(policy=policy.SMTP)
    mail.set_content(content.text, cte="quoted-printable")
    if content.html is not None:
        mail.add_alternative(content.html, subtype="html", cte="quoted-printable")
        # A boundary from the attempt id instead of chance: the same message is the same bytes.
        mail.set_boundary(f"=_{message.attempt_id}")
    local, _, domain = sender.address.rpartition("@")
    mail["From"] = Address(display_name=sender.name, username=local, domain=domain)
    mail["To"] = message.destination
    mail["Subject"] = content.subject
    mail["Message-ID"] = message_id
    written = _instant_of(message.attempt_id)
    if written is not None:
        mail["Date"] = format_datetime(written)
    mail["Content-Language"] = message.locale
    return mail


def _may_stand(name: str, value: str) -> bool:
    return (
        _HEADER_NAME.fullmatch(name) is not None
        and name.lower() not in _OWN_HEADERS
        and value.isascii()
        and len(name) + len(value) + 2 <= LINE_MAX
    )


def _extra(headers: tuple[tuple[str, str], ...]) -> bytes:
    """The caller's headers, folded between the items of a list only.

    The library's folding turns a long List-Unsubscribe link into an encoded word, which no mailbox follows.
    """
    return b"".join(
        f"{name}: {value.replace(', ', f',{FOLD}')}\r\n".encode("ascii") for name, value in headers
    )


def _names(mail: EmailMessage) -> list[str]:
    """The names of the headers as a reader finds them, in their order."""
    return [name.lower() for name in mail]


def _instant_of(attempt_id: str) -> datetime | None:
    """The millisecond in which a UUIDv7 was made (RFC 9562 section 5.7), or None for any other id."""
    try:
        made = UUID(attempt_id)
    except ValueError:
        return None
    if made.version != UUID_WITH_TIME:
        return None
    return datetime.fromtimestamp((made.int >> 80) // 1000, UTC)
