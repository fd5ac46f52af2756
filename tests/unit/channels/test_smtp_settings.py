"""The settings of an SMTP account: safe ones open, others are told by name."""

import pytest

from channels.base import Account, AccountError, ChannelName
from channels.smtp_settings import Tls, parse_smtp_settings


def account(secrets: dict[str, str], **settings: str) -> Account:
    return Account(
        name="mail",
        provider="smtp",
        channels=frozenset({ChannelName.EMAIL}),
        settings=settings,
        secrets=secrets,
        rate_per_s=1.0,
        burst=1,
        concurrency=1,
    )


def test_the_default_is_the_safe_one():
    """With a host alone: submission port, TLS required, the system's authorities."""
    settings = parse_smtp_settings(account({}, host="smtp.example.org"))
    assert (settings.port, settings.tls, settings.ca_file) == (587, Tls.REQUIRED, None)


@pytest.mark.parametrize(
    ("secrets", "settings", "words"),
    [
        ({}, {}, "`host` is missing"),
        ({}, {"host": "h", "hots": "x"}, "unknown setting hots"),
        ({}, {"host": "h", "tls": "maybe"}, "`tls` must be one of"),
        ({}, {"host": "h", "tls": "none"}, "in the clear"),
        ({"password": "p"}, {"host": "h", "username": "u", "tls": "offered"}, "in the clear"),
        ({"password": "p"}, {"host": "h"}, "go together"),
        ({}, {"host": "h", "username": "u"}, "go together"),
        ({}, {"host": "h", "port": "0"}, "`port` must be"),
        ({}, {"host": "h", "port": "65536"}, "`port` must be"),
        ({}, {"host": "h", "answer_deadline_s": "never"}, "`answer_deadline_s` must be"),
    ],
)
def test_settings_that_cannot_work_are_told(secrets: dict[str, str], settings: dict[str, str], words: str):
    """A setting that is missing, mistyped or unsafe stops the account from opening, and is named."""
    with pytest.raises(AccountError, match=words):
        parse_smtp_settings(account(secrets, **settings))


def test_nothing_prints_the_password():
    """Settings in a traceback show no secret."""
    settings = parse_smtp_settings(account({"password": "hunter2"}, host="h", username="u"))
    assert "hunter2" not in repr(settings)
