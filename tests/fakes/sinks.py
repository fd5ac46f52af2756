"""Everywhere that something about a person could end up outside the sealed columns, as bytes to search."""

import io
from collections.abc import Iterable

import asyncpg
import redis.asyncio


async def tables(owner: asyncpg.Connection) -> dict[str, bytes]:
    """Every table of the database as PostgreSQL writes it out; `bytea` is hexadecimal there."""
    names = await owner.fetch(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
    )
    found = {}
    for (name,) in names:
        written = io.BytesIO()
        await owner.copy_from_query(f'SELECT * FROM "{name}"', output=written)
        found[f"table {name}"] = written.getvalue()
    return found


async def keys(url: str) -> dict[str, bytes]:
    """Every key of a Valkey database with everything it holds, whatever its type."""
    found = {}
    async with redis.asyncio.Redis.from_url(url) as client:
        for key in await client.keys("*"):
            match (await client.type(key)).decode():
                case "string":
                    held: object = await client.get(key)
                case "hash":
                    held = await client.hgetall(key)
                case "zset":
                    held = await client.zrange(key, 0, -1, withscores=True)
                case "set":
                    held = await client.smembers(key)
                case "list":
                    held = await client.lrange(key, 0, -1)
                case other:
                    raise AssertionError(f"a key of type {other}: say how it is read")
            found[f"key {key!r}"] = key + b" " + _flat(held)
    return found


def _flat(held: object) -> bytes:
    if isinstance(held, bytes):
        return held
    if isinstance(held, dict):
        return b" ".join(_flat(part) for pair in held.items() for part in pair)
    if isinstance(held, list | set | tuple):
        return b" ".join(_flat(part) for part in held)
    return str(held).encode()


def holding(sinks: dict[str, bytes], canaries: Iterable[str]) -> list[str]:
    """Which sinks hold which canaries, in plain text or in hexadecimal, in upper or lower case."""
    offences = []
    for canary in canaries:
        plain = canary.lower().encode()
        shapes = (plain, plain.hex().encode(), canary.encode().hex().encode())
        for name, content in sinks.items():
            if any(shape in content.lower() for shape in shapes):
                offences.append(f"{name} holds {canary!r}")
    return offences
