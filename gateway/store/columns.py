"""Arguments of the writing functions for each kind of item, in the order of gateway/schema/sql/0003_functions.sql."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from gateway.store.accepting import Leaf
from gateway.store.writer import Stamp


def call(function: str, arguments: int) -> str:
    """The statement that calls a writing function with its stamp and this many arguments more."""
    return f"SELECT {function}({', '.join(f'${n}' for n in range(1, arguments + 4))})"


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """A waiting contact that becomes something else without being sent."""

    contact: UUID
    creditor: str
    state: str
    due_at: datetime | None
    decision: bytes | None
    at: datetime
    kind: str
    leaf: Leaf


def of_moves(items: Sequence[Move], stamp: Stamp) -> Sequence[object]:
    """The arguments of `move_contacts`."""
    return (
        [i.contact for i in items],
        [i.creditor for i in items],
        [i.state for i in items],
        [i.due_at for i in items],
        [i.decision for i in items],
        [i.at for i in items],
        [i.kind for i in items],
        [i.leaf(stamp) for i in items],
    )


class PermitWanted(msgspec.Struct, frozen=True, kw_only=True):
    """One contact that was decided, opened, rendered and checked, and now needs the database's word."""

    contact: UUID
    borrower: int
    borrower_version: int
    address: bytes
    address_version: int
    creditor: str
    channel: str
    template: bytes
    debts: bytes
    account: str
    attempt: UUID
    not_after: datetime
    answer_by: datetime
    payload: bytes
    decision: bytes
    policy: bytes
    at: datetime
    leaf: Leaf


def of_permits(items: Sequence[PermitWanted], stamp: Stamp, skew: timedelta) -> Sequence[object]:
    """The arguments of `permit_contacts`. Items decided apart may share a statement: the newest instant is compared."""
    return (
        max(i.at for i in items),
        skew,
        [i.policy for i in items],
        [i.contact for i in items],
        [i.borrower for i in items],
        [i.borrower_version for i in items],
        [i.address for i in items],
        [i.address_version for i in items],
        [i.creditor for i in items],
        [i.channel for i in items],
        [i.template for i in items],
        [i.debts for i in items],
        [i.account for i in items],
        [i.attempt for i in items],
        [i.not_after for i in items],
        [i.answer_by for i in items],
        [i.payload for i in items],
        [i.decision for i in items],
        ["contact.intent"] * len(items),
        [i.leaf(stamp) for i in items],
    )


class Settle(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one attempt."""

    attempt: UUID
    from_states: str
    state: str
    contact: UUID
    contact_state: str | None
    due_at: datetime | None
    release: bool
    code: str
    provider_id: str | None
    at: datetime
    creditor: str
    leaf: Leaf


def of_settlements(items: Sequence[Settle], stamp: Stamp) -> Sequence[object]:
    """The arguments of `settle_attempts`."""
    return (
        [i.attempt for i in items],
        [i.from_states for i in items],
        [i.state for i in items],
        [i.contact_state for i in items],
        [i.due_at for i in items],
        [i.release for i in items],
        [i.code for i in items],
        [i.provider_id for i in items],
        [i.at for i in items],
        [i.contact for i in items],
        [i.creditor for i in items],
        ["attempt.outcome"] * len(items),
        [i.leaf(stamp) for i in items],
    )


class ReceiptSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery receipt, matched to its attempt where that is known."""

    account: str
    event_id: str
    provider_id: str
    status: str
    code: str
    at: datetime
    attempt: UUID | None
    from_states: str
    state: str | None
    contact: UUID | None
    contact_was: str | None
    contact_state: str | None
    creditor: str
    leaf: Leaf


def of_receipts(items: Sequence[ReceiptSeen], stamp: Stamp) -> Sequence[object]:
    """The arguments of `record_receipts`."""
    return (
        [i.account for i in items],
        [i.event_id for i in items],
        [i.provider_id for i in items],
        [i.status for i in items],
        [i.code for i in items],
        [i.at for i in items],
        [i.attempt for i in items],
        [i.from_states for i in items],
        [i.state for i in items],
        [i.contact for i in items],
        [i.contact_was for i in items],
        [i.contact_state for i in items],
        [i.creditor for i in items],
        ["receipt.recorded"] * len(items),
        [i.leaf(stamp) for i in items],
    )


class InboundSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One thing a person sent us; a `suppression` is made of it where it means stop.

    `answered` is the address of the message that it answers, where one is known.
    """

    account: str
    event_id: str
    channel: str
    address: bytes
    answered: bytes | None
    contact: UUID | None
    meaning: str
    sealed: bytes | None
    at: datetime
    suppression: UUID | None
    source: str
    creditors: tuple[str, ...]
    kinds: tuple[str, ...]
    leaves: tuple[Leaf, ...]


def of_inbound(items: Sequence[InboundSeen], stamp: Stamp) -> Sequence[object]:
    """The arguments of `take_inbound`, which takes one at a time."""
    (i,) = items
    return (
        i.account,
        i.event_id,
        i.channel,
        i.address,
        i.answered,
        i.contact,
        i.meaning,
        i.sealed,
        i.at,
        i.suppression,
        i.source,
        list(i.creditors),
        list(i.kinds),
        [leaf(stamp) for leaf in i.leaves],
    )


class FactSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One fact told by API: an opt-out, a restriction, a consent, an event elsewhere; `table` and `act` say which."""

    table: str
    act: str
    id: UUID
    at: datetime
    since: datetime
    creditor: str | None
    log: str
    kind: str
    leaf: Leaf
    api_key: str | None = None
    idempotency_key: str | None = None
    mac: bytes | None = None
    keep_until: datetime | None = None
    borrower: bytes | None = None
    subject: UUID | None = None
    namespace: str | None = None
    address: bytes | None = None
    scope: str | None = None
    fact_kind: str | None = None
    channel: str | None = None
    debts: bytes | None = None
    until: datetime | None = None
    source: str | None = None
    wording: str | None = None
    evidence: str | None = None


def of_facts(items: Sequence[FactSeen], stamp: Stamp) -> Sequence[object]:
    """The arguments of `record_fact`, which takes one at a time."""
    (i,) = items
    return (
        i.api_key,
        i.idempotency_key,
        i.mac,
        i.keep_until,
        i.table,
        i.act,
        i.id,
        i.borrower,
        i.subject,
        i.namespace,
        i.address,
        i.scope,
        i.fact_kind,
        i.channel,
        i.debts,
        i.creditor,
        i.since,
        i.until,
        i.source,
        i.wording,
        i.evidence,
        i.at,
        [i.log],
        [i.kind],
        [i.leaf(stamp)],
    )


class LeafOnly(msgspec.Struct, frozen=True, kw_only=True):
    """A record that goes with no change of state; `creditor` "" is the system log."""

    creditor: str
    at: datetime
    kind: str
    contact: UUID | None
    leaf: Leaf


def of_leaves(items: Sequence[LeafOnly], stamp: Stamp) -> Sequence[object]:
    """The arguments of `write_leaves`."""
    return (
        [i.creditor for i in items],
        [i.at for i in items],
        [i.kind for i in items],
        [i.contact for i in items],
        [i.leaf(stamp) for i in items],
    )
