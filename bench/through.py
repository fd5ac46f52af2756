"""End to end: requests at a steady rate through acceptance, decision, permit, sandbox carrier, outcome and receipt."""

import asyncio
import time
from typing import Any, Final

import asyncpg

from bench.arrival import SINGLE, check
from bench.figures import Sample
from bench.load import Orders
from bench.rig import BenchError, Load, Rig

DRAIN_S: Final = 60.0
POLL_S: Final = 0.1
PARTS: Final = ("carrier", "serve", "work", "seal")

# `permitted` is what left while requests were still coming; `waits` from acceptance to permit, in milliseconds.
TOLD: Final = """
SELECT count(*) FILTER (WHERE a.permitted_at <= $2) AS permitted,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM a.permitted_at - c.created_at)) * 1000 AS p50,
       percentile_cont(0.99) WITHIN GROUP (ORDER BY extract(epoch FROM a.permitted_at - c.created_at)) * 1000 AS p99
  FROM attempt a JOIN contact c ON c.id = a.contact_id WHERE c.created_at >= $1"""
LEFT: Final = """
SELECT count(*) FILTER (WHERE state IN ('queued', 'dispatching')) AS waiting,
       count(*) FILTER (WHERE state IN ('sent', 'delivered')) AS sent,
       count(*) FILTER (WHERE state = 'delivered') AS delivered, count(*) AS all
  FROM contact WHERE created_at >= $1"""


def goes_through(rig: Rig, rate_per_s: float, seconds: float) -> Sample:
    """Contacts a second that were permitted while `rate_per_s` were asked for; all of them must have been sent."""
    count = int(rate_per_s * seconds)
    orders = Orders(
        port=rig.settings.listen.port,
        path=SINGLE,
        token=rig.token,
        first=rig.reserve(count),
        count=count,
        seconds=seconds,
        rate_per_s=rate_per_s,
    )
    load = Load(orders)
    meter = rig.meter()
    began = asyncio.run(_ask(rig, "SELECT clock_timestamp() AS now"))["now"]
    report = load.run()
    check(report)
    ended = asyncio.run(_ask(rig, "SELECT clock_timestamp() AS now"))["now"]
    backlog = asyncio.run(_ask(rig, LEFT, began))["waiting"]
    drain_s = _drain(rig, began)
    spent = meter.read() | {"load": report.cpu_s}
    told = asyncio.run(_ask(rig, TOLD, began, ended))
    return Sample(
        value=told["permitted"] / (ended - began).total_seconds(),
        cpu_us={name: used / count * 1e6 for name, used in spent.items()},
        more={
            "accept_p50_ms": report.p50_ms,
            "accept_p99_ms": report.p99_ms,
            "permit_p50_ms": float(told["p50"]),
            "permit_p99_ms": float(told["p99"]),
            "backlog": float(backlog),
            "drain_s": drain_s,
            "late_ms": report.late_ms,
        },
    )


def _drain(rig: Rig, began: Any) -> float:
    """Wait until every contact is sent and its receipt is in; the seconds that took."""
    start = time.monotonic()
    while True:
        left = asyncio.run(_ask(rig, LEFT, began))
        spent_s = time.monotonic() - start
        if left["delivered"] == left["all"]:
            return spent_s
        if spent_s > DRAIN_S:
            raise BenchError(f"not everything was delivered: {dict(left)}")
        time.sleep(POLL_S)


async def _ask(rig: Rig, query: str, *arguments: Any) -> asyncpg.Record:
    owner = await asyncpg.connect(rig.settings.database_owner_url)
    try:
        record: asyncpg.Record = await owner.fetchrow(query, *arguments)
        return record
    finally:
        await owner.close()
