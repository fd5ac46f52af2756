"""Hints between processes, over arq: ids of due contacts, nothing about anybody. The door to arq, with gateway.worker.

arq is a hint only. A hint may be lost (release gives it again) or doubled (the permit finds the contact gone). Each has
a fresh job id, keeps no result, and is msgpack, not pickle, which would run code for whoever reaches Redis.
"""

from typing import Final
from uuid import uuid4

import msgspec
from arq.connections import ArqRedis, RedisSettings, create_pool
from redis.exceptions import RedisError

QUEUE: Final = "forbear:hand_off"
JOB: Final = "hand_off"
JOB_EXPIRES_MS: Final = 60_000  # a hint older than this has been given again

QUEUE_AWAY: Final[tuple[type[Exception], ...]] = (RedisError, OSError)
"""Everything that the queue raises when its server gives no answer."""

serialize = msgspec.msgpack.Encoder().encode
deserialize = msgspec.msgpack.Decoder().decode


def queue_of(account: str) -> str:
    """Each account has a queue of its own: a provider that stands still holds up no other."""
    return f"{QUEUE}:{account}"


def redis_settings(url: str) -> RedisSettings:
    """The server of a URL such as redis://host:6379/1 or unix:///path?db=1, with short time-outs."""
    settings = RedisSettings.from_dsn(url)
    settings.conn_timeout, settings.conn_retries, settings.conn_retry_delay = 2, 2, 1
    return settings


class ArqHints:
    """Gives hints through one connection pool. `open_hints` makes it."""

    def __init__(self, pool: ArqRedis) -> None:
        self._pool = pool

    async def hint(self, account: str, contacts: list[str]) -> None:
        """Hand the ids to whichever worker is free. Raises redis.RedisError."""
        await self._pool.enqueue_job(
            JOB, contacts, _job_id=uuid4().hex, _queue_name=queue_of(account), _expires=JOB_EXPIRES_MS
        )

    async def waiting(self, account: str) -> int:
        """How many hints of an account have not been taken into a lane yet."""
        count: int = await self._pool.zcard(queue_of(account))
        return count

    async def close(self) -> None:
        """Close the pool."""
        await self._pool.aclose()


async def open_pool(url: str) -> ArqRedis:
    """Connections to the queue at `url`. Raises redis.RedisError and OSError."""
    return await create_pool(
        redis_settings(url), job_serializer=serialize, job_deserializer=deserialize, default_queue_name=QUEUE
    )


async def open_hints(url: str) -> ArqHints:
    """Hints through the Redis at `url`. Raises redis.RedisError and OSError."""
    return ArqHints(await open_pool(url))
