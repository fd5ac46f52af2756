"""The composition root: opens every part of a process in order, and closes them in the reverse order."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

import redis.asyncio
from redis.exceptions import RedisError

from channels.base import Adapter, OpenChannel, WebhookReader
from channels.registry import discover, discover_readers
from config.settings import Settings
from gateway.accounts import OpenAccount, make_sandbox_secrets, read_accounts
from gateway.clock import Clock, SystemClock
from gateway.policy import open_policy
from gateway.providers import Route, route_of
from gateway.runtime import SKEW_MAX, Runtime
from gateway.store import accepting
from gateway.store.columns import (
    call,
    of_facts,
    of_inbound,
    of_leaves,
    of_moves,
    of_permits,
    of_receipts,
    of_settlements,
)
from gateway.store.creditors import Creditors
from gateway.store.facts import histories, identities
from gateway.store.sessions import connect, make_pool
from gateway.store.writer import GroupWriter, Stamp
from gateway.vault import Randomness, open_vault
from gateway.zones import warm_up
from throttling.ledger import Ledger
from throttling.pace import Pace
from throttling.packing import packing_in_c

REDIS_TIMEOUT_S = 0.5
REDIS_AWAY: tuple[type[Exception], ...] = (RedisError, OSError)
"""Everything that Redis raises when it gives no answer."""

Item = TypeVar("Item")
Columns = Callable[[Sequence[Item], Stamp], Sequence[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What a process takes from the world around it: time, randomness, and the adapters installed.

    A test that moves the clock also says how far it may be from the database's.
    """

    clock: Clock
    random: Randomness
    skew_max: timedelta
    channels: Callable[[Collection[str]], Mapping[str, OpenChannel]]


REAL_WORLD = World(clock=SystemClock(), random=secrets.token_bytes, skew_max=SKEW_MAX, channels=discover)


@asynccontextmanager
async def open_runtime(
    settings: Settings, part: str, *, sends: bool, world: World = REAL_WORLD
) -> AsyncIterator[Runtime]:
    """Everything a process of this part works with; adapters are opened only where it `sends`.

    Raises PolicyMissing, VaultError, KeyFileError, AccountsFault, AccountError, RegistryError, OSError and asyncpg's
    errors: a process that cannot have its parts does not start.
    """
    warm_up()
    async with AsyncExitStack() as stack:
        assert settings.database_url is not None and settings.redis_url is not None  # noqa: PT018 - one condition
        vault = open_vault(settings.master_key_file)
        pool = await stack.enter_async_context(make_pool(settings.database_url))
        policy = await open_policy(pool)
        client = _open_redis(stack, settings.redis_url)
        make_sandbox_secrets(settings, secrets.token_bytes)
        accounts = read_accounts(settings)
        adapters = await _open_adapters(stack, accounts, world) if sends else {}
        writers = _Writers(settings.database_url, f"{part}-{secrets.token_hex(4)}")
        rt = Runtime(
            clock=world.clock,
            skew_max=world.skew_max,
            random=world.random,
            vault=vault,
            policy=policy,
            creditors=Creditors(pool, vault),
            pool=pool,
            ledger=Ledger(client),
            pace=Pace(client),
            identities=identities(pool),
            histories=histories(pool),
            accepting=writers.make("accept_contacts", 25, accepting.columns),
            # Never two groups in one statement: each was decided in turn by itself, and versions are compared once. Two
            # contacts of one person, decided apart on the same facts, would both pass, one over the cap.
            permitting=writers.make(
                "permit_contacts", 20, partial(of_permits, skew=world.skew_max), group_max=1
            ),
            moving=writers.make("move_contacts", 8, of_moves, group_max=500),
            settling=writers.make("settle_attempts", 13, of_settlements, give_up_s=None, waiting_max=100_000),
            receiving=writers.make("record_receipts", 15, of_receipts, group_max=500),
            taking=writers.make("take_inbound", 14, of_inbound, group_max=1),
            facts=writers.make("record_fact", 25, of_facts, group_max=1),
            leaves=writers.make("write_leaves", 5, of_leaves),
            routes=_routes(accounts, adapters),
            adapters=adapters,
            readers=_readers(accounts),
            redis_answers=partial(_answers, client),
        )
        await _run_beside(stack, [*(writer.run() for writer in writers.made), policy.follow()])
        yield rt


def _open_redis(stack: AsyncExitStack, url: str) -> redis.asyncio.Redis:
    # No socket_timeout: everyone who asks brings a deadline for a whole pipeline, and redis-py would make a timer, or
    # even a task, for every answer in it.
    client: redis.asyncio.Redis = redis.asyncio.Redis.from_url(url, socket_connect_timeout=REDIS_TIMEOUT_S)
    client.connection_pool.connection_class = packing_in_c(client.connection_pool.connection_class)
    stack.push_async_callback(client.aclose)
    return client


class _Writers:
    """Makes the writers of one process; each is a sequence of its own, named after process and function."""

    def __init__(self, database_url: str, process: str) -> None:
        self._connect = partial(connect, database_url)
        self._process = process
        self.made: list[GroupWriter[object]] = []

    def make(
        self,
        function: str,
        arguments: int,
        columns: Columns[Item],
        *,
        group_max: int = 200,
        waiting_max: int = 5_000,
        give_up_s: float | None = 3.0,
    ) -> GroupWriter[Item]:
        writer = GroupWriter(
            self._connect,
            name=f"{self._process}/{function}",
            statement=call(function, arguments),
            columns=columns,
            group_max=group_max,
            waiting_max=waiting_max,
            give_up_s=give_up_s,
        )
        self.made.append(writer)  # type: ignore[arg-type]  # only run() is called on what is kept here
        return writer


async def _open_adapters(
    stack: AsyncExitStack, accounts: Sequence[OpenAccount], world: World
) -> dict[str, Adapter]:
    factories = world.channels({one.account.provider for one in accounts})
    return {
        one.account.name: await stack.enter_async_context(factories[one.account.provider](one.account))
        for one in accounts
    }


def _readers(accounts: Sequence[OpenAccount]) -> dict[str, WebhookReader]:
    makers = discover_readers({one.account.provider for one in accounts})
    return {
        one.account.name: makers[one.account.provider](one.account)
        for one in accounts
        if one.account.provider in makers
    }


def _routes(accounts: Sequence[OpenAccount], adapters: dict[str, Adapter]) -> dict[str, Route]:
    return {
        one.account.name: route_of(one.account, one.senders, adapters[one.account.name].answer_deadline_s)
        for one in accounts
        if one.account.name in adapters
    }


async def _run_beside(stack: AsyncExitStack, work: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Run tasks until the stack closes; they are cancelled first, while what they use is still open."""
    tasks = [asyncio.create_task(each) for each in work]

    async def end() -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    stack.push_async_callback(end)


async def _answers(client: redis.asyncio.Redis) -> bool:
    try:
        async with asyncio.timeout(REDIS_TIMEOUT_S):
            return bool(await client.ping())
    except REDIS_AWAY:  # a TimeoutError is an OSError
        return False
