"""Permits in one worker: contacts that wait are read, decided, opened, rendered and permitted in groups, none is sent.

A process of its own. Arguments: how many contacts, how many measurements, and the process ids of the two servers.
"""

import asyncio
import sys
import time
from collections.abc import Callable
from typing import Final
from uuid import UUID

import msgspec
import uvloop

from bench.figures import Sample
from bench.processes import Meter
from config.settings import Settings, from_process
from gateway.hand_off import permit_group
from gateway.prepare import Preparing, Ready, prepare
from gateway.processes.running import spare_the_collector
from gateway.providers import Route
from gateway.runtime import Runtime
from gateway.store.handing import Handing, load_handing
from gateway.wanted import Wanted, read_request
from gateway.wire import ContactRequest
from gateway.wiring import open_runtime
from templates_sms.render import RenderFault, render
from templates_sms.template import Template
from templates_sms.wording import check_rendered
from throttling.decide import decide
from throttling.facts import Facts

GROUP: Final = 100
AT_ONCE: Final = 4  # groups under way, as in a lane
WAITING: Final = "SELECT id FROM contact WHERE state = 'queued' ORDER BY id LIMIT $1"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The runs, and what one contact costs this process, step by step, in microseconds."""

    samples: list[Sample]
    steps_us: dict[str, float]


async def measure(settings: Settings, count: int, repeats: int, servers: dict[str, int]) -> Answer:
    """Permit `count` contacts, `repeats` times."""
    async with open_runtime(settings, "bench", sends=True) as rt:
        (route,) = rt.routes.values()
        waiting = [row["id"] for row in await rt.pool.fetch(WAITING, count * repeats + GROUP * 5)]
        steps_us = await _steps(rt, route, waiting[:GROUP])
        for at in range(0, GROUP * 5, GROUP):
            await permit_group(rt, route, waiting[at : at + GROUP])
        spare_the_collector()
        share = (len(waiting) - GROUP * 5) // repeats
        samples = []
        for turn in range(repeats):
            begin = GROUP * 5 + turn * share
            samples.append(await _run(rt, route, waiting[begin : begin + share], servers))
        return Answer(samples=samples, steps_us=steps_us)


async def _run(rt: Runtime, route: Route, contacts: list[UUID], servers: dict[str, int]) -> Sample:
    groups = [contacts[at : at + GROUP] for at in range(0, len(contacts), GROUP)]
    permitted = 0

    async def hand_over() -> None:
        nonlocal permitted
        while groups:
            handed = await permit_group(rt, route, groups.pop())
            permitted += len(handed.permitted)

    meter, own_s, began = Meter(servers), time.process_time(), time.perf_counter()
    await asyncio.gather(*(hand_over() for _ in range(AT_ONCE)))
    spent_s = time.perf_counter() - began
    used = meter.read() | {"worker": time.process_time() - own_s}
    if permitted < len(contacts):
        sys.exit(f"only {permitted} of {len(contacts)} were permitted")
    return Sample(
        value=permitted / spent_s, cpu_us={name: each / permitted * 1e6 for name, each in used.items()}
    )


async def _steps(rt: Runtime, route: Route, contacts: list[UUID]) -> dict[str, float]:
    """Each step alone, on the same contacts: what opening and rendering cost beside deciding."""
    at, policy = rt.clock.now(), rt.policy.current()
    rows = await load_handing(rt.pool, contacts, at)
    by = Preparing(at=at, policy=policy, route=route, vault=rt.vault, random=rt.random)
    templates = {row.template: await rt.policy.template(row.template) for row in rows}
    await rt.creditors.find(rows[0].creditor)
    decoder = msgspec.json.Decoder(ContactRequest)

    def unseal(row: Handing) -> ContactRequest:
        assert row.wrapped is not None
        key = rt.vault.open_borrower_key(row.creditor, row.subject, row.wrapped)
        return decoder.decode(key.open("contact.request", row.id, row.request))

    requests = {row.id: unseal(row) for row in rows}
    wanted = {row.id: _wanted(rt, row, requests[row.id], templates[row.template]) for row in rows}
    return {
        "open": _each_us(rows, unseal),
        "make exact": _each_us(rows, lambda r: _wanted(rt, r, requests[r.id], templates[r.template])),
        "decide": _each_us(
            rows,
            lambda r: decide(
                Facts(request=wanted[r.id].asked, borrower=r.facts, address=r.address_facts), policy.rules, at
            ),
        ),
        "render and check": _each_us(
            rows,
            lambda r: _rendered(wanted[r.id]),
        ),
        "all of it": _each_us(rows, lambda r: _ready(prepare(r, templates[r.template], (), by))),
    }


def _wanted(rt: Runtime, row: Handing, request: ContactRequest, template: Template | None) -> Wanted:
    assert template is not None
    wanted = read_request(
        request,
        namespace=row.namespace,
        policy=rt.policy.current(),
        vault=rt.vault,
        at=rt.clock.now(),
        stored=(template, row.expires_at),
    )
    assert isinstance(wanted, Wanted)
    return wanted


def _rendered(wanted: Wanted) -> None:
    rendered = render(wanted.template, wanted.request.variables)
    assert not isinstance(rendered, RenderFault)
    check_rendered(wanted.template, rendered)


def _ready(prepared: object) -> None:
    if not isinstance(prepared, Ready):
        sys.exit(f"a contact was not made ready: {prepared}")


def _each_us(rows: list[Handing], work: Callable[[Handing], object]) -> float:
    best = float("inf")
    for _ in range(7):
        began = time.process_time()
        for row in rows:
            work(row)
        best = min(best, time.process_time() - began)
    return best / len(rows) * 1e6


def main() -> None:
    """Measure and print the answer as JSON."""
    settings = from_process()
    if isinstance(settings, list):
        sys.exit("\n".join(str(fault) for fault in settings))
    count, repeats, postgres, valkey = (int(argument) for argument in sys.argv[1:5])
    servers = {"postgres": postgres, "valkey": valkey}
    print(msgspec.json.encode(uvloop.run(measure(settings, count, repeats, servers))).decode())


if __name__ == "__main__":
    main()
