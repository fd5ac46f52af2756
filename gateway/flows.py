"""What the HTTP edge asks of the rest of the gateway, and the values it gets back; it knows nothing else."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Protocol

from msgspec import Struct

from gateway.answers import (
    AvailabilityAnswer,
    CancelAnswer,
    ChangesAnswer,
    ConsentAnswer,
    ConsentList,
    ContactAnswer,
    ContactPage,
    ContactState,
    DecisionBody,
    EventAnswer,
    OptOutAnswer,
    Readiness,
    RestrictionAnswer,
    RestrictionList,
)
from gateway.keys import Caller
from gateway.wire import (
    CancelRequest,
    ConsentRequest,
    ContactRequest,
    EventReport,
    HypotheticalFacts,
    LiftRequest,
    OptOutRequest,
    RestrictionRequest,
)


class FieldFault(Struct, frozen=True, kw_only=True):
    """One fault of a body: where (RFC 6901 pointer), what is wrong, what to do. Never holds the value."""

    pointer: str
    message: str
    hint: str = ""


UNKNOWN_CREDITOR: Final = FieldFault(
    pointer="/creditor", message="no such creditor", hint="`forbear keys create --creditor NAME` makes it"
)


class Invalid(Struct, frozen=True, kw_only=True):
    """The request cannot be carried out as it stands; every fault is listed."""

    faults: tuple[FieldFault, ...]


class Accepted(Struct, frozen=True, kw_only=True):
    """The contact is recorded (queued, scheduled or denied), now or, if `replayed`, by an earlier request.

    `body` may hold the answer's JSON if the flow encoded it already; the edge then sends these very bytes.
    """

    answer: ContactAnswer
    body: bytes | None = None
    replayed: bool = False


class Conflict(Struct, frozen=True, kw_only=True):
    """The idempotency key was used before, with another body."""


class Missing(Struct, frozen=True, kw_only=True):
    """No such thing, or not the caller's; the two are not told apart."""


class TooLate(Struct, frozen=True, kw_only=True):
    """The contact is past the point where it can be stopped."""

    state: ContactState


class ContactQuery(Struct, frozen=True, kw_only=True):
    """What a list of contacts is narrowed by; at least one field is set."""

    creditor: str
    borrower: str | None = None
    reference: str | None = None
    state: ContactState | None = None


class WebhookTaken(Struct, frozen=True, kw_only=True):
    """The report is stored; `body` and `content_type` are what the provider expects to read."""

    body: bytes = b""
    content_type: str = "text/plain"


class WebhookRefused(Struct, frozen=True, kw_only=True):
    """The report was not believed or not understood; `status` makes this provider do the right thing."""

    status: int
    code: str


class Unavailable(Exception):  # noqa: N818 - the name is the state the caller meets
    """Raised by a flow when something it needs is away; becomes 503 with Retry-After, and the same key tells more."""

    def __init__(self, what: str, *, retry_after_s: int = 1) -> None:
        super().__init__(what)
        self.what = what
        self.retry_after_s = retry_after_s


class Overloaded(Exception):  # noqa: N818 - the same
    """Raised by a flow that would only queue the request; becomes 429 with Retry-After. Nothing was done."""

    def __init__(self, *, retry_after_s: int = 1) -> None:
        super().__init__("overloaded")
        self.retry_after_s = retry_after_s


class Flows(Protocol):
    """Everything a caller can set in motion. The creditor scope is checked before a flow is called.

    Broken machinery is raised: Unavailable, Overloaded or one of `gateway.errors`; the edge has a status for each.
    """

    async def accept(
        self, caller: Caller, request: ContactRequest, *, idempotency_key: str, raw: bytes
    ) -> Accepted | Conflict | Invalid:
        """Record the contact once and decide it; `raw` is what a repeat of the key is compared with."""

    async def decide(
        self,
        caller: Caller,
        request: ContactRequest,
        *,
        at: datetime | None,
        packs: tuple[str, ...] | None,
        facts: HypotheticalFacts | None,
    ) -> DecisionBody | Invalid:
        """Answer what would happen, without any effect."""

    async def availability(
        self, caller: Caller, borrower_id: str, creditor: str
    ) -> AvailabilityAnswer | Missing:
        """Say per channel when the borrower may be contacted."""

    async def get_contact(self, caller: Caller, contact_id: str) -> ContactAnswer | Missing:
        """Return one contact with its decision and attempts, if its creditor is in the caller's scope."""

    async def list_contacts(
        self, caller: Caller, query: ContactQuery, cursor: str | None, limit: int
    ) -> ContactPage | Invalid:
        """Return a page of contacts, newest first, without decisions."""

    async def cancel_contact(
        self, caller: Caller, contact_id: str, reason: str
    ) -> ContactAnswer | TooLate | Missing:
        """Stop one contact; stopping it again changes nothing."""

    async def cancel_contacts(self, caller: Caller, request: CancelRequest) -> CancelAnswer:
        """Stop every contact of a borrower, debt, reference or creditor that has not left yet."""

    async def changes(
        self, caller: Caller, creditor: str, after: str | None, limit: int
    ) -> ChangesAnswer | Invalid:
        """Return state changes of a creditor's contacts after a cursor, in order, none skipped."""

    async def report_event(
        self, caller: Caller, report: EventReport, *, idempotency_key: str, raw: bytes
    ) -> EventAnswer | Conflict | Invalid:
        """Count what happened elsewhere."""

    async def opt_out(self, caller: Caller, request: OptOutRequest) -> OptOutAnswer | Invalid:
        """Record the opt-out; returns only when no live permit it forbids is left."""

    async def add_restriction(
        self, caller: Caller, borrower_id: str, request: RestrictionRequest
    ) -> RestrictionAnswer | Invalid:
        """Record a restriction, effective at once."""

    async def list_restrictions(
        self, caller: Caller, borrower_id: str, creditor: str
    ) -> RestrictionList | Missing:
        """Return every restriction of a borrower."""

    async def lift_restriction(
        self, caller: Caller, borrower_id: str, restriction_id: str, request: LiftRequest
    ) -> RestrictionAnswer | Missing:
        """End a restriction; lifting it again changes nothing."""

    async def add_consent(
        self, caller: Caller, borrower_id: str, request: ConsentRequest
    ) -> ConsentAnswer | Invalid:
        """Record a consent."""

    async def list_consents(self, caller: Caller, borrower_id: str, creditor: str) -> ConsentList | Missing:
        """Return every consent of a borrower."""

    async def webhook(
        self, account: str, headers: Mapping[str, str], raw: bytes
    ) -> WebhookTaken | WebhookRefused:
        """Verify and store what a provider reports; the answer follows the commit."""

    async def ready(self) -> Readiness:
        """Say whether database, Redis, policy and sealer are fit for traffic."""
