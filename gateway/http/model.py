"""A wire type made ready for reading: its description and the checks that span several fields.

What a contact request means (times, zones, template, number) is judged by the flow, which has policy and clock.
"""

from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

from msgspec import Struct, inspect

from gateway.flows import FieldFault
from gateway.wire import (
    CancelRequest,
    ConsentRequest,
    OptOutRequest,
    RestrictionRequest,
)
from throttling.facts import SuppressionScope

T = TypeVar("T")

_NEEDED_BY_SCOPE: Final = {
    SuppressionScope.ADDRESS: ("channel", "address"),
    SuppressionScope.CHANNEL: ("borrower", "channel"),
    SuppressionScope.DEBT: ("borrower", "debt"),
    SuppressionScope.ALL: ("borrower",),
}
_SELECTORS: Final = ("borrower", "debt", "reference")


class Model(Struct, Generic[T], frozen=True, kw_only=True):
    """What the body reader needs to know of one wire type; made once, at start."""

    type: type[T]
    info: inspect.Type
    check: Callable[[Any], tuple[FieldFault, ...]] | None
    has_creditor: bool


def build_model(wire_type: type[T]) -> Model[T]:
    """Prepare a wire type for `parse_body`."""
    return Model(
        type=wire_type,
        info=inspect.type_info(wire_type),
        check=_CHECKS.get(wire_type),
        has_creditor="creditor" in getattr(wire_type, "__struct_fields__", ()),
    )


def _opt_out_scope(request: OptOutRequest) -> tuple[FieldFault, ...]:
    return tuple(
        FieldFault(pointer=f"/{name}", message="required", hint=f"scope {request.scope} is about it")
        for name in _NEEDED_BY_SCOPE[request.scope]
        if getattr(request, name) is None
    )


def _cancel_selector(request: CancelRequest) -> tuple[FieldFault, ...]:
    given = [name for name in _SELECTORS if getattr(request, name) is not None]
    if len(given) + request.everything == 1:
        return ()
    # A forgotten selector must not stop a whole creditor's contacts, nor two of them mean one or the other.
    hint = 'give exactly one of borrower, debt, reference, or "everything": true'
    return (FieldFault(pointer="", message="does not say which contacts to stop", hint=hint),)


def _restriction_dates(request: RestrictionRequest) -> tuple[FieldFault, ...]:
    if request.until is None or request.since < request.until:
        return ()
    return (FieldFault(pointer="/until", message="not after since", hint="leave it out if no end is known"),)


def _consent_dates(request: ConsentRequest) -> tuple[FieldFault, ...]:
    if request.expires_at is None or request.given_at < request.expires_at:
        return ()
    return (
        FieldFault(pointer="/expires_at", message="not after given_at", hint="leave it out if open-ended"),
    )


_CHECKS: Final[dict[type, Callable[[Any], tuple[FieldFault, ...]]]] = {
    OptOutRequest: _opt_out_scope,
    CancelRequest: _cancel_selector,
    RestrictionRequest: _restriction_dates,
    ConsentRequest: _consent_dates,
}
