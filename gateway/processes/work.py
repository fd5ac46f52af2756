"""The working process: `forbear work`. Releases due contacts, hands them over, sweeps up what a crash left."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

import uvloop

from config.settings import Settings
from gateway.lane import Lane
from gateway.logs import get_logger
from gateway.processes.running import exit_code_of, spare_the_collector, until_stopped
from gateway.queue import ArqHints, open_hints
from gateway.release import Release
from gateway.runtime import Runtime
from gateway.sweep import sweep_for_ever
from gateway.wiring import open_runtime
from gateway.worker import take_hints

DRAIN_S = 25.0  # forbear up waits 30 s before it kills

log = get_logger(part="work")


def main(settings: Settings) -> int:
    """Work until SIGTERM or SIGINT; sends under way end and are recorded first. Returns the exit code."""
    return exit_code_of("work", lambda: uvloop.run(_run(settings)))


async def _run(settings: Settings) -> None:
    assert settings.queue_url is not None
    async with open_runtime(settings, "work", sends=True) as rt:
        hints = await open_hints(settings.queue_url)
        lanes = {name: Lane(rt, route, rt.adapters[name]) for name, route in rt.routes.items()}
        handing = [asyncio.create_task(lane.run()) for lane in lanes.values()]
        feeding = _feed(rt, hints, lanes, settings.queue_url)
        spare_the_collector()
        log.info("work.started", count=len(lanes))
        try:
            await _until_stopped_or_broken([*handing, *feeding])
        finally:
            for task in feeding:
                task.cancel()
            await asyncio.gather(*feeding, return_exceptions=True)
            await _drain(lanes, handing)
            await hints.close()
    log.info("work.stopped")


def _feed(
    rt: Runtime, hints: ArqHints, lanes: Mapping[str, Lane], queue_url: str
) -> list[asyncio.Task[None]]:
    release = Release(rt, hints, tuple(rt.routes.values()))
    return [
        asyncio.create_task(release.run()),
        asyncio.create_task(sweep_for_ever(rt)),
        *(asyncio.create_task(take_hints(queue_url, name, lane)) for name, lane in lanes.items()),
    ]


async def _until_stopped_or_broken(tasks: list[asyncio.Task[None]]) -> None:
    """A part that ends by itself is a bug: end the process with its error, and let the supervisor start it again."""
    stopped = asyncio.create_task(until_stopped())
    done, _ = await asyncio.wait({stopped, *tasks}, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()


async def _drain(lanes: Mapping[str, Lane], handing: list[asyncio.Task[None]]) -> None:
    for lane in lanes.values():
        lane.close()
    with suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_S):
            await asyncio.gather(*handing, return_exceptions=True)
