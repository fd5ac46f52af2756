"""The whole route table: serving, authentication, the OpenAPI document and the page at /docs all come from it."""

from typing import Any, Final

import msgspec
from prometheus_client import CollectorRegistry, generate_latest

from gateway.answers import Readiness
from gateway.flows import Flows
from gateway.http.call import Call
from gateway.http.docs import CSP, render_docs
from gateway.http.handlers import operations
from gateway.http.openapi import build_openapi
from gateway.http.reply import Reply
from gateway.http.route import Handler, Open, Reading, Route, Signed
from gateway.http.routes import ROUTES
from gateway.keys import Action

_METRICS_TYPE: Final = "text/plain; version=1.0.0; charset=utf-8"
_PUBLIC: Final = "the contract is public, so that it can be read before a key exists"


def build_table(registry: CollectorRegistry, version: str) -> tuple[Route, ...]:
    """Return every route there is. The documents are rendered once, from the very rows that serve."""

    async def metrics(_flows: Flows, _call: Call[None, None]) -> Reply:
        return Reply(status=200, body=generate_latest(registry), content_type=_METRICS_TYPE)

    async def openapi(_flows: Flows, _call: Call[None, None]) -> Reply:
        return contract

    async def docs(_flows: Flows, _call: Call[None, None]) -> Reply:
        return page

    table = ROUTES + _operations(metrics, openapi, docs)
    document = build_openapi(table, version)
    contract = Reply(status=200, body=msgspec.json.format(msgspec.json.encode(document), indent=1))
    page = Reply(
        status=200,
        body=render_docs(table, document).encode(),
        content_type="text/html; charset=utf-8",
        headers=(("Content-Security-Policy", CSP),),
    )
    return table


def _operations(metrics: Handler, openapi: Handler, docs: Handler) -> tuple[Route, ...]:
    because = "a supervisor or load balancer has no key; it learns names of parts and nothing of people"
    return (
        Route(
            method="POST",
            path="/v1/webhooks/{account}",
            name="takeWebhook",
            handler=operations.take_webhook,
            access=Signed(because="the provider account's adapter verifies the report over its raw bytes"),
            tag="Operations",
            summary="Receive what a provider reports: receipts, replies, STOP",
            reading=Reading.BYTES,
            bytes_max=256 * 1024,
            answers={200: None},
            problems=("signature-refused",),
        ),
        _get("/livez", "livez", operations.livez, Open(because=because), "Is the process alive"),
        _get(
            "/readyz",
            "readyz",
            operations.readyz,
            Open(because=because),
            "Should the process get traffic, and if not, why",
            {200: Readiness, 503: Readiness},
        ),
        _get("/metrics", "metrics", metrics, Action.METRICS, "Figures in the Prometheus text format"),
        _get("/openapi.json", "openapi", openapi, Open(because=_PUBLIC), "This contract as OpenAPI 3.1"),
        _get("/docs", "docs", docs, Open(because=_PUBLIC), "This contract as a page to read"),
    )


def _get(
    path: str,
    name: str,
    handler: Handler,
    access: Action | Open,
    summary: str,
    answers: dict[int, Any] | None = None,
) -> Route:
    return Route(
        method="GET",
        path=path,
        name=name,
        handler=handler,
        access=access,
        tag="Operations",
        summary=summary,
        answers=answers or {200: None},
    )
