"""The contract as OpenAPI 3.1, generated from the route table and the wire types, so that it cannot lag behind them."""

import re
from collections.abc import Iterator
from typing import Any, Final, get_args

import msgspec
from msgspec import inspect

from gateway.http.examples import ANSWERS, BODIES
from gateway.http.problems import PROBLEMS, Problem
from gateway.http.reading import JSON_TYPE, LINES_TYPE
from gateway.http.route import Open, Reading, Route
from gateway.keys import Action

_REF: Final = "#/components/schemas/{name}"
_PATH_PART: Final = re.compile(r"\{(\w+)(?::[^{}]*(?:\{[^{}]*\}[^{}]*)*)?\}")
_KEYED: Final = (
    "unauthenticated",
    "action-not-allowed",
    "creditor-not-allowed",
    "too-many-requests",
    "unavailable",
)
_WITH_BODY: Final = ("malformed-json", "body-too-large", "unsupported-media-type", "invalid-body")
_PATH_WORDS: Final = {
    "id": "The contact's id.",
    "borrower": "Your own id of the borrower.",
    "restriction": "The restriction's id.",
    "account": "The provider account's name.",
}
_TAGS: Final = {
    "Contacts": "Ask for a contact, follow it, stop it.",
    "Decisions": "Ask what would happen, without any effect.",
    "Borrowers": "Tell what Forbear cannot see: opt-outs, restrictions, consents, contacts made elsewhere.",
    "Operations": "Health, figures, this contract, and the door for providers.",
}


def build_openapi(table: tuple[Route, ...], version: str) -> dict[str, Any]:
    """Return the document for a route table."""
    types = sorted(_types_of(table), key=lambda each: each.__name__)
    _, schemas = msgspec.json.schema_components(types, ref_template=_REF)
    paths: dict[str, Any] = {}
    for route in table:
        paths.setdefault(published_path(route), {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Forbear",
            "version": version,
            "summary": "A messaging gateway for lenders that holds back",
            "description": (
                "Every contact request is decided by rules as data: allow, defer or deny. A deny is an answer, not an"
                " error. A field with nothing to say is absent. Instants are RFC 3339 with an offset."
            ),
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key such as fb_live_…, made with `forbear keys create`.",
                }
            },
        },
    }


def published_path(route: Route) -> str:
    """Return the path as callers know it, without the patterns that matching uses."""
    return _PATH_PART.sub(r"{\1}", route.path)


def problem_codes(route: Route) -> tuple[str, ...]:
    """Return every problem the route can answer, in the table's order."""
    codes = {"internal", *route.problems}
    if isinstance(route.access, Action):
        codes.update(_KEYED)
    if route.reading is Reading.BYTES:
        codes.update(("body-too-large", "request-timeout"))
    elif route.reading is not Reading.NOTHING:
        codes.update((*_WITH_BODY, "request-timeout"))
    if route.query is not None:
        codes.add("invalid-query")
    if route.idempotent:
        codes.add("idempotency-key-missing")
    if _PATH_PART.search(route.path):
        codes.add("not-found")
    return tuple(code for code in PROBLEMS if code in codes)


def _types_of(table: tuple[Route, ...]) -> set[Any]:
    types: set[Any] = {Problem}
    for route in table:
        types.update(_alternatives(route.body), *(_alternatives(answer) for answer in route.answers.values()))
    return types


def _alternatives(wire_type: Any) -> tuple[Any, ...]:
    return get_args(wire_type) or ((wire_type,) if wire_type is not None else ())


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "tags": [route.tag],
        "summary": route.summary,
        "description": _description(route),
        "security": [{"key": []}] if isinstance(route.access, Action) else [],
        "responses": _responses(route),
    }
    if parameters := list(_parameters(route)):
        operation["parameters"] = parameters
    if body := _request_body(route):
        operation["requestBody"] = body
    return operation


def _description(route: Route) -> str:
    access = route.access
    if isinstance(access, Action):
        needs = f"Needs a key with the action `{access.value}`."
    else:
        needs = f"{'No key' if isinstance(access, Open) else 'No key, but a signature'}: {access.because}."
    return f"{route.description} {needs}".strip()


def _parameters(route: Route) -> Iterator[dict[str, Any]]:
    for name in _PATH_PART.findall(route.path):
        yield {
            "name": name,
            "in": "path",
            "required": True,
            "description": _PATH_WORDS[name],
            "schema": {"type": "string", "maxLength": 128},
        }
    if route.query is not None:
        info = inspect.type_info(route.query)
        assert isinstance(info, inspect.StructType)
        _, components = msgspec.json.schema_components((route.query,), ref_template=_REF)
        for name, schema in components[route.query.__name__]["properties"].items():
            whole = _inlined(schema, components)
            about = whole.pop("description", "") or next(
                (each["description"] for each in whole.get("anyOf", ()) if "description" in each), ""
            )
            yield {"name": name, "in": "query", "description": about, "schema": whole}
    if route.idempotent:
        yield {
            "name": "Idempotency-Key",
            "in": "header",
            "required": True,
            "description": "Your name for this request; kept for 24 h from the scheduled time.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255},
        }


def _inlined(schema: Any, components: dict[str, Any]) -> Any:
    """Put referenced enums in place: query types are not among the published schemas."""
    if isinstance(schema, dict):
        if "$ref" in schema:
            return dict(components[schema["$ref"].rpartition("/")[2]])
        return {name: _inlined(value, components) for name, value in schema.items()}
    return [_inlined(each, components) for each in schema] if isinstance(schema, list) else schema


def _request_body(route: Route) -> dict[str, Any] | None:
    if route.reading is Reading.NOTHING:
        return None
    if route.reading is Reading.BYTES:
        return {"required": True, "content": {"*/*": {"schema": {}}}}
    schema: dict[str, Any] = _reference(route.body)
    example = BODIES[route.name]
    if route.reading is Reading.ONE:
        return {"required": True, "content": {JSON_TYPE: {"schema": schema, "example": example}}}
    many = {"type": "array", "items": schema, "minItems": 1, "maxItems": 1000}
    return {
        "required": True,
        "content": {JSON_TYPE: {"schema": many, "example": example}, LINES_TYPE: {"schema": schema}},
    }


def _responses(route: Route) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, answer in sorted(route.answers.items()):
        denied = status == 200 and 202 in route.answers  # noqa: PLR2004
        responses[str(status)] = {"description": "Denied" if denied else _ANSWERED[status]}
        if answer is not None:
            content: dict[str, Any] = {"schema": _reference(answer)}
            if route.name in ANSWERS and status == min(route.answers, key=lambda each: each != 202):  # noqa: PLR2004
                content["example"] = ANSWERS[route.name]
            responses[str(status)]["content"] = {JSON_TYPE: content}
    for code in problem_codes(route):
        kind = PROBLEMS[code]
        entry = responses.setdefault(str(kind.status), {"description": ""})
        entry["description"] = "; ".join(filter(None, (entry["description"], f"{kind.title} (`{code}`)")))
        entry.setdefault("content", {})["application/problem+json"] = {"schema": _reference(Problem)}
    return responses


def _reference(wire_type: Any) -> dict[str, Any]:
    names = [each.__name__ for each in _alternatives(wire_type)]
    references = [{"$ref": _REF.format(name=name)} for name in names]
    return references[0] if len(references) == 1 else {"anyOf": references}


_ANSWERED: Final = {
    200: "Done",
    201: "Recorded",
    202: "Accepted: queued or scheduled",
    503: "Not ready; the failing check is named",
}
