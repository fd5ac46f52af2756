"""What `forbear doctor` looks at: each thing an installation needs, with what to do when it is wrong."""

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime, timedelta
from importlib.resources import files

import asyncpg
import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from config.settings import Settings
from gateway.key_file import KeyFileError, read_key_file
from gateway.store.faults import PostgresError

POSTGRES_OLDEST = 150_000
SEAL_AGE_MAX = timedelta(seconds=10)
SKEW_MAX = timedelta(seconds=1)  # beyond it nothing is permitted: see gateway.runtime
CONNECT_TIMEOUT_S = 5.0


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What was looked at, whether it is well, and what was seen or is to be done."""

    name: str
    well: bool
    said: str


async def examine(settings: Settings, now: Callable[[], datetime]) -> list[Finding]:
    """Everything that can be looked at with these settings, in the order of what depends on what."""
    findings = list(key_files(settings))
    if settings.database_url:
        findings += await asked(
            "database", settings.database_url, lambda connection: database(connection, now)
        )
    if settings.database_owner_url:
        findings += await asked("schema", settings.database_owner_url, schema)
    for name, url in (("ledger", settings.redis_url), ("queue", settings.queue_url)):
        if url:
            findings.append(await redis(name, url))
    return findings


def key_files(settings: Settings) -> Iterator[Finding]:
    """Whether each key file is there and closed to others."""
    for name, path in (("master key", settings.master_key_file), ("seal key", settings.seal_key_file)):
        try:
            read_key_file(path)
        except KeyFileError as error:
            yield Finding(name=name, well=False, said=str(error))
        else:
            yield Finding(name=name, well=True, said=f"{path}. Is there a copy elsewhere?")


async def asked(
    name: str, url: str, look: Callable[[asyncpg.Connection], AsyncIterator[Finding]]
) -> list[Finding]:
    """What `look` finds on a connection, or that there is none to be had."""
    try:
        connection = await asyncpg.connect(url, timeout=CONNECT_TIMEOUT_S)
    except (OSError, PostgresError, TimeoutError) as error:
        return [
            Finding(
                name=name, well=False, said=f"no connection ({type(error).__name__}); is the server running?"
            )
        ]
    try:
        return [finding async for finding in look(connection)]
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedFunctionError):
        return [Finding(name=name, well=False, said="there are no tables; run `forbear migrate`")]
    finally:
        await connection.close()


async def database(connection: asyncpg.Connection, now: Callable[[], datetime]) -> AsyncIterator[Finding]:
    """The server as the application sees it."""
    version = int(await connection.fetchval("SHOW server_version_num"))
    durable = await connection.fetchval("SHOW fsync") == "on"
    said = (
        f"PostgreSQL {version // 10_000}"
        if version >= POSTGRES_OLDEST
        else "PostgreSQL 15 or later is needed"
    )
    well = version >= POSTGRES_OLDEST and durable
    yield Finding(
        name="database", well=well, said=said if durable else "fsync is off: a power cut loses records"
    )

    strong = await connection.fetchval(
        "SELECT pg_has_role(oid, 'MEMBER') FROM pg_roles WHERE rolname = 'forbear_owner'"
    )
    advice = (
        "DATABASE_URL is of a role that owns the tables; use forbear_app, which cannot rewrite the audit log"
    )
    yield Finding(
        name="role", well=not strong, said=advice if strong else "may call the functions, owns nothing"
    )

    before = now()
    skew = await connection.fetchval("SELECT clock_timestamp()") - before
    said = f"{skew.total_seconds() * 1000:.0f} ms from the database's"
    well = abs(skew) <= SKEW_MAX
    yield Finding(
        name="clock", well=well, said=said if well else said + "; nothing is sent until they agree (NTP?)"
    )

    active = await connection.fetchval("SELECT encode(hash, 'hex') FROM policy_active")
    said = f"{active[:16]} is in force" if active else "none is in force; run `forbear policy apply`"
    yield Finding(name="policy", well=active is not None, said=said)

    sealed = await connection.fetchval("SELECT max(at) FROM seal")
    well = sealed is not None and now() - sealed <= SEAL_AGE_MAX
    said = "the newest seal is fresh" if well else "no fresh seal; is `forbear seal` running?"
    yield Finding(name="seal", well=well, said=said)

    stops = await connection.fetch("SELECT DISTINCT scope FROM stop_active")
    scopes = ", ".join(sorted(row["scope"] for row in stops))
    yield Finding(
        name="stop flags", well=not stops, said=f"sending is stopped for: {scopes}" if stops else "none set"
    )


async def schema(connection: asyncpg.Connection) -> AsyncIterator[Finding]:
    """Whether the database has seen every migration of this version."""
    has = await connection.fetchval("SELECT max(version_num) FROM alembic_version")
    newest = max(
        entry.name
        for entry in files("gateway.schema").joinpath("versions").iterdir()
        if entry.name[0].isdigit()
    )
    wants = newest.removesuffix(".py")
    said = f"at {has}" if has == wants else f"at {has}, this version wants {wants}; run `forbear migrate`"
    yield Finding(name="schema", well=has == wants, said=said)


async def redis(name: str, url: str) -> Finding:
    """Whether the server answers, keeps what it is given, and fits its use."""
    client: Redis = Redis.from_url(url, socket_timeout=CONNECT_TIMEOUT_S, decode_responses=True)
    try:
        about = await client.info()
    except (RedisError, OSError) as error:
        return Finding(
            name=name, well=False, said=f"no answer ({type(error).__name__}); is the server running?"
        )
    finally:
        await client.aclose()
    if about.get("maxmemory_policy") != "noeviction":
        return Finding(
            name=name, well=False, said="maxmemory-policy must be noeviction; others forget without a word"
        )
    if name == "queue" and about.get("cluster_enabled"):
        return Finding(
            name=name, well=False, said="the job queue needs a server without cluster mode; set QUEUE_URL"
        )
    release = about.get("valkey_version") or about.get("redis_version")
    return Finding(name=name, well=True, said=f"{about.get('server_name', 'redis')} {release}")
