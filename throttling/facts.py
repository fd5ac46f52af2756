"""Everything a decision may look at, gathered before it is made; opaque tokens only, no personal data."""

from datetime import date, datetime
from typing import Literal

import msgspec

from throttling.vocabulary import Actor, Channel, EventChannel, EventOutcome, SuppressionScope, ZoneKind

__all__ = [
    "Actor",
    "AddressFacts",
    "BorrowerFacts",
    "Channel",
    "Consent",
    "Debt",
    "Event",
    "EventChannel",
    "EventOutcome",
    "Facts",
    "Override",
    "Request",
    "Restriction",
    "Suppression",
    "SuppressionScope",
    "TimeWindow",
    "ZoneEvidence",
    "ZoneKind",
]


class ZoneEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """One time zone the person may be in, with the reason to think so.

    `zone` is an IANA name. Unless a rule says otherwise every candidate must agree (12 CFR 1006.6(b)(1)(i), comment 2),
    but what the person stated ends the doubt: it settles all evidence that is not dated after it.
    """

    zone: str
    kind: ZoneKind
    source: str
    as_of: date | None = None


class Debt(msgspec.Struct, frozen=True, kw_only=True):
    """One debt a contact is about; `token`, `group` and `account` are opaque.

    Debts of one `group` share their counts and their cool-down (student loans under one account number count as one
    debt: comment 14(b)(4)-2.vii). `account` is what a rule per account counts by; None is the debt itself. `due_on`, if
    known, gives the days past due of any date; else `days_past_due` is taken as it stands. `state` is the account's
    (`accelerated`, `statements_stopped`, `legal_action_threatened` …).
    """

    token: str
    type: str | None = None
    days_past_due: int | None = None
    group: str | None = None
    account: str | None = None
    product: str | None = None
    state: str | None = None
    due_on: date | None = None


class Override(msgspec.Struct, frozen=True, kw_only=True):
    """A recorded decision to pass rules that may be rebutted, for a reason that will be read in a dispute.

    `by` is the principal who answers for it. A rule that is not named, or that no reason can pass, binds as before.
    """

    rules: frozenset[str]
    reason: str
    by: str


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to do: one contact of one person.

    `country` is ISO 3166-1 alpha-2, `region` is ISO 3166-2 with its country (`US-NY`), followed by a place where a
    rule needs one (`US-NY-NYC`). `lines` are the required lines that the template declares to carry (`opt_out`),
    `features` what else it declares of itself (`names_debt`, `marketing`, `asks_fee` …; docs/policy-tests.md).

    `actor` is in whose name the contact is made, `collector` who makes it; None matches every rule. `address` is the
    token of the address, `place` where the person would be reached there (`home`, `work`). `answers` names the inbound
    event to which this is the reply, `required_by` the law that orders this notice to be sent.
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
    actor: Actor | None = None
    collector: str | None = None
    address: str | None = None
    place: str | None = None
    features: frozenset[str] = frozenset()
    answers: str | None = None
    required_by: str | None = None
    override: Override | None = None


class Suppression(msgspec.Struct, frozen=True, kw_only=True):
    """A standing "do not contact". It binds from the moment it is known; `since` is evidence, not a start.

    `creditor` None binds every creditor. `channel` None on scope ADDRESS closes the address for every channel, and
    `purpose` narrows a scope to one category of message. `address` is set on a borrower's suppression of an address
    other than the request's; such a one binds only under a rule that reaches all of the caller's contacts.
    """

    id: str
    scope: SuppressionScope
    since: datetime
    source: str
    channel: Channel | None = None
    debt: str | None = None
    creditor: str | None = None
    purpose: str | None = None
    address: str | None = None


