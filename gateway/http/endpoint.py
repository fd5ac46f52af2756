"""One route at work: who calls, may they, is the body good; then the handler, which sees only what passed."""

import re
from typing import Any, Final

from aiohttp import hdrs, web

from gateway.flows import FieldFault, Flows
from gateway.http.body import BadBody, parse_body, split_batch
from gateway.http.call import Batch, Call, Delivery, Lines
from gateway.http.model import build_model
from gateway.http.problems import Refusal
from gateway.http.queries import parse_query
from gateway.http.reading import check_media_type, is_lines, read_body
from gateway.http.reply import Reply
from gateway.http.route import Reading, Route
from gateway.key_ring import KeyRing
from gateway.keys import Action, Caller, PrincipalKind

_BEARER: Final = "Bearer "
_IDEMPOTENCY_KEY: Final = "Idempotency-Key"
_PRINTABLE: Final = re.compile(r"[\x21-\x7e]{1,255}")
_PATH_PART: Final = re.compile(r"[^\x00-\x1f\x7f]{1,128}")
# Who calls an open or signed route: nobody in particular, with no creditor and no action.
_NOBODY: Final = Caller(
    key_id="", subject="", kind=PrincipalKind.MACHINE, creditors=frozenset(), actions=frozenset(), live=False
)
_NOT_YOURS: Final = Refusal(
    code="creditor-not-allowed", faults=(FieldFault(pointer="/creditor", message="not in your key's scope"),)
)


class Endpoint:
    """Serves one route. `serve` returns what to answer and never touches the response."""

    def __init__(self, route: Route, flows: Flows, keys: KeyRing, *, body_timeout_s: float) -> None:
        self.route = route
        self._flows, self._keys, self._body_timeout_s = flows, keys, body_timeout_s
        self._action = route.access if isinstance(route.access, Action) else None
        self._model = build_model(route.body) if route.reading is Reading.ONE else None
        self._query = None if route.query is None else build_model(route.query)

    async def serve(self, request: web.Request, request_id: str) -> tuple[Caller, Reply | Refusal | Lines]:
        """Return the caller and the answer."""
        caller: Caller = _NOBODY
        if self._action is not None:
            known = await self._authenticate(request)
            if known is None:
                return _NOBODY, Refusal(code="unauthenticated")
            if self._action not in known.actions:
                return known, Refusal(
                    code="action-not-allowed", detail=f"It needs the action {self._action.value}."
                )
            caller = known
        call = await self._read(request, caller, request_id)
        if isinstance(call, Refusal):
            return caller, call
        return caller, await self.route.handler(self._flows, call)

    async def _authenticate(self, request: web.Request) -> Caller | None:
        header = request.headers.get(hdrs.AUTHORIZATION)
        if header is None or not header.startswith(_BEARER):
            return None
        token = header[len(_BEARER) :]
        return self._keys.recall(token) or await self._keys.authenticate(token)

    async def _read(self, request: web.Request, caller: Caller, request_id: str) -> Call[Any, Any] | Refusal:
        path = request.match_info
        for part in path.values():
            if _PATH_PART.fullmatch(part) is None:
                return Refusal(code="not-found")
        query: Any = None
        if self._query is not None:
            query = parse_query(request.query.items(), self._query)
            if isinstance(query, tuple):
                return Refusal(code="invalid-query", faults=query)
        idempotency_key = ""
        if self.route.idempotent:
            idempotency_key = request.headers.get(_IDEMPOTENCY_KEY, "")
            if _PRINTABLE.fullmatch(idempotency_key) is None:
                return Refusal(code="idempotency-key-missing")
        raw, body = b"", None
        if self.route.reading is not Reading.NOTHING:
            content = await self._body(request, caller)
            if isinstance(content, Refusal):
                return content
            raw, body = content
        return Call(
            caller=caller,
            body=body,
            query=query,
            path=path,
            raw=raw,
            idempotency_key=idempotency_key,
            request_id=request_id,
        )

    async def _body(self, request: web.Request, caller: Caller) -> tuple[bytes, Any] | Refusal:
        reading = self.route.reading
        if reading is not Reading.BYTES:
            refusal = check_media_type(request, batch=reading is Reading.MANY)
            if refusal is not None:
                return refusal
        raw = await read_body(request, self.route.bytes_max, self._body_timeout_s)
        if isinstance(raw, Refusal):
            return raw
        if reading is Reading.BYTES:
            return raw, Delivery(headers=request.headers)
        return _batch(raw, request) if reading is Reading.MANY else self._one(raw, caller)

    def _one(self, raw: bytes, caller: Caller) -> tuple[bytes, Any] | Refusal:
        assert self._model is not None
        body = parse_body(raw, self._model)
        if isinstance(body, BadBody):
            return Refusal(code=body.code, faults=body.faults)
        if self._model.has_creditor and not caller.may_act_for(body.creditor):
            return _NOT_YOURS
        return raw, body


def _batch(raw: bytes, request: web.Request) -> tuple[bytes, Batch] | Refusal:
    items = split_batch(raw, lines=is_lines(request.headers.get(hdrs.CONTENT_TYPE)))
    if isinstance(items, BadBody):
        return Refusal(code=items.code, faults=items.faults)
    return raw, Batch(items=tuple(items), lines=is_lines(request.headers.get(hdrs.ACCEPT)))
