"""Everything a decision may look at, gathered before it is made; opaque tokens only, no personal data."""

from datetime import date, datetime
from enum import StrEnum

import msgspec


class Channel(StrEnum):
    """The way a contact travels."""

    SMS = "sms"
    VOICE = "voice"
    EMAIL = "email"
    PUSH = "push"


class ZoneKind(StrEnum):
    """What a candidate time zone was derived from."""

    STATED = "stated"
    ADDRESS = "address"
    POSTAL_CODE = "postal_code"
    REGION = "region"
    COUNTRY = "country"
    NUMBER = "number"


class ZoneEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """One time zone the person may be in, with the reason to think so.

    `zone` is an IANA name. Every zone handed to `decide` is a candidate and must agree (12 CFR 1006.6(b)(1)(i),
    comment 2); evidence that another piece has settled is left out by whoever gathers the facts.
    """

    zone: str
    kind: ZoneKind
    source: str
    as_of: date | None = None


class Debt(msgspec.Struct, frozen=True, kw_only=True):
    """One debt a contact is about; `token` and `group` are opaque.

    Debts of one `group` share their counts and their cool-down (student loans under one account number count as one
    debt: comment 14(b)(4)-2.vii).
    """

    token: str
    type: str | None = None
    days_past_due: int | None = None
    group: str | None = None


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to do: one contact of one person.

    `country` is ISO 3166-1 alpha-2, `region` is ISO 3166-2 with its country (`US-NY`), followed by a place where a
    rule needs one (`US-NY-NYC`). `lines` are the required lines that the template declares to carry (`opt_out`).
    """

    creditor: str
    channel: Channel
    purpose: str
    country: str | None
    region: str | None
    debts: tuple[Debt, ...]
    zones: tuple[ZoneEvidence, ...]
    lines: frozenset[str]
    relation: str = "self"
    template: str


class SuppressionScope(StrEnum):
    """How much a "do not contact" closes."""

    ADDRESS = "address"
    CHANNEL = "channel"
    DEBT = "debt"
    ALL = "all"


class Suppression(msgspec.Struct, frozen=True, kw_only=True):
    """A standing "do not contact". It binds from the moment it is known; `since` is evidence, not a start.

    `creditor` None binds every creditor. `channel` None on scope ADDRESS closes the address for every channel.
    """

    id: str
    scope: SuppressionScope
    since: datetime
    source: str
    channel: Channel | None = None
    debt: str | None = None
    creditor: str | None = None


class Restriction(msgspec.Struct, frozen=True, kw_only=True):
    """A state of the person or the debt that forbids contact in `[since, until)` (attorney, cease, bankruptcy).

    `debt`, `creditor` and `channel` narrow it; None means every one. `until` None means until it is lifted.
    """

    id: str
    kind: str
    since: datetime
    until: datetime | None
    debt: str | None = None
    creditor: str | None = None
    channel: Channel | None = None


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened and counts: an `attempt`, a `conversation` and the like.

    `debts` holds the tokens of the debts it was about *and* the groups of those that have one; an event that names no
    debt counts for every debt. `contact` is the contact it belongs to, if it was one of ours.
    """

    at: datetime
    kind: str
    channel: Channel
    debts: tuple[str, ...]
    creditor: str
    contact: str | None = None


class BorrowerFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one person, at one version."""

    version: int
    events: tuple[Event, ...]
    suppressions: tuple[Suppression, ...]
    restrictions: tuple[Restriction, ...]


class AddressFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one address, at one version. An address is not a person: several people may share it."""

    version: int
    suppressions: tuple[Suppression, ...]


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """All that `decide` may see.

    `pending` are contacts of the same person that were accepted and have no permit yet; they count like attempts. One
    whose contact already has an event counts once. The contact being decided is never among them.
    """

    request: Request
    borrower: BorrowerFacts
    address: AddressFacts
    pending: tuple[Event, ...] = ()
