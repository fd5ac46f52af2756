"""The HTTP application: the route table over a set of flows and a key ring."""

from collections.abc import Mapping
from typing import Final

from aiohttp import web
from prometheus_client import CollectorRegistry

from gateway.flows import Flows
from gateway.http.edge import Edge, Log
from gateway.http.endpoint import Endpoint
from gateway.http.metrics import HttpMetrics
from gateway.http.route import BATCH_BYTES_MAX
from gateway.http.table import build_table
from gateway.key_ring import KeyRing

IN_FLIGHT_MAX: Final = 1_000
KEEPALIVE_S: Final = 30.0  # also how long a connection may take to send its headers (aiohttp closes it then)


def build_app(
    flows: Flows,
    keys: KeyRing,
    *,
    log: Log,
    registry: CollectorRegistry,
    process: str,
    version: str,
    in_flight_max: int = IN_FLIGHT_MAX,
    mounts: Mapping[str, web.Application] | None = None,
) -> web.Application:
    """Return the application, ready for `start_server`.

    `process` is a short word that no other serving process bears; request ids begin with it. `mounts` are
    applications of their own under a prefix, such as the sandbox page; each guards its own doors.
    """
    edge = Edge(metrics=HttpMetrics(registry), log=log, process=process, in_flight_max=in_flight_max)
    app = web.Application(client_max_size=BATCH_BYTES_MAX, middlewares=[edge.unmatched])
    for route in build_table(registry, version):
        app.router.add_route(route.method, route.path, edge.handler(Endpoint(route, flows, keys)))
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
