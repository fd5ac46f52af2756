"""Every way a request can be refused, as RFC 9457 problems: one table, stable types, no personal value repeated."""

from typing import Final

from msgspec import Struct, json

from gateway.errors import ForbearError, StoreAway, StoreBusy, StoreRefused
from gateway.flows import FieldFault, Overloaded, Unavailable
from gateway.http.reply import Reply

PROBLEM_TYPE_PREFIX: Final = "urn:forbear:problem:"
_CONTENT_TYPE: Final = "application/problem+json"


class ProblemKind(Struct, frozen=True, kw_only=True):
    """One row of the table: status, title, and what the caller can do about it."""

    status: int
    title: str
    advice: str


class Problem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of every error answer. `type` is what programs compare; `faults` lists all that is wrong."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str = ""
    faults: tuple[FieldFault, ...] = ()


class Refusal(Struct, frozen=True, kw_only=True):
    """A request that goes no further: a code of the table and what is special about this case."""

    code: str
    faults: tuple[FieldFault, ...] = ()
    detail: str = ""
    retry_after_s: int | None = None
    allow: str = ""


def _kind(status: int, title: str, advice: str) -> ProblemKind:
    return ProblemKind(status=status, title=title, advice=advice)


PROBLEMS: Final[dict[str, ProblemKind]] = {
    "malformed-json": _kind(
        400, "The body is not acceptable JSON", "Correct what the faults name and send again."
    ),
    "malformed-request": _kind(
        400, "The request is not acceptable HTTP", "Check the request line and headers."
    ),
    "idempotency-key-missing": _kind(
        400,
        "The Idempotency-Key header is missing",
        "Send Idempotency-Key with 1 to 255 printable ASCII characters.",
    ),
    "unauthenticated": _kind(
        401, "No valid API key", "Send Authorization: Bearer with a key that is neither revoked nor expired."
    ),
    "action-not-allowed": _kind(
        403, "The API key may not do this", "Use a key whose actions include the one named."
    ),
    "creditor-not-allowed": _kind(
        403, "The API key does not act for this creditor", "Use a key whose creditors include it."
    ),
    "signature-refused": _kind(
        403, "The report's signature is not valid", "Check the provider account's secret."
    ),
    "not-found": _kind(
        404, "No such thing", "Check the id and the path; another creditor's things are not shown."
    ),
    "method-not-allowed": _kind(
        405, "The path does not know this method", "Use a method of the Allow header."
    ),
    "request-timeout": _kind(
        408, "The body did not arrive in time", "Send the whole body at once; nothing was done."
    ),
    "too-late": _kind(
        409, "The contact can no longer be stopped", "It has left, or it has ended; see its status."
    ),
    "body-too-large": _kind(413, "The body is over the limit", "Send less, or split a batch."),
    "batch-too-large": _kind(
        413, "The batch has too many items", "Split it into batches of at most 1,000 items."
    ),
    "unsupported-media-type": _kind(
        415, "The body is of another media type", "Send uncompressed application/json, or NDJSON for a batch."
    ),
    "invalid-body": _kind(
        422, "The body does not fit the contract", "Correct every fault listed; nothing was done."
    ),
    "invalid-query": _kind(422, "The query does not fit the contract", "Correct every fault listed."),
    "idempotency-conflict": _kind(
        422,
        "The idempotency key was used with another body",
        "Use a new key for a new request; nothing was done.",
    ),
    "too-many-requests": _kind(429, "Too much is waiting already", "Wait for Retry-After; nothing was done."),
    "internal": _kind(
        500, "A fault of ours", "Repeat with the same Idempotency-Key; quote request_id if it stays."
    ),
    "unavailable": _kind(
        503, "Something the gateway needs is away", "Repeat with the same Idempotency-Key after Retry-After."
    ),
}

BROKEN: Final = (Unavailable, Overloaded, ForbearError)
# What a fault of the machinery means to the caller, by its nearest class. StoreAway leaves open whether anything
# happened: a repeat with the same key tells.
_BROKEN: Final[dict[type[BaseException], str]] = {
    Overloaded: "too-many-requests",
    StoreBusy: "too-many-requests",
    Unavailable: "unavailable",
    StoreAway: "unavailable",
    StoreRefused: "internal",
    ForbearError: "unavailable",
}


def broken(error: Unavailable | Overloaded | ForbearError) -> Refusal:
    """Return what a fault of the machinery means to the caller."""
    code = next(_BROKEN[kind] for kind in type(error).__mro__ if kind in _BROKEN)
    wait_s = getattr(error, "retry_after_s", 1)
    return Refusal(code=code, retry_after_s=None if code == "internal" else wait_s)


def build_problem(refusal: Refusal, request_id: str = "") -> Problem:
    """Return the problem body for a refusal; an unknown code is a bug and raises KeyError."""
    kind = PROBLEMS[refusal.code]
    return Problem(
        type=PROBLEM_TYPE_PREFIX + refusal.code,
        title=kind.title,
        status=kind.status,
        detail=refusal.detail or kind.advice,
        request_id=request_id,
        faults=refusal.faults,
    )


def refuse(refusal: Refusal, request_id: str) -> Reply:
    """Return the whole error answer, with the headers that belong to its status."""
    problem = build_problem(refusal, request_id)
    headers: tuple[tuple[str, str], ...] = ()
    if refusal.retry_after_s is not None:
        headers = (("Retry-After", str(refusal.retry_after_s)),)
    if problem.status == 401:  # noqa: PLR2004 - RFC 9110 section 11.6.1: a 401 names the scheme
        headers = (("WWW-Authenticate", 'Bearer realm="forbear"'),)
    if refusal.allow:
        headers = (("Allow", refusal.allow),)
    return Reply(
        status=problem.status,
        body=json.encode(problem),
        content_type=_CONTENT_TYPE,
        headers=headers,
        code=refusal.code,
    )
