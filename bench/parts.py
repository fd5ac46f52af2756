"""Parts alone, each beside its limit: decide, the ledger beside raw EVALSHA, group commit beside a bare insert.

A process of its own. Arguments: seconds for each run, how many runs, and the process ids of the two servers.
"""

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import asyncpg
import msgspec
import redis.asyncio
import uvloop

from bench.figures import Sample
from bench.processes import Meter
from config.settings import Settings, from_process
from gateway.ids import new_id
from gateway.processes.running import spare_the_collector
from gateway.runtime import Runtime
from gateway.store.accepting import NewContact
from gateway.wiring import open_runtime
from throttling.decide import decide
from throttling.facts import (
    AddressFacts,
    BorrowerFacts,
    Channel,
    Debt,
    Event,
    EventChannel,
    Facts,
    Request,
    ZoneEvidence,
    ZoneKind,
)
from throttling.rule_set import RuleSet

CALLERS: Final = 64
EVENTS: Final = 20
LEAF: Final = (
    1_100  # bytes of the leaf, the sealed request and the stored decision of the contacts that we send
)
SEALED: Final = 660
DECISION: Final = 700


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Runs by name; `decide_us` are median, 99th percentile and how many rules answered."""

    runs: dict[str, list[Sample]]
    decide_us: tuple[float, float, int]


async def measure(settings: Settings, seconds: float, repeats: int, servers: dict[str, int]) -> Answer:
    """Everything, turn and turn about with its limit."""
    runs: dict[str, list[Sample]] = {}
    async with open_runtime(settings, "bench", sends=False) as rt:
        assert settings.redis_url is not None
        assert settings.database_owner_url is not None
        raw = redis.asyncio.Redis.from_url(settings.redis_url)
        owner = await asyncpg.connect(settings.database_owner_url)
        await owner.execute(BARE_TABLE)
        work = {
            "evalsha": await _evalsha(raw),
            "ledger": lambda: _ledger(rt),
            "bare commit": _bare_commit(owner),
            "group commit": lambda: _group_commit(rt),
        }
        spare_the_collector()
        for _ in range(repeats):
            for name, once in work.items():
                callers = 1 if name == "bare commit" else CALLERS
                runs.setdefault(name, []).append(await _run(once, callers, seconds, servers))
        await owner.execute("DROP TABLE bench_bare")
        await owner.close()
        await raw.aclose()
        return Answer(runs=runs, decide_us=_decide_us(rt.policy.current().rules))


async def _run(
    once: Callable[[], Awaitable[int]], callers: int, seconds: float, servers: dict[str, int]
) -> Sample:
    done, stop_at = 0, time.perf_counter() + seconds

    async def call() -> None:
        nonlocal done
        while time.perf_counter() < stop_at:
            one = await once()
            done += one

    meter, own_s, began = Meter(servers), time.process_time(), time.perf_counter()
    await asyncio.gather(*(call() for _ in range(callers)))
    spent_s = time.perf_counter() - began
    used = meter.read() | {"process": time.process_time() - own_s}
    return Sample(value=done / spent_s, cpu_us={name: each / done * 1e6 for name, each in used.items()})


async def _evalsha(client: redis.asyncio.Redis) -> Callable[[], Awaitable[int]]:
    """A script that reads and writes one hash, call by call, as redis-py sends it."""
    digest = await client.script_load(
        "local a = redis.call('HGETALL', KEYS[1]); redis.call('HSET', KEYS[1], 'p', ARGV[1]); return #a"
    )

    async def once() -> int:
        await client.evalsha(digest, 1, f"bench:{os.urandom(4).hex()}", "x" * 100)  # type: ignore[misc]
        return 1

    return once


async def _ledger(rt: Runtime) -> int:
    """Look at a borrower nobody has seen and take a place, as acceptance does: two calls."""
    at, token = rt.clock.now(), os.urandom(16).hex()
    view = await rt.ledger.read(token, None, at)
    event = Event(
        at=at, kind="attempt", channel=EventChannel.SMS, debts=(token,), creditor="acme", contact=token
    )
    won = await rt.ledger.reserve(token, seen_stamp=view.stamp, contact=token, event=event, expires_s=5)
    return int(won)


BARE_TABLE: Final = "CREATE TABLE bench_bare (id uuid PRIMARY KEY, content bytea NOT NULL)"
BARE_INSERT: Final = "INSERT INTO bench_bare SELECT * FROM unnest($1::uuid[], $2::bytea[])"


def _bare_commit(owner: asyncpg.Connection) -> Callable[[], Awaitable[int]]:
    """As many rows to a statement as callers wait, of the same bytes, into one table with one index."""

    async def once() -> int:
        at = datetime.now(UTC)  # noqa: TID251 - a stand-alone program
        ids = [new_id(at, os.urandom) for _ in range(CALLERS)]
        await owner.execute(BARE_INSERT, ids, [os.urandom(LEAF + SEALED + DECISION + 400) for _ in ids])
        return CALLERS

    return once


async def _group_commit(rt: Runtime) -> int:
    """One contact of a new borrower through the writer, with its leaf."""
    at = rt.clock.now()
    contact, leaf = new_id(at, os.urandom), b'{"a":"' + os.urandom(LEAF // 2).hex().encode() + b'"}'
    item = NewContact(
        api_key="bench",
        idempotency_key=contact.hex,
        mac=os.urandom(32),
        keep_until=at + timedelta(days=1),
        borrower=os.urandom(16),
        subject=UUID(bytes=os.urandom(16), version=4),
        namespace="acme",
        creditor="acme",
        wrapped=os.urandom(90),
        address=os.urandom(32),
        id=contact,
        channel="sms",
        state="cancelled",
        priority=2,
        due_at=at,
        expires_at=at,
        debts=os.urandom(16),
        template=os.urandom(32),
        purpose="payment_reminder",
        reference=contact.hex,
        request=os.urandom(SEALED),
        decision=os.urandom(DECISION),
        at=at,
        kind="contact.accepted",
        leaf=lambda _stamp: leaf,
    )
    return 1 - await rt.accepting.write(item)


def _decide_us(rules: RuleSet) -> tuple[float, float, int]:
    """`decide` on a borrower with twenty events in the last ninety days, a debt and two zones."""
    at = datetime.now(UTC)  # noqa: TID251 - a stand-alone program
    zones = ("America/New_York", "America/Chicago")
    facts = Facts(
        request=Request(
            creditor="acme",
            channel=Channel.VOICE,
            purpose="payment_reminder",
            country="US",
            region="US-NY",
            debts=(Debt(token="ab" * 16, type="credit_card"),),
            zones=tuple(ZoneEvidence(zone=zone, kind=ZoneKind.STATED, source="bench") for zone in zones),
            lines=frozenset({"opt_out", "help"}),
            template="",
        ),
        borrower=BorrowerFacts(
            version=1,
            events=tuple(
                Event(
                    at=at - timedelta(days=8 + 4 * n, minutes=n),
                    kind="attempt",
                    channel=EventChannel.VOICE if n % 2 else EventChannel.EMAIL,
                    debts=("ab" * 16,),
                    creditor="acme",
                )
                for n in range(EVENTS)
            ),
            suppressions=(),
            restrictions=(),
        ),
        address=AddressFacts(version=1, suppressions=()),
    )
    looked = len(rules.select(facts.request).rules)
    times = []
    for _ in range(20_000):
        began = time.perf_counter_ns()
        decide(facts, rules, at)
        times.append((time.perf_counter_ns() - began) / 1000)
    times.sort()
    return times[len(times) // 2], times[len(times) * 99 // 100], looked


def main() -> None:
    """Measure and print the answer as JSON."""
    settings = from_process()
    if isinstance(settings, list):
        sys.exit("\n".join(str(fault) for fault in settings))
    seconds, repeats = float(sys.argv[1]), int(sys.argv[2])
    servers = {"postgres": int(sys.argv[3]), "valkey": int(sys.argv[4])}
    print(msgspec.json.encode(uvloop.run(measure(settings, seconds, repeats, servers))).decode())


if __name__ == "__main__":
    main()
