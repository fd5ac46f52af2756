"""Every environment variable that Forbear reads: its name, its default, what it means and what it may hold."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import msgspec

LOG_LEVELS = ("debug", "info", "warning", "error")
PORT_MAX = 65535


class Bad(msgspec.Struct, frozen=True):
    """Why a text is no value of a variable, without repeating the text: it may hold a password."""

    reason: str


class Listen(msgspec.Struct, frozen=True, kw_only=True):
    """An address to listen on."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


Value = str | bool | Path | Listen
Parse = Callable[[str], Value | Bad]


class Variable(msgspec.Struct, frozen=True, kw_only=True):
    """One environment variable. `default` is written as in the environment; None means not set."""

    name: str
    field: str
    parse: Parse
    help: str
    default: str | None = None
    secret: bool = False


def url(*schemes: str) -> Parse:
    """A parser of URLs with one of `schemes`."""

    def parse(text: str) -> str | Bad:
        parts = split(text)
        if parts is None or parts.scheme not in schemes:
            return Bad(f"must be a URL that begins with {' or '.join(f'{scheme}:' for scheme in schemes)}")
        return text

    return parse


def web_url(text: str) -> str | Bad:
    """A base URL of a web site, without its last slash."""
    parts = split(text)
    if (
        parts is None
        or parts.scheme not in {"http", "https"}
        or not parts.hostname
        or parts.query
        or parts.fragment
    ):
        return Bad("must be a URL like https://forbear.example.com, without query or fragment")
    return text.rstrip("/")


def split(text: str) -> SplitResult | None:
    """The parts of a URL, or None when it is none."""
    try:
        return urlsplit(text)
    except ValueError:
        return None


def path(text: str) -> Path:
    """Any text names a path; whether something is there is asked by who opens it."""
    return Path(text)


def listen(text: str) -> Listen | Bad:
    """`host:port`, `[v6]:port`; port 0 asks the system for a free one."""
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > PORT_MAX:
        return Bad("must be HOST:PORT, for example 127.0.0.1:8080 or [::1]:8080")
    return Listen(host=host, port=int(port))


def level(text: str) -> str | Bad:
    """A log level."""
    return text if text in LOG_LEVELS else Bad(f"must be one of {', '.join(LOG_LEVELS)}")


def switch(text: str) -> bool | Bad:
    """`on` or `off`, and nothing that might be taken for either."""
    return {"on": True, "off": False}.get(text, Bad("must be on or off"))


def text(value: str) -> str:
    """Any text."""
    return value


POSTGRES, REDIS = url("postgresql", "postgres"), url("redis", "rediss", "unix")

VARIABLES = (
    Variable(
        name="DATABASE_URL",
        field="database_url",
        parse=POSTGRES,
        secret=True,
        help="PostgreSQL 15 or later, as the role forbear_app (serve, work). Not set: the embedded servers.",
    ),
    Variable(
        name="DATABASE_OWNER_URL",
        field="database_owner_url",
        parse=POSTGRES,
        secret=True,
        help="The same database as the role that owns the tables (migrate, keys).",
    ),
    Variable(
        name="SEAL_DATABASE_URL",
        field="seal_database_url",
        parse=POSTGRES,
        secret=True,
        help="The same database as the role forbear_sealer (seal).",
    ),
    Variable(
        name="REDIS_URL",
        field="redis_url",
        parse=REDIS,
        secret=True,
        help="Valkey or Redis 7 or later, for the ledger and the paces. Never the last word on any contact.",
    ),
    Variable(
        name="QUEUE_URL",
        field="queue_url",
        parse=REDIS,
        secret=True,
        help="Valkey or Redis without cluster mode, for job hints. Not set: the same as REDIS_URL.",
    ),
    Variable(
        name="FORBEAR_DATA_DIR",
        field="data_dir",
        parse=path,
        default=".forbear",
        help="The folder of the embedded servers, and of the keys unless they are named below.",
    ),
    Variable(
        name="FORBEAR_LISTEN",
        field="listen",
        parse=listen,
        default="127.0.0.1:8080",
        help="Where serve listens. TLS ends before it.",
    ),
    Variable(
        name="FORBEAR_PUBLIC_URL",
        field="public_url",
        parse=web_url,
        help="How providers and browsers reach serve. Not set: http:// and FORBEAR_LISTEN.",
    ),
    Variable(
        name="FORBEAR_MASTER_KEY_FILE",
        field="master_key_file",
        parse=path,
        help="The key that seals all personal data, mode 0600. Not set: keys/master.key in the data folder.",
    ),
    Variable(
        name="FORBEAR_SEAL_KEY_FILE",
        field="seal_key_file",
        parse=path,
        help="The key that signs checkpoints of the audit log. Not set: keys/seal.key in the data folder.",
    ),
    Variable(
        name="FORBEAR_SEAL_STATE_FILE",
        field="seal_state_file",
        parse=path,
        help="What seal remembers outside the database. Not set: seal.state in the data folder.",
    ),
    Variable(
        name="FORBEAR_PROVIDERS_FILE",
        field="providers_file",
        parse=path,
        help="Provider accounts and sender ids. Not set: the sandbox for every channel.",
    ),
    Variable(
        name="FORBEAR_POLICY_DIR",
        field="policy_dir",
        parse=path,
        help="The folder of rule packs. Not set: the packs that ship with Forbear.",
    ),
    Variable(
        name="FORBEAR_LOG_LEVEL",
        field="log_level",
        parse=level,
        default="info",
        help=f"One of {', '.join(LOG_LEVELS)}. No level logs an address, a name or a text.",
    ),
    Variable(
        name="FORBEAR_SANDBOX",
        field="sandbox",
        parse=switch,
        default="off",
        help="on: serve shows the handset page /sandbox with what the sandbox adapter sent. Never with real people.",
    ),
    Variable(
        name="FORBEAR_API_URL",
        field="api_url",
        parse=web_url,
        help="Where `forbear send` finds the API. Not set: FORBEAR_PUBLIC_URL.",
    ),
    Variable(
        name="FORBEAR_API_KEY",
        field="api_key",
        parse=text,
        secret=True,
        help="The API key that `forbear send` uses.",
    ),
    Variable(
        name="FORBEAR_POSTGRES_BIN",
        field="postgres_bin",
        parse=path,
        help="The folder of postgres and initdb, for the embedded server. Not set: the wheel's.",
    ),
    Variable(
        name="FORBEAR_VALKEY_BIN",
        field="valkey_bin",
        parse=path,
        help="The program valkey-server, for the embedded server. Not set: the wheel's.",
    ),
)
