"""A mail says what it should, and no value in it becomes a header."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime

import hypothesis
import pytest
from hypothesis import strategies as st

from channels.base import ChannelName, EmailContent, Message
from channels.smtp_mail import Mail, Unmailable, make_mail

ATTEMPT = "019577b9-f3a0-7abc-8def-0123456789ab"
AT = datetime.fromtimestamp(0x019577B9F3A0 // 1000, UTC)
UNSUBSCRIBE = (
    ("List-Unsubscribe", f"<https://example.org/u/{'a' * 300}>, <mailto:stop@example.org>"),
    ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
)


def make(content: EmailContent, **changes: str) -> Mail | Unmailable:
    given = {
        "attempt_id": ATTEMPT,
        "destination": "jordan@example.com",
        "sender": "Harbor Lending <care@example.org>",
        "locale": "en-US",
        **changes,
    }
    return make_mail(Message(channel=ChannelName.EMAIL, content=content, **given), content, return_path=None)


def parsed(mail: Mail | Unmailable) -> EmailMessage:
    assert isinstance(mail, Mail)
    return message_from_bytes(mail.raw, policy=policy.SMTP)


def test_a_mail_is_what_was_asked_for():
    """Sender, recipient, subject, both texts and the unsubscribe headers arrive as they were given."""
    content = EmailContent(subject="您的账单", text="Hello\n.\n您好", html="<p>您好</p>", headers=UNSUBSCRIBE)
    mail = parsed(make(content))
    assert mail["From"] == "Harbor Lending <care@example.org>"
    assert mail["To"] == "jordan@example.com"
    assert mail["Subject"] == "您的账单"
    assert mail["Content-Language"] == "en-US"
    assert mail.get_body(("plain",)).get_content().replace("\r\n", "\n") == "Hello\n.\n您好\n"
    assert mail.get_body(("html",)).get_content().strip() == "<p>您好</p>"
    assert [(name, mail[name]) for name, _ in UNSUBSCRIBE] == list(UNSUBSCRIBE)


def test_the_unsubscribe_link_is_not_encoded():
    """A long List-Unsubscribe link stays readable for mailbox providers: the library would fold it into code."""
    mail = make(EmailContent(subject="S", text="T", headers=UNSUBSCRIBE))
    assert isinstance(mail, Mail)
    assert f"List-Unsubscribe: <https://example.org/u/{'a' * 300}>,\r\n <mailto:".encode() in mail.raw
    assert all(len(line) <= 998 for line in mail.raw.split(b"\r\n"))


def test_the_same_message_is_the_same_bytes():
    """Message-ID, Date and boundary come from the attempt: making the mail again changes nothing."""
    content = EmailContent(subject="S", text="T", html="<p>T</p>")
    assert make(content) == make(content)
    mail = parsed(make(content))
    assert mail["Message-ID"] == f"<{ATTEMPT}@example.org>"
    assert parsedate_to_datetime(mail["Date"]) == AT


def test_an_attempt_without_time_leaves_the_date_to_the_server():
    """An id that holds no time gets no invented Date; the submission server adds one."""
    content = EmailContent(subject="S", text="T")
    assert "Date" not in parsed(make(content, attempt_id="a1"))
    assert "Date" not in parsed(make(content, attempt_id="0b5f8d9e-8f0a-4c1c-9d52-1b6f2f9f4a11"))


INJECTIONS = [
    "hello\r\nBcc: victim@example.net",
    "hello\nBcc: victim@example.net",
    "hello\rBcc: victim@example.net",
    "hello\x00",
    "hello\x85Bcc: x",
    "hello\u2028Bcc: x",
    "=?utf-8?q?hello=0ABcc=3A_victim@example.net?=",
    "=?utf-8?b?aGVsbG8KQmNjOiB4?=",
]


@pytest.mark.parametrize("evil", INJECTIONS)
@pytest.mark.parametrize("place", ["subject", "sender", "header", "locale", "attempt_id", "destination"])
def test_no_value_becomes_a_header(place: str, evil: str):
    """A variable with a line break, plain or encoded (CVE-2024-6923), is refused: nobody is added to a mail."""
    content = EmailContent(
        subject=evil if place == "subject" else "S",
        text="T",
        headers=(("List-Unsubscribe", evil if place == "header" else "<mailto:x@example.org>"),),
    )
    changes = {
        "sender": {"sender": f'"{evil}" <care@example.org>'},
        "locale": {"locale": evil},
        "attempt_id": {"attempt_id": evil},
        "destination": {"destination": f"{evil}@example.com"},
    }
    assert isinstance(make(content, **changes.get(place, {})), Unmailable)


@pytest.mark.parametrize(
    "name", ["Bcc", "bcc", "Subject", "From", "Content-Type", "Bad Name", "", "X:Y", "DKIM-Signature"]
)
def test_a_template_cannot_set_our_headers(name: str):
    """Extra headers are extra: addressing, dates and structure are the adapter's own."""
    assert isinstance(make(EmailContent(subject="S", text="T", headers=((name, "x"),))), Unmailable)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "jordan",
        "@example.com",
        "jordan@",
        "a b@example.com",
        "a@b@example.com",
        "a,b@example.com",
    ],
)
def test_an_address_that_is_none_is_refused(address: str):
    """What is no mailbox is refused here, before a server could read it in its own way."""
    content = EmailContent(subject="S", text="T")
    assert isinstance(make(content, destination=address), Unmailable)
    assert isinstance(make(content, sender=address), Unmailable)


@hypothesis.given(
    subject=st.text(max_size=300),
    text=st.text(max_size=500),
    html=st.none() | st.text(max_size=200),
    name=st.text(max_size=40),
    value=st.text(max_size=200),
    locale=st.text(max_size=10),
)
def test_whatever_is_written_the_headers_are_ours(
    subject: str, text: str, html: str | None, name: str, value: str, locale: str
):
    """For any texts at all: either the mail is refused, or a reader finds our headers and no other."""
    content = EmailContent(subject=subject, text=text, html=html, headers=(("List-Unsubscribe", value),))
    mail = make(content, sender=f"{name} <care@example.org>", locale=locale)
    if isinstance(mail, Unmailable):
        return
    head = mail.raw.split(b"\r\n\r\n", 1)[0]
    names = [line.split(b":", 1)[0] for line in head.split(b"\r\n") if not line.startswith((b" ", b"\t"))]
    assert sorted(names) == sorted(
        [b"List-Unsubscribe", b"From", b"To", b"Subject", b"Message-ID", b"Date", b"MIME-Version"]
        + [b"Content-Type", b"Content-Language"]
        + ([] if html is not None else [b"Content-Transfer-Encoding"])
    )
    assert b"\r" not in mail.raw.replace(b"\r\n", b"")
    assert b"\n" not in mail.raw.replace(b"\r\n", b"")
    assert (mail.envelope_from, mail.envelope_to) == ("care@example.org", "jordan@example.com")
