"""The query strings of the API as strict types: an unknown or repeated parameter is a fault, not ignored."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Final, TypeVar

import msgspec
from msgspec import Meta, Struct, inspect

from gateway.answers import ContactState
from gateway.fields import CreditorId, ExternalId
from gateway.flows import FieldFault
from gateway.http.faults import find_faults
from gateway.http.model import Model

Q = TypeVar("Q")

Cursor = Annotated[
    str, Meta(min_length=1, max_length=256, description="A cursor as an earlier answer gave it.")
]
_DIGITS_MAX: Final = 9


class Detail(StrEnum):
    """How much of each decision a batch answers."""

    COMPACT = "compact"
    FULL = "full"


class CreditorQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which creditor's borrower is meant; may be left out by a key of one creditor."""

    creditor: CreditorId | None = None


class ContactsQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a list of contacts is narrowed by."""

    creditor: CreditorId | None = None
    borrower: ExternalId | None = None
    reference: ExternalId | None = None
    state: ContactState | None = None
    cursor: Cursor | None = None
    limit: Annotated[int, Meta(ge=1, le=200, description="At most this many contacts.")] = 50


class ChangesQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the feed is continued."""

    creditor: CreditorId | None = None
    after: Cursor | None = None
    limit: Annotated[int, Meta(ge=1, le=1000, description="At most this many changes.")] = 100


class BatchQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a batch is answered."""

    decision: Detail = Detail.COMPACT


def parse_query(pairs: Iterable[tuple[str, str]], model: Model[Q]) -> Q | tuple[FieldFault, ...]:
    """Return the typed query or every fault of it; a parameter is pointed at as `?name`."""
    assert isinstance(model.info, inspect.StructType)
    numbers = {field.encode_name for field in model.info.fields if _is_number(field.type)}
    value: dict[str, object] = {}
    faults = []
    for name, text in pairs:
        if name in value:
            faults.append(FieldFault(pointer=f"?{name[:64]}", message="there twice"))
        value[name] = int(text) if name in numbers and text.isdecimal() and len(text) <= _DIGITS_MAX else text
    faults += (
        FieldFault(pointer="?" + fault.pointer.removeprefix("/"), message=fault.message, hint=fault.hint)
        for fault in find_faults(value, model.info)
    )
    return tuple(faults) or msgspec.convert(value, model.type)


def _is_number(model: inspect.Type) -> bool:
    return isinstance(model.type if isinstance(model, inspect.Metadata) else model, inspect.IntType)
