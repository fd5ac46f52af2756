"""One authenticated and decoded request, as a handler sees it; a handler touches neither bytes nor headers."""

from collections.abc import AsyncIterator, Mapping
from typing import Generic, TypeVar

from msgspec import Struct

from gateway.flows import FieldFault
from gateway.http.problems import Refusal
from gateway.keys import Caller

B = TypeVar("B")
Q = TypeVar("Q")


class Call(Struct, Generic[B, Q], frozen=True, kw_only=True):
    """What a handler may use: `body` and `query` are of the route's types, `path` holds the path's parts, decoded."""

    caller: Caller
    body: B
    query: Q
    path: Mapping[str, str]
    raw: bytes
    idempotency_key: str
    request_id: str


class Batch(Struct, frozen=True, kw_only=True):
    """The body of a batch: each item's bytes, and whether the caller wants an answer a line (NDJSON)."""

    items: tuple[bytes, ...]
    lines: bool


class Delivery(Struct, frozen=True, kw_only=True):
    """The body of a provider's report, untouched, with its headers."""

    headers: Mapping[str, str]


class Lines(Struct, frozen=True, kw_only=True):
    """An answer that is written as it comes into being, a JSON object a line."""

    stream: AsyncIterator[bytes]


def creditor_of(caller: Caller, asked: str | None) -> str | Refusal:
    """Return the creditor a query is about, or why the caller may not ask for it."""
    creditor = asked or caller.only_creditor()
    if creditor is None:
        fault = FieldFault(
            pointer="?creditor", message="required", hint="your key acts for several creditors"
        )
        return Refusal(code="invalid-query", faults=(fault,))
    if not caller.may_act_for(creditor):
        return Refusal(
            code="creditor-not-allowed",
            faults=(FieldFault(pointer="?creditor", message="not in your key's scope"),),
        )
    return creditor
