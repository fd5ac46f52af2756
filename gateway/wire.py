"""What a caller may send: every body of the API as a strict type, with bounds on each string and array."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from gateway.fields import (
    Address,
    Country,
    CreditorId,
    Day,
    Evidence,
    ExternalId,
    IdempotencyKey,
    Instant,
    Locale,
    PostalCode,
    Region,
    Slug,
    TemplateName,
    VariableName,
    VariableText,
    ZoneName,
)
from throttling.facts import Channel, SuppressionScope


class Relation(StrEnum):
    """Who is reached at the address, seen from the borrower."""

    SELF = "self"
    SPOUSE = "spouse"
    PARENT_OF_MINOR = "parent_of_minor"
    GUARDIAN = "guardian"
    EXECUTOR = "executor"
    ATTORNEY = "attorney"
    REPRESENTATIVE = "representative"
    THIRD_PARTY = "third_party"


class Priority(StrEnum):
    """The order in which due contacts leave; it never changes what a rule permits."""

    LEGAL = "legal"
    HIGH = "high"
    NORMAL = "normal"
    BULK = "bulk"


class IfClosed(StrEnum):
    """What a contact that may not go out now becomes: a scheduled contact, or a denied one."""

    DEFER = "defer"
    DENY = "deny"


class EventKind(StrEnum):
    """What happened outside Forbear and counts all the same."""

    ATTEMPT = "attempt"
    CONVERSATION = "conversation"
    VOICEMAIL = "voicemail"
    LETTER = "letter"
    VISIT = "visit"
    INBOUND = "inbound"


class RestrictionKind(StrEnum):
    """A standing reason not to contact, other than an opt-out."""

    ATTORNEY = "attorney"
    BANKRUPTCY = "bankruptcy"
    CEASE = "cease"
    DECEASED = "deceased"
    DISPUTE = "dispute"
    FRAUD = "fraud"
    LITIGATION = "litigation"
    VULNERABLE = "vulnerable"


class Borrower(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The person the rules protect, and every fact about where that person is."""

    id: ExternalId
    locale: Locale
    country: Country
    region: Region | None = None
    postal_code: PostalCode | None = None
    time_zone: ZoneName | None = None
    as_of: Day | None = None
    relation: Relation = Relation.SELF


class DebtItem(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One particular debt the contact is about; caps count per debt."""

    id: ExternalId
    type: Slug | None = None
    days_past_due: Annotated[int, Meta(ge=0, le=36500, description="Whole days, 0 or more.")] | None = None
    group: ExternalId | None = None


Debts = Annotated[tuple[DebtItem, ...], Meta(min_length=1, max_length=20)]
DebtIds = Annotated[tuple[ExternalId, ...], Meta(max_length=20)]


class ContactRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A wish to reach one person once, over one channel, for one purpose."""

    creditor: CreditorId
    borrower: Borrower
    debts: Debts
    channel: Channel
    address: Address
    template: TemplateName
    purpose: Slug
    variables: Annotated[dict[VariableName, VariableText], Meta(max_length=64)] = {}
    priority: Priority = Priority.NORMAL
    not_before: Instant | None = None
    expires_at: Instant | None = None
    reference: ExternalId | None = None
    if_closed: IfClosed = IfClosed.DEFER


class BatchItem(ContactRequest, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A contact request inside a batch, where each item brings its own idempotency key."""

    idempotency_key: IdempotencyKey


class HypotheticalEvent(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A contact that a dry run shall suppose to have happened."""

    kind: EventKind
    channel: Channel
    at: Instant
    debts: DebtIds = ()


class HypotheticalSuppression(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An opt-out that a dry run shall suppose."""

    scope: SuppressionScope
    since: Instant
    channel: Channel | None = None
    debt: ExternalId | None = None


class HypotheticalRestriction(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A restriction that a dry run shall suppose."""

    kind: RestrictionKind
    since: Instant
    until: Instant | None = None
    channel: Channel | None = None
    debt: ExternalId | None = None


class HypotheticalFacts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """History for a dry run, in place of everything stored about the borrower and the address."""

    events: Annotated[tuple[HypotheticalEvent, ...], Meta(max_length=200)] = ()
    suppressions: Annotated[tuple[HypotheticalSuppression, ...], Meta(max_length=50)] = ()
    restrictions: Annotated[tuple[HypotheticalRestriction, ...], Meta(max_length=50)] = ()


class DecisionRequest(ContactRequest, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A contact request asked without effects; the three extra fields make it hypothetical."""

    at: Instant | None = None
    packs: (
        Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=64)], ...], Meta(max_length=50)] | None
    ) = None
    facts: HypotheticalFacts | None = None


class EventReport(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that happened elsewhere (an agent's call, a letter) and counts against the same caps."""

    creditor: CreditorId
    borrower: ExternalId
    kind: EventKind
    channel: Channel
    at: Instant
    debts: DebtIds = ()
    reference: ExternalId | None = None


class OptOutRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person's "stop", for an address (channel and address) or for a borrower (whole, channel or debt)."""

    creditor: CreditorId
    scope: SuppressionScope
    source: Slug
    at: Instant
    borrower: ExternalId | None = None
    channel: Channel | None = None
    address: Address | None = None
    debt: ExternalId | None = None
    all_creditors: bool = False
    evidence: Evidence | None = None


class RestrictionRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A standing reason not to contact a borrower, with its evidence and dates."""

    creditor: CreditorId
    kind: RestrictionKind
    since: Instant
    source: Slug
    until: Instant | None = None
    channel: Channel | None = None
    debt: ExternalId | None = None
    all_creditors: bool = False
    evidence: Evidence | None = None


class LiftRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The end of a restriction, with who says so and the proof."""

    creditor: CreditorId
    source: Slug
    evidence: Evidence | None = None


class ConsentRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Permission the borrower gave: for what, how, in which words, until when."""

    creditor: CreditorId
    purpose: Slug
    given_at: Instant
    source: Slug
    channel: Channel | None = None
    address: Address | None = None
    expires_at: Instant | None = None
    wording: Evidence | None = None
    evidence: Evidence | None = None


class CancelRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Stop everything scheduled for one borrower, debt or reference, or (`everything`) for the creditor."""

    creditor: CreditorId
    reason: Slug
    borrower: ExternalId | None = None
    debt: ExternalId | None = None
    reference: ExternalId | None = None
    everything: bool = False


class CancelOneRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why one contact is stopped."""

    reason: Slug
