"""The sandbox carrier as a process of its own, so that what a provider would spend is not counted as ours."""

import asyncio
import sys

import uvloop
from aiohttp import web

from channels.sandbox_carrier import build_carrier
from config.settings import Settings, from_process
from gateway.clock import SystemClock
from gateway.processes.serve import carrier_settings


async def serve(settings: Settings, port: int) -> None:
    """Carry messages until killed."""
    app = web.Application()
    app.add_subapp("/sandbox", build_carrier(carrier_settings(settings), clock=SystemClock().now))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    print("ready", flush=True)
    await asyncio.Event().wait()


def main() -> None:
    """Run with the settings of the installation that is measured."""
    settings = from_process()
    if isinstance(settings, list):
        sys.exit("\n".join(str(fault) for fault in settings))
    uvloop.run(serve(settings, int(sys.argv[1])))


if __name__ == "__main__":
    main()
