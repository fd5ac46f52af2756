"""The HTTP application: the route table over a set of flows and a key ring."""

from collections.abc import Mapping
from typing import Final

from aiohttp import web
from msgspec import Struct
from prometheus_client import CollectorRegistry

from gateway.flows import Flows
from gateway.http.access_log import AccessLog
from gateway.http.edge import Edge, Log
from gateway.http.endpoint import Endpoint
from gateway.http.metrics import HttpMetrics
from gateway.http.route import BATCH_BYTES_MAX
from gateway.http.table import build_table
from gateway.key_ring import KeyRing

KEEPALIVE_S: Final = 30.0  # also how long a connection may take to send its headers (aiohttp closes it then)


class EdgeSettings(Struct, frozen=True, kw_only=True):
    """What the edge must be told. `process` is a short word that no other serving process bears: ids begin with it."""

    process: str
    version: str
    in_flight_max: int = 1_000
    body_timeout_s: float = 10.0


def build_app(
    flows: Flows,
    keys: KeyRing,
    *,
    access: AccessLog,
    log: Log,
    registry: CollectorRegistry,
    settings: EdgeSettings,
    mounts: Mapping[str, web.Application] | None = None,
) -> web.Application:
    """Return the application, ready for `start_server`.

    `mounts` are applications of their own under a prefix, such as the sandbox page; each guards its own doors.
    """
    edge = Edge(
        metrics=HttpMetrics(registry),
        access=access,
        log=log,
        process=settings.process,
        in_flight_max=settings.in_flight_max,
    )
    app = web.Application(client_max_size=BATCH_BYTES_MAX, middlewares=[edge.unmatched])
    for route in build_table(registry, settings.version):
        app.router.add_route(
            route.method,
            route.path,
            edge.handler(Endpoint(route, flows, keys, body_timeout_s=settings.body_timeout_s)),
        )
    for prefix, mounted in (mounts or {}).items():
        app.add_subapp(prefix, mounted)
    app.on_response_prepare.append(_without_server_name)
    return app


async def start_server(
    app: web.Application, host: str, port: int, *, shutdown_s: float = 10.0
) -> web.AppRunner:
    """Listen; `await runner.cleanup()` stops listening and lets requests under way finish for `shutdown_s`."""
    runner = web.AppRunner(
        app, access_log=None, keepalive_timeout=KEEPALIVE_S, handle_signals=False, shutdown_timeout=shutdown_s
    )
    await runner.setup()
    site = web.TCPSite(runner, host, port, backlog=1_024, reuse_port=None)
    await site.start()
    return runner


async def _without_server_name(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers.popall("Server", None)