class TimeWindow(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of local days: from `open_min` to before `close_min`, in minutes, on `weekdays` (Monday is 0)."""

    open_min: int
    close_min: int
    weekdays: frozenset[int] = frozenset(range(7))


class Restriction(msgspec.Struct, frozen=True, kw_only=True):
    """A state of the person or the debt that forbids contact in `[since, until)` (attorney, cease, bankruptcy).

    `debt`, `creditor`, `channel`, `address` and `place` narrow it; None means every one. `windows` narrow it to local
    times (an inconvenient time); None means at all times. `until` None means until it is lifted. The kinds with a
    meaning are listed in docs/policy-tests.md; others may be used.
    """

    id: str
    kind: str
    since: datetime
    until: datetime | None
    debt: str | None = None
    creditor: str | None = None
    channel: Channel | None = None
    address: str | None = None
    place: str | None = None
    windows: tuple[TimeWindow, ...] | None = None
    source: str | None = None


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """A permission or an agreement, as it was given: what it covers, how it was given, and until when it holds.

    None in `purpose`, `channels`, `address`, `debts`, `creditor` or `windows` means every one. `windows` are the local
    times agreed on, `limit` and `limit_days` the frequency agreed on. `kind` is `consent`, or `agreement` for a clause
    of a contract. It holds in `[since, until)` and until `revoked`; `renewed` is when it was last confirmed. `relation`
    is who gave it. `direct`: to this collector itself. `compliant`: in a communication that itself kept the rules. What
    is not known to be direct, compliant, written, express or e-signed is not.
    """

    id: str
    since: datetime
    kind: Literal["consent", "agreement"] = "consent"
    until: datetime | None = None
    renewed: datetime | None = None
    revoked: datetime | None = None
    relation: str = "self"
    purpose: str | None = None
    channels: frozenset[Channel] | None = None
    address: str | None = None
    debts: tuple[str, ...] | None = None
    creditor: str | None = None
    windows: tuple[TimeWindow, ...] | None = None
    limit: int | None = None
    limit_days: int | None = None
    direct: bool = False
    compliant: bool = False
    express: bool = False
    written: bool = False
    esign: bool = False


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened and counts: an `attempt`, a `conversation` and the like.

    `kind` is `attempt`, `voicemail`, `letter`, `visit` (ours or another's, towards the person), `conversation` (one
    that the person began, or that was told apart from its attempt), `inbound` (the person wrote or called) or `notice`
    (`notice` says which). `outcome` is what became of an attempt: `pending` counts as everything that may still come of
    it; None, which nobody will ever tell, as everything but a conversation.

    `debts` holds the tokens of the debts it counts for *and* the groups and accounts of those that have one; an event
    that names no debt counts for every debt. `discussed` are the debts that the conversation was about, if they are
    others than those (comment 14(b)(4)-2.vi). `contact` is the contact it belongs to, if it was one of ours; `id` names
    an inbound event for the reply to it. None in the other fields is unknown and matches every rule.
    """

    at: datetime
    kind: str
    channel: EventChannel
    debts: tuple[str, ...]
    creditor: str
    contact: str | None = None
    id: str | None = None
    outcome: EventOutcome | None = None
    discussed: tuple[str, ...] | None = None
    purpose: str | None = None
    collector: str | None = None
    address: str | None = None
    place: str | None = None
    relation: str | None = None
    answers: str | None = None
    notice: str | None = None


class BorrowerFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one person, at one version.

    `events` are those of the last 100 days, every `notice`, and the first conversation about each debt however old.
    `states` are circumstances that forbid nothing by themselves but that a rule may ask for (`unreachable`).
    """

    version: int
    events: tuple[Event, ...]
    suppressions: tuple[Suppression, ...]
    restrictions: tuple[Restriction, ...]
    consents: tuple[Consent, ...] = ()
    states: frozenset[str] = frozenset()


class AddressFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one address, at one version. An address is not a person: several people may share it.

    `traits` are what is known of it (`work`, `employer_provided`, `public`, `mobile`, `landline` …); `checked` is when
    a complete and accurate database last said that the number was not reassigned.
    """

    version: int
    suppressions: tuple[Suppression, ...]
    traits: frozenset[str] = frozenset()
    checked: datetime | None = None


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """All that `decide` may see.

    `pending` are contacts of the same person that were accepted and have no permit yet; they count like attempts. One
    whose contact already has an event counts once. The contact being decided is never among them.
    """

    request: Request
    borrower: BorrowerFacts
    address: AddressFacts
    pending: tuple[Event, ...] = ()
