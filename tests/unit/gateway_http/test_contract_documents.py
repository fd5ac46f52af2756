"""Facts about the published contract: it is valid, complete, true to the code, and the page shows all of it."""

import json
import re
from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest
from openapi_spec_validator import validate
from prometheus_client import CollectorRegistry

from gateway.http.body import BadBody, parse_body, split_batch
from gateway.http.examples import ANSWERS, BODIES
from gateway.http.html import Html, element, joined
from gateway.http.model import build_model
from gateway.http.openapi import build_openapi, problem_codes, published_path
from gateway.http.problems import PROBLEMS
from gateway.http.route import Reading
from gateway.http.table import build_table
from tests.fakes.http_flows import Edge

TABLE = build_table(CollectorRegistry(), "1.2.3")
DOCUMENT = build_openapi(TABLE, "1.2.3")


async def test_the_document_is_valid_openapi(edge: Edge):
    """Somebody else's validator accepts the document as OpenAPI 3.1."""
    document = await (await edge.client.get("/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    validate(document)


def test_every_route_is_in_the_document():
    """What is served is published, path by path and method by method."""
    served = {(published_path(route), route.method.lower()) for route in TABLE}
    published = {(path, method) for path, methods in DOCUMENT["paths"].items() for method in methods}
    assert served == published


def test_every_problem_is_answered_somewhere_in_the_document():
    """No problem of the table is kept from callers, save those about unmatched paths."""
    listed = {code for route in TABLE for code in problem_codes(route)}
    assert set(PROBLEMS) - listed == {"method-not-allowed", "malformed-request"}


@pytest.mark.parametrize("route", [route for route in TABLE if route.body], ids=lambda route: route.name)
def test_every_example_body_is_accepted(route: Any):
    """Each body shown can be sent as it stands."""
    example = json.dumps(BODIES[route.name]).encode()
    items = split_batch(example, lines=False) if route.reading is Reading.MANY else [example]
    assert isinstance(items, list)
    for item in items:
        assert not isinstance(parse_body(item, build_model(route.body)), BadBody)


@pytest.mark.parametrize(
    "route", [route for route in TABLE if route.name in ANSWERS], ids=lambda route: route.name
)
def test_every_example_answer_is_of_its_type(route: Any):
    """Each answer shown could have been given."""
    shown = ANSWERS[route.name]
    answer = msgspec.convert(shown, next(iter(route.answers.values())))
    again = msgspec.to_builtins(answer)
    assert set(again) == set(shown)


def test_every_field_of_a_body_that_needs_explaining_is_explained():
    """A caller finds words for each text field of a contact request in the schema itself."""
    fields = DOCUMENT["components"]["schemas"]["ContactRequest"]["properties"]
    for name in ("creditor", "address", "template", "purpose"):
        assert fields[name]["description"]
        assert fields[name]["examples"]


class Links(HTMLParser):
    """Collects where a page points to, what it can be pointed at, and what it would load."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: set[str] = set()
        self.places: set[str] = set()
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        marks = dict(attrs)
        if marks.get("id"):
            self.places.add(f"#{marks['id']}")
        if tag == "a":
            self.targets.add(marks["href"] or "")
        if tag in {"script", "link", "img", "iframe"} or "src" in marks or "style" in marks:
            self.loads.append(tag)


async def test_the_page_shows_every_route_and_type_and_no_link_is_dead(edge: Edge):
    """The page at /docs is whole: each route, type and problem has its place, and every link leads somewhere."""
    page = await (await edge.client.get("/docs")).text()
    links = Links()
    links.feed(page)
    assert {f"#{route.name}" for route in TABLE} <= links.places
    assert {f"#type-{name}" for name in DOCUMENT["components"]["schemas"]} <= links.places
    assert {f"#{code}" for code in PROBLEMS} <= links.places
    assert links.targets - links.places == {"#", "/openapi.json"}


async def test_the_page_loads_nothing_and_runs_nothing(edge: Edge):
    """The page works under a policy that allows its own style sheet and nothing else."""
    answer = await edge.client.get("/docs")
    links = Links()
    links.feed(await answer.text())
    assert links.loads == []
    assert re.fullmatch(
        r"default-src 'none'; style-src 'sha256-[A-Za-z0-9+/=]+'; frame-ancestors 'none'; base-uri 'none'",
        answer.headers["Content-Security-Policy"],
    )


def test_text_becomes_markup_only_through_element():
    """Whatever text holds, it is shown and never obeyed."""
    made = element("p", "<script>", Html("<b>ok</b>"), title='"&')
    assert made == '<p title="&quot;&amp;">&lt;script&gt;<b>ok</b></p>'
    assert joined("a<", element("br")) == "a&lt;<br>"
