"""The serving process: `forbear serve`."""

import secrets
import sys
import time

import uvloop

from channels.sandbox_carrier import CarrierSettings, build_carrier
from config.settings import Settings
from gateway import metrics
from gateway.accounts import read_secret
from gateway.clock import SystemClock
from gateway.http.access_log import AccessLog
from gateway.http.app import EdgeSettings, build_app, start_server
from gateway.key_ring import KeyRing
from gateway.logs import get_logger
from gateway.processes.running import RELEASE, exit_code_of, spare_the_collector, until_stopped
from gateway.service import Service
from gateway.store.api_keys import ApiKeys
from gateway.wiring import open_runtime


def main(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT; requests under way end first. Returns the exit code."""
    return exit_code_of("serve", lambda: uvloop.run(_run(settings)))


async def _run(settings: Settings) -> None:
    log = get_logger(part="serve")
    clock = SystemClock()
    async with open_runtime(settings, "serve", sends=False) as rt:
        service = Service(rt)
        keys = KeyRing(ApiKeys(rt.pool), now=clock.now, monotonic_s=time.monotonic)
        mounts = {}
        if settings.sandbox:
            mounts["/sandbox"] = build_carrier(carrier_settings(settings), clock=clock.now)
        app = build_app(
            service,
            keys,
            access=AccessLog(sys.stderr.buffer, clock.now),
            log=log,
            registry=metrics.registry,
            settings=EdgeSettings(process=secrets.token_hex(3), version=RELEASE),
            mounts=mounts,
        )
        spare_the_collector()
        runner = await start_server(app, settings.listen.host, settings.listen.port)
        log.info("serve.started", host=settings.listen.host, port=settings.listen.port)
        try:
            await until_stopped()
        finally:
            await runner.cleanup()
            await service.finish()
    log.info("serve.stopped")


def carrier_settings(settings: Settings) -> CarrierSettings:
    """What the sandbox carrier shares with the gateway of the same data folder."""
    return CarrierSettings(
        token=read_secret(settings, "sandbox-token"),
        webhook_secret=read_secret(settings, "sandbox-webhook"),
        page_token=read_secret(settings, "sandbox-page"),
        webhook_url=f"http://{settings.listen}/v1/webhooks/{{account}}",
    )
