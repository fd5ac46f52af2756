"""What each kind of record says: one struct a kind.

Rules for whoever edits this file: a kind that has been written is never changed; a new need is a new kind, or the same
kind under `v` 2. No field may hold a person's address, name, text or variables, nor a hash of any (a keyed one
outlives the erasure of the person). `subj` is a random id that means nothing once the borrower's row is gone.
"""

from uuid import UUID

from audit.leaf import ContactLeaf, Count, DecidedLeaf, Hash, Leaf, Micros, Pack, Whole, Word
from audit.words import AttemptState, ContactState, StopScope, SuppressionScope, Verdict

# --- contacts -------------------------------------------------------------------------------------------------


class ContactAccepted(DecidedLeaf, tag="contact.accepted", frozen=True, kw_only=True):
    """A request was taken on: it may go now (allow) or not before `until` (defer)."""

    verdict: Verdict
    code: Word
    until: Micros | None


class ContactDenied(DecidedLeaf, tag="contact.denied", frozen=True, kw_only=True):
    """A contact will not be made, and why. A refusal is evidence too (12 CFR 1006.100(a))."""

    verdict: Verdict
    code: Word
    until: Micros | None


class ContactIntent(DecidedLeaf, tag="contact.intent", frozen=True, kw_only=True):
    """A permit: this attempt may leave through this provider account before `not_after`.

    `commitment` is `record.commitment(salt, payload)`; salt and payload vanish with the borrower's key.
    """

    attempt: UUID
    account: Word
    not_after: Micros
    commitment: Hash


class AttemptOutcome(ContactLeaf, tag="attempt.outcome", frozen=True, kw_only=True):
    """How an attempt ended. `ref` is the provider's id; `late`: written to the wire after the permit had run out."""

    attempt: UUID
    outcome: AttemptState
    code: Word
    ref: Word | None
    late: bool


class ContactMoved(ContactLeaf, tag="contact.state", frozen=True, kw_only=True):
    """A contact changed its state for a reason that no other kind tells: expired, cancelled, deferred again."""

    was: ContactState
    code: Word
    until: Micros | None = None


class ReceiptRecorded(ContactLeaf, tag="receipt.recorded", frozen=True, kw_only=True):
    """The provider's later word. `state` is None when it changed nothing."""

    attempt: UUID
    account: Word
    status: Word
    code: Word
    ref: Word | None


# --- what binds later contacts --------------------------------------------------------------------------------


class OptOutReceived(Leaf, tag="optout.received", frozen=True, kw_only=True):
    """Somebody said stop; from this record on nothing new is permitted. `contact` is what they answered, if known."""

    optout: UUID
    scope: SuppressionScope
    chan: Word | None
    creditor: Word | None
    subj: UUID | None
    contact: UUID | None
    source: Word


class OptOutCompleted(Leaf, tag="optout.completed", frozen=True, kw_only=True):
    """No permit from before the opt-out was live any more, and only now was it acknowledged."""

    optout: UUID


class SuppressionAdded(Leaf, tag="suppression.added", frozen=True, kw_only=True):
    """A standing "do not contact". `creditor` None binds all; `subj` None when only an address is known."""

    suppression: UUID
    scope: SuppressionScope
    chan: Word | None
    creditor: Word | None
    subj: UUID | None
    source: Word


class RestrictionAdded(Leaf, tag="restriction.added", frozen=True, kw_only=True):
    """A dated, typed restriction (attorney, cease, bankruptcy, …). `by` is the API key that posted it."""

    restriction: UUID
    type: Word
    subj: UUID
    creditor: Word | None
    since: Micros
    until: Micros | None
    by: Word


class RestrictionLifted(Leaf, tag="restriction.lifted", frozen=True, kw_only=True):
    """A restriction ended before its time."""

    restriction: UUID
    subj: UUID
    by: Word


class ConsentAdded(Leaf, tag="consent.added", frozen=True, kw_only=True):
    """A consent was reported, with the kind of its evidence."""

    consent: UUID
    type: Word
    subj: UUID
    creditor: Word | None
    chan: Word | None
    since: Micros
    until: Micros | None
    by: Word


class EventReported(Leaf, tag="event.reported", frozen=True, kw_only=True):
    """Something that counts happened elsewhere: an agent's call, a conversation, a letter."""

    event: UUID
    type: Word
    subj: UUID
    creditor: Word
    chan: Word | None
    happened: Micros
    by: Word


# --- the house ------------------------------------------------------------------------------------------------


class PolicyActivated(Leaf, tag="policy.activated", frozen=True, kw_only=True):
    """From here on decisions name this policy: exactly these packs and this release of the tz database."""

    policy: Hash
    packs: tuple[Pack, ...]
    tzdb: Word
    by: Word


class KeyCreated(Leaf, tag="key.created", frozen=True, kw_only=True):
    """An API key was made, and what it may do."""

    key: Word
    actions: tuple[Word, ...]
    creditors: tuple[Word, ...]
    by: Word


class KeyRevoked(Leaf, tag="key.revoked", frozen=True, kw_only=True):
    """An API key ended."""

    key: Word
    by: Word


class StopSet(Leaf, tag="stop.set", frozen=True, kw_only=True):
    """Sending was stopped. The reason, which is free text, stays with the flag."""

    stop: UUID
    scope: StopScope
    value: Word | None
    by: Word


class StopLifted(Leaf, tag="stop.lifted", frozen=True, kw_only=True):
    """Sending was resumed."""

    stop: UUID
    by: Word


class LateHandOff(ContactLeaf, tag="incident.late_handoff", frozen=True, kw_only=True):
    """Bytes left after the permit had run out: the one thing that a lease cannot prevent, so it is told."""

    attempt: UUID
    late_us: Count


class ClockSkew(Leaf, tag="incident.clock_skew", frozen=True, kw_only=True):
    """This writer's clock and the database's differed by more than is allowed; nothing was permitted meanwhile."""

    skew_us: Whole


class EpochOpened(Leaf, tag="epoch.opened", frozen=True, kw_only=True):
    """A writer started (again): its sequence begins anew under `we`."""

    part: Word
    release: Word


Record = (
    ContactAccepted
    | ContactDenied
    | ContactIntent
    | AttemptOutcome
    | ContactMoved
    | ReceiptRecorded
    | OptOutReceived
    | OptOutCompleted
    | SuppressionAdded
    | RestrictionAdded
    | RestrictionLifted
    | ConsentAdded
    | EventReported
    | PolicyActivated
    | KeyCreated
    | KeyRevoked
    | StopSet
    | StopLifted
    | LateHandOff
    | ClockSkew
    | EpochOpened
)
"""Every kind there is; `record.decode` refuses any other."""
