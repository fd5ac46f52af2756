"""The writer of accepted contacts: one row a contact, one statement a group."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec

from gateway.store.writer import Stamp


class Leaf(Protocol):
    """Makes the audit record's bytes once the statement's place in its writer's sequence is known."""

    def __call__(self, stamp: Stamp, /) -> bytes: ...


class NewContact(msgspec.Struct, frozen=True, kw_only=True):
    """A contact as it is accepted, with everything that is written for it."""

    api_key: str
    idempotency_key: str
    mac: bytes
    keep_until: datetime
    borrower: bytes
    subject: UUID
    namespace: str
    creditor: str
    wrapped: bytes
    address: bytes
    id: UUID
    channel: str
    state: str
    priority: int
    due_at: datetime
    expires_at: datetime
    debts: bytes
    template: bytes
    purpose: str
    reference: str | None
    request: bytes
    decision: bytes
    at: datetime
    kind: str
    leaf: Leaf


def columns(items: Sequence[NewContact], stamp: Stamp) -> Sequence[object]:
    """The arguments of `accept_contacts` after the stamp, in its order."""
    return (
        [i.api_key for i in items],
        [i.idempotency_key for i in items],
        [i.mac for i in items],
        [i.keep_until for i in items],
        [i.borrower for i in items],
        [i.subject for i in items],
        [i.namespace for i in items],
        [i.creditor for i in items],
        [i.wrapped for i in items],
        [i.address for i in items],
        [i.id for i in items],
        [i.channel for i in items],
        [i.state for i in items],
        [i.priority for i in items],
        [i.due_at for i in items],
        [i.expires_at for i in items],
        [i.debts for i in items],
        [i.template for i in items],
        [i.purpose for i in items],
        [i.reference for i in items],
        [i.request for i in items],
        [i.decision for i in items],
        [i.at for i in items],
        [i.kind for i in items],
        [i.leaf(stamp) for i in items],
    )
