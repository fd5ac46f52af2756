"""The settings of an SMTP account, read once and exactly."""

import ipaddress
from enum import StrEnum, unique

import msgspec

from channels.base import Account, AccountError


@unique
class Tls(StrEnum):
    """How the connection is protected."""

    REQUIRED = "required"
    """STARTTLS, and no mail without it (RFC 8314 section 3.3 allows it for submission; a stripped offer is refused)."""
    IMPLICIT = "implicit"
    """TLS from the first byte, port 465 (RFC 8314 section 3.3)."""
    OFFERED = "offered"
    """STARTTLS when the server offers it; whoever can cut the offer reads the mail. Not with a password."""
    NONE = "none"
    """No TLS. Only on this host."""


PORTS = {Tls.REQUIRED: 587, Tls.IMPLICIT: 465, Tls.OFFERED: 25, Tls.NONE: 25}
NAMES = frozenset(
    {
        "host",
        "port",
        "tls",
        "ca_file",
        "username",
        "helo_name",
        "return_path",
        "command_timeout_s",
        "answer_deadline_s",
    }
)


class SmtpSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where and how to submit mail.

    `return_path` None means the sender's address. `ca_file` None means the system's trusted authorities.
    `command_timeout_s` bounds each step before the final dot, `answer_deadline_s` the wait after it.
    """

    host: str
    port: int
    tls: Tls
    ca_file: str | None
    username: str | None
    password: str | None
    helo_name: str
    return_path: str | None
    command_timeout_s: float
    answer_deadline_s: float

    def __repr__(self) -> str:
        """Say nothing of the password."""
        return f"SmtpSettings(host={self.host!r}, port={self.port}, tls={self.tls.value!r})"


def parse_smtp_settings(account: Account) -> SmtpSettings:
    """The account's settings and its secret `password`. Raises `AccountError` naming the first that cannot work."""
    given = account.settings
    unknown = sorted(set(given) - NAMES)
    if unknown:
        raise _error(account, f"unknown setting {unknown[0]}; known: {', '.join(sorted(NAMES))}")
    host = given.get("host", "")
    if not host:
        raise _error(account, "the setting `host` is missing")
    try:
        tls = Tls(given.get("tls", Tls.REQUIRED))
    except ValueError:
        raise _error(account, f"`tls` must be one of {', '.join(Tls)}") from None
    username, password = given.get("username"), account.secrets.get("password")
    if (username is None) != (password is None):
        raise _error(account, "`username` and the secret `password` go together; one is missing")
    if (
        tls in {Tls.OFFERED, Tls.NONE}
        and not _is_this_host(host)
        and (tls is Tls.NONE or password is not None)
    ):
        raise _error(
            account, f"`tls: {tls.value}` would send mail or the password in the clear; use `required`"
        )
    return SmtpSettings(
        host=host,
        port=int(_number(account, "port", PORTS[tls], 65535)),
        tls=tls,
        ca_file=given.get("ca_file"),
        username=username,
        password=password,
        helo_name=given.get("helo_name", "localhost"),
        return_path=given.get("return_path"),
        command_timeout_s=_number(account, "command_timeout_s", 10.0, 300),
        answer_deadline_s=_number(account, "answer_deadline_s", 60.0, 600),
    )


def _number(account: Account, name: str, default: float, highest: float) -> float:
    text = account.settings.get(name)
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= highest:
        raise _error(account, f"`{name}` must be more than 0 and at most {highest}")
    return value


def _is_this_host(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _error(account: Account, words: str) -> AccountError:
    return AccountError(f"account {account.name}: {words}")
