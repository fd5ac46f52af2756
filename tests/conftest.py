"""What every test may use: one real Valkey and PostgreSQL a run, a fresh database a test, a clock, no network."""

import asyncio
import datetime as dt
import itertools
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import asyncpg
import hypothesis
import msgspec
import pytest
import redis

from gateway.embedded.stack import Stack

ON_CI = os.environ.get("CI", "") not in {"", "0", "false"}  # noqa: TID251  (decides how tests run, not what they test)

hypothesis.settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True, max_examples=100)
hypothesis.settings.register_profile("dev", deadline=None, max_examples=60)
hypothesis.settings.load_profile("ci" if ON_CI else "dev")

TEMPLATE = "forbear_template"


# --- the network: nothing leaves this machine -----------------------------------------------------------------------


class NetworkBlockedError(RuntimeError):
    """A test tried to reach another machine. Not an OSError, which the code under test may well expect."""


def _is_local(host: object) -> bool:
    if host is None or host in {"", b"", "localhost", b"localhost"}:
        return True
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _guard(event: str, arguments: tuple[Any, ...]) -> None:
    if event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
        address = arguments[1]
        if isinstance(address, tuple) and not _is_local(address[0]):
            raise NetworkBlockedError("a test may reach this machine only; use a counterpart on loopback")
    elif event == "socket.getaddrinfo" and not _is_local(arguments[0]):
        raise NetworkBlockedError("a test may look up no foreign name; use 127.0.0.1 or a unix socket")


sys.addaudithook(_guard)


# --- on CI nothing is skipped ---------------------------------------------------------------------------------------


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """On CI a skipped test is a failed one."""
    report = yield
    if ON_CI and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and on CI nothing may be: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[None]:
    """On CI a skipped file is a failed one."""
    report = yield
    if ON_CI and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"{collector.nodeid} was skipped, and on CI nothing may be: {report.longrepr}"
    return report


# --- the servers ----------------------------------------------------------------------------------------------------


class DatabaseUrls(msgspec.Struct, frozen=True, kw_only=True):
    """One database, seen by each role. `name` and `admin` are for tests that need the superuser."""

    name: str
    app: str
    owner: str
    sealer: str
    admin: str


class ValkeyUrls(msgspec.Struct, frozen=True, kw_only=True):
    """The server's two numbered databases: ledger and pace; job hints."""

    redis: str
    queue: str


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The one pair of servers of this run. Without fsync: what survives a power cut is tested elsewhere."""
    with Stack(tmp_path_factory.mktemp("stack"), durable=False) as servers:
        yield servers


def urls_of(stack: Stack, name: str) -> DatabaseUrls:
    """The addresses of one database of the running pair."""

    def to(url: str) -> str:
        return url.replace("/forbear?", f"/{name}?").replace("/postgres?", f"/{name}?")

    urls = stack.urls
    return DatabaseUrls(
        name=name,
        app=to(urls.database_url),
        owner=to(urls.database_owner_url),
        sealer=to(urls.seal_database_url),
        admin=to(urls.admin_url),
    )


async def admin(stack: Stack, *statements: str) -> None:
    """Run statements as the superuser, each in its own transaction."""
    connection = await asyncpg.connect(stack.urls.admin_url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def template_database(stack: Stack) -> str:
    """The name of a database with every migration applied, to be copied and never connected to."""
    from gateway.schema import migrate  # noqa: PLC0415  (tests without a database need not load it)

    asyncio.run(admin(stack, f"CREATE DATABASE {TEMPLATE} OWNER forbear_owner"))
    asyncio.run(migrate(urls_of(stack, TEMPLATE).owner))
    return TEMPLATE


_numbers = itertools.count(1)


@pytest.fixture
async def database(stack: Stack, template_database: str) -> AsyncIterator[DatabaseUrls]:
    """A migrated, empty database of this test's own."""
    name = f"test_{next(_numbers)}"
    await admin(stack, f"CREATE DATABASE {name} TEMPLATE {template_database} OWNER forbear_owner")
    yield urls_of(stack, name)
    await admin(stack, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def blank_database(stack: Stack) -> AsyncIterator[DatabaseUrls]:
    """A database without any migration."""
    name = f"blank_{next(_numbers)}"
    await admin(stack, f"CREATE DATABASE {name} OWNER forbear_owner")
    yield urls_of(stack, name)
    await admin(stack, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def valkey(stack: Stack) -> ValkeyUrls:
    """The server, emptied: no key and no script is left from another test."""
    with redis.Redis.from_url(stack.urls.redis_url) as client:
        client.flushall()
        client.script_flush()
    return ValkeyUrls(redis=stack.urls.redis_url, queue=stack.urls.queue_url)


@pytest.fixture
def redis_url(valkey: ValkeyUrls) -> str:
    """The address of the emptied ledger database."""
    return valkey.redis


# --- time, numbers --------------------------------------------------------------------------------------------------


@pytest.fixture
def at() -> dt.datetime:
    """A Tuesday in winter, noon in New York and nine in Los Angeles: nobody's quiet hours in the lower 48 states."""
    return dt.datetime(2026, 3, 3, 17, 0, tzinfo=dt.UTC)


# Numbers that nobody can have: +1 NPA 555-01xx (NANPA), 07700 900xxx (Ofcom's drama numbers), and 0491 57x xxx (ACMA).
_AUSTRALIAN = ("+61491570006", "+61491570156", "+61491570157", "+61491570158", "+61491570159", "+61491570110")
RESERVED: dict[str, Callable[[int], str]] = {
    "US": lambda n: f"+1202555{100 + n % 100:04d}",
    "GB": lambda n: f"+447700900{n % 1000:03d}",
    "AU": lambda n: _AUSTRALIAN[n % len(_AUSTRALIAN)],
}


@pytest.fixture(scope="session")
def reserved_number() -> Callable[[str, int], str]:
    """`reserved_number("US", 7)`: an E.164 number of that country that belongs to nobody."""
    return lambda country, n: RESERVED[country](n)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The folder of the checkout."""
    return Path(__file__).resolve().parent.parent
