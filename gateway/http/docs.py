"""The page at /docs: the whole contract to read, rendered once from the OpenAPI document, with no outside resource."""

import base64
import hashlib
import json
from collections.abc import Iterable
from importlib import resources
from itertools import groupby
from typing import Any, Final

from gateway.http.html import Html, element, joined
from gateway.http.openapi import problem_codes, published_path
from gateway.http.problems import PROBLEM_TYPE_PREFIX, PROBLEMS
from gateway.http.route import Route
from gateway.keys import Action

_CSS: Final = resources.files("gateway.http").joinpath("docs.css").read_text(encoding="utf-8")
_CSS_HASH: Final = base64.b64encode(hashlib.sha256(_CSS.encode()).digest()).decode("ascii")
CSP: Final = f"default-src 'none'; style-src 'sha256-{_CSS_HASH}'; frame-ancestors 'none'; base-uri 'none'"
_LEAD: Final = (
    "Ask for a contact; Forbear answers with a decision: allow, defer or deny, with every rule that looked. "
    "A deny is an answer, not an error."
)
_BASICS: Final = (
    "Send a key as “Authorization: Bearer fb_live_…”. It names creditors and actions; “forbear keys create” makes one.",
    "Repeat a POST safely: the same Idempotency-Key and body get the stored answer, marked X-Forbear-Replayed: true.",
    "A field with nothing to say is absent. Instants are RFC 3339 with an offset, numbers E.164, zones IANA names.",
)


def render_docs(table: tuple[Route, ...], document: dict[str, Any]) -> str:
    """Return the page for a route table and its OpenAPI document."""
    groups = [(tag, tuple(routes)) for tag, routes in groupby(table, key=lambda route: route.tag)]
    schemas = document["components"]["schemas"]
    words = {tag["name"]: tag["description"] for tag in document["tags"]}
    main = element(
        "main",
        element("h1", "Forbear API"),
        element("p", _LEAD, class_="lead"),
        *(element("p", text) for text in _BASICS),
        element(
            "p", "The same contract for programs: ", element("a", "/openapi.json", href="/openapi.json"), "."
        ),
        *(_group(tag, words[tag], routes, document) for tag, routes in groups),
        _problems(),
        element("h2", "Types", id_="types"),
        *(_type(name, schemas[name]) for name in sorted(schemas)),
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", "Forbear API"),
        element("style", Html(_CSS)),
    )
    body = element("body", element("div", _navigation(groups), main, class_="frame"))
    return "<!doctype html>\n" + element("html", head, body, lang="en")


def _navigation(groups: list[tuple[str, tuple[Route, ...]]]) -> Html:
    lists = [(tag, [(route.summary, f"#{route.name}") for route in routes]) for tag, routes in groups]
    lists.append(("Reference", [("Problems", "#problems"), ("Types", "#types")]))
    return element(
        "nav",
        element("a", "Forbear API", href="#", class_="brand"),
        *(joined(element("p", tag, class_="group"), _links(links)) for tag, links in lists),
        aria_label="Contents",
    )


def _links(links: Iterable[tuple[str, str]]) -> Html:
    return element("ul", *(element("li", element("a", text, href=target)) for text, target in links))


def _group(tag: str, words: str, routes: tuple[Route, ...], document: dict[str, Any]) -> Html:
    parts = (
        _route(route, document["paths"][published_path(route)][route.method.lower()]) for route in routes
    )
    return joined(element("h2", tag, id_=tag.lower()), element("p", words), *parts)


def _route(route: Route, operation: dict[str, Any]) -> Html:
    method = element("span", route.method, class_=f"method {route.method}")
    return element(
        "section",
        element("h3", route.summary),
        element("p", method, published_path(route), class_="line"),
        element("p", *_with_code(operation["description"])),
        _parameters(operation.get("parameters", ())),
        _body(operation),
        element("h4", "Try it"),
        element("pre", element("code", _curl(route, operation))),
        _answers(operation),
        _route_problems(route),
        class_="route",
        id_=route.name,
    )


def _parameters(parameters: Iterable[dict[str, Any]]) -> Html:
    rows = [
        (
            each["name"],
            f"{each['in']}, {_plain(each['schema'])}",
            each.get("description", ""),
            each.get("required", False),
        )
        for each in parameters
    ]
    return joined(element("h4", "Parameters"), _fields(rows)) if rows else Html("")


def _body(operation: dict[str, Any]) -> Html:
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" not in content:
        return Html("")
    media = content["application/json"]
    return joined(
        element("h4", "Body: ", _type_text(media["schema"])),
        element("pre", element("code", json.dumps(media["example"], indent=2, ensure_ascii=False))),
    )


