"""What a caller gets back: every answer of the API. A field with nothing to say is absent from the JSON."""

from datetime import date
from enum import StrEnum

from msgspec import Struct

from gateway.fields import Instant
from gateway.wire import EventKind, RestrictionKind
from throttling.decision import Outcome, Verdict
from throttling.facts import Channel, SuppressionScope, ZoneKind


class ContactState(StrEnum):
    """Where a contact is; `gateway` holds the one table of transitions."""

    QUEUED = "queued"
    SCHEDULED = "scheduled"
    DENIED = "denied"
    DISPATCHING = "dispatching"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class ZoneBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One time zone the borrower may be in, how we know, and the local wall time at the decision."""

    zone: str
    kind: ZoneKind
    source: str
    local: str
    as_of: date | None = None


class RuleBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one rule said. `debt` is the caller's own id; `window` is words, such as "7 calendar days"."""

    rule: str
    pack: str
    version: str
    citation: str
    confidence: str
    force: str
    outcome: Outcome
    code: str
    explanation: str
    used: int | None = None
    limit: int | None = None
    window: str | None = None
    until: Instant | None = None
    debt: str | None = None


class DecisionBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The whole decision: verdict, the instant and zones it rests on, and every rule that looked."""

    verdict: Verdict
    code: str
    explanation: str
    at: Instant
    valid_until: Instant
    policy: str
    tzdb: str
    zones: tuple[ZoneBody, ...]
    rules: tuple[RuleBody, ...]
    until: Instant | None = None
    warnings: tuple[str, ...] = ()


class CompactDecision(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The decision in one line, as batches answer it; `rule` is the one that binds."""

    verdict: Verdict
    code: str
    explanation: str
    rule: str | None = None
    until: Instant | None = None


class AttemptBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One try to fulfil the contact; `code` is the adapter's reason when it did not end well."""

    id: str
    state: str
    at: Instant
    account: str
    code: str | None = None


class ContactAnswer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A contact and its decision; lists leave the decision out, `GET` of one adds the attempts."""

    id: str
    status: ContactState
    creditor: str
    channel: Channel
    created_at: Instant
    expires_at: Instant
    reference: str | None = None
    due_at: Instant | None = None
    code: str | None = None
    decision: DecisionBody | None = None
    attempts: tuple[AttemptBody, ...] = ()


class CompactAnswer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A contact as a batch answers it."""

    id: str
    status: ContactState
    creditor: str
    channel: Channel
    created_at: Instant
    expires_at: Instant
    reference: str | None = None
    due_at: Instant | None = None
    decision: CompactDecision | None = None


class ContactPage(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Some contacts, newest first; `next` is the cursor of the following page and absent at the end."""

    items: tuple[ContactAnswer, ...]
    next: str | None = None


class CancelAnswer(Struct, frozen=True, kw_only=True):
    """How many contacts were stopped, which, and for how many it was too late."""

    cancelled: int
    too_late: int
    ids: tuple[str, ...]


class BudgetBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is left under one cap, and when each used place frees."""

    rule: str
    used: int
    limit: int
    window: str
    frees_at: tuple[Instant, ...] = ()
    debt: str | None = None


class ChannelAvailability(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whether one channel is open now, else when it will be, and the rule that binds."""

    channel: Channel
    verdict: Verdict
    code: str
    next_allowed: Instant | None = None
    rule: str | None = None
    budgets: tuple[BudgetBody, ...] = ()


class AvailabilityAnswer(Struct, frozen=True, kw_only=True):
    """When a borrower may be contacted, channel by channel, as the facts stand at `at`."""

    borrower: str
    creditor: str
    at: Instant
    policy: str
    channels: tuple[ChannelAvailability, ...]


class ChangeItem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One state change of one contact, in the order of the audit log."""

    cursor: str
    at: Instant
    contact: str
    kind: str
    state: ContactState | None = None
    code: str | None = None
    reference: str | None = None


class ChangesAnswer(Struct, frozen=True, kw_only=True):
    """Changes after a cursor, none skipped; `next` is the cursor to ask with again, always present."""

    items: tuple[ChangeItem, ...]
    next: str


class EventAnswer(Struct, frozen=True, kw_only=True):
    """The event is counted."""

    id: str
    kind: EventKind
    at: Instant


class OptOutAnswer(Struct, frozen=True, kw_only=True):
    """The opt-out is complete: no message it forbids can leave any more."""

    id: str
    scope: SuppressionScope
    since: Instant
    completed_at: Instant


class RestrictionAnswer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One restriction with its dates; `lifted_at` is set once it no longer binds."""

    id: str
    kind: RestrictionKind
    creditor: str
    since: Instant
    source: str
    until: Instant | None = None
    channel: Channel | None = None
    debt: str | None = None
    all_creditors: bool = False
    evidence: str | None = None
    lifted_at: Instant | None = None


class RestrictionList(Struct, frozen=True, kw_only=True):
    """Every restriction of a borrower, lifted ones included, oldest first."""

    items: tuple[RestrictionAnswer, ...]


class ConsentAnswer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One consent as recorded; the address it was given for is not repeated."""

    id: str
    creditor: str
    purpose: str
    given_at: Instant
    source: str
    channel: Channel | None = None
    expires_at: Instant | None = None
    wording: str | None = None
    evidence: str | None = None


class ConsentList(Struct, frozen=True, kw_only=True):
    """Every consent of a borrower, oldest first."""

    items: tuple[ConsentAnswer, ...]


class ReadinessCheck(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing the gateway needs, and whether it is there."""

    name: str
    ok: bool
    detail: str | None = None


class Readiness(Struct, frozen=True, kw_only=True):
    """Whether this process should be given traffic, and which check says no."""

    ready: bool
    checks: tuple[ReadinessCheck, ...]