def _curl(route: Route, operation: dict[str, Any]) -> str:
    path = published_path(route)
    for name in ("id", "borrower", "restriction", "account"):
        path = path.replace(f"{{{name}}}", f"${name.upper()}")
    parts = [f'curl "$FORBEAR{path}"']
    if isinstance(route.access, Action):
        parts.append('-H "Authorization: Bearer $FORBEAR_KEY"')
    if route.idempotent:
        parts.append('-H "Idempotency-Key: 2026-03-02-B-1001-1"')
    if route.body is not None:
        parts.append('-H "Content-Type: application/json" --data @body.json')
    elif "requestBody" in operation:
        parts.append("--data-binary @report")
    return " \\\n  ".join(parts)


def _answers(operation: dict[str, Any]) -> Html:
    parts = []
    for status, answer in operation["responses"].items():
        media = answer.get("content", {}).get("application/json")
        if media is None:
            continue
        parts.append(
            element(
                "h4", f"{status} {answer['description'].partition(';')[0]}: ", _type_text(media["schema"])
            )
        )
        if "example" in media:
            parts.append(
                element("pre", element("code", json.dumps(media["example"], indent=2, ensure_ascii=False)))
            )
    return joined(*parts)


def _route_problems(route: Route) -> Html:
    links = [
        element("li", element("a", f"{PROBLEMS[code].status} {code}", href=f"#{code}"))
        for code in problem_codes(route)
    ]
    return element("details", element("summary", "Problems"), element("ul", *links))


def _problems() -> Html:
    rows = [
        element(
            "tr",
            element("td", element("code", code)),
            element("td", str(kind.status)),
            element("td", f"{kind.title}. {kind.advice}", class_="about"),
            id_=code,
        )
        for code, kind in PROBLEMS.items()
    ]
    head = element(
        "tr", *(element("th", text, scope="col") for text in ("Code", "Status", "Meaning and what to do"))
    )
    return joined(
        element("h2", "Problems", id_="problems"),
        element(
            "p",
            "Every error is application/problem+json (RFC 9457). Compare ",
            element("code", "type"),
            ", which is ",
            element("code", f"{PROBLEM_TYPE_PREFIX}<code>"),
            "; ",
            element("code", "faults"),
            " lists all that is wrong with a body, each with its JSON pointer.",
        ),
        element("div", element("table", element("thead", head), element("tbody", *rows)), class_="scroll"),
    )


def _type(name: str, schema: dict[str, Any]) -> Html:
    parts = [element("h3", name), element("p", schema.get("description", ""))]
    if "enum" in schema:
        parts.append(element("p", *_comma(element("code", str(word)) for word in schema["enum"])))
    required = schema.get("required", ())
    rows = [
        (field, _type_text(inner), _about(inner), field in required)
        for field, inner in schema.get("properties", {}).items()
    ]
    if rows:
        parts.append(_fields(rows))
    return element("section", *parts, class_="route", id_=f"type-{name}")


def _fields(rows: Iterable[tuple[str, str, str, bool]]) -> Html:
    lines = []
    for name, type_text, about, required in rows:
        mark = element("span", "required", class_="must") if required else Html("")
        lines.append(
            element(
                "tr",
                element("td", element("code", name), mark),
                element("td", type_text, class_="type"),
                element("td", about, class_="about"),
            )
        )
    return element("div", element("table", element("tbody", *lines)), class_="scroll")


def _type_text(schema: dict[str, Any]) -> Html:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return element("a", name, href=f"#type-{name}")
    if "anyOf" in schema:
        known = [each for each in schema["anyOf"] if each.get("type") != "null"]
        return joined(*_comma((_type_text(each) for each in known), " or "))
    if schema.get("type") == "array":
        items = schema.get("items")
        return joined("array of ", _type_text(items)) if isinstance(items, dict) else joined("array")
    return joined(_plain(schema))


def _plain(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return " | ".join(str(word) for word in schema["enum"])
    if "anyOf" in schema:
        return next(_plain(each) for each in schema["anyOf"] if each.get("type") != "null")
    words = [str(schema.get("format") or schema.get("type", "any"))]
    if "maxLength" in schema:
        words.append(f"to {schema['maxLength']} characters")
    if "minimum" in schema and "maximum" in schema:
        words.append(f"{schema['minimum']} to {schema['maximum']}")
    return ", ".join(words)


def _about(schema: dict[str, Any]) -> str:
    if "description" in schema:
        return str(schema["description"])
    return next((str(each["description"]) for each in schema.get("anyOf", ()) if "description" in each), "")


def _comma(parts: Iterable[Html], between: str = ", ") -> Iterable[Html]:
    for index, part in enumerate(parts):
        if index:
            yield joined(between)
        yield part


def _with_code(text: str) -> Iterable[str]:
    for index, part in enumerate(text.split("`")):
        yield element("code", part) if index % 2 else part
