"""What the hand-off reads of a contact: itself, and its person's and address's facts and versions, in one snapshot."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from gateway.store.facts import HISTORY, borrower_facts, suppressions, wrapped_key
from gateway.vault import WrappedKey
from throttling.facts import AddressFacts, BorrowerFacts

_ADDRESS = ("id", "scope", "since", "source", "channel", "debt", "creditor")
_QUERY = f"""
SELECT c.id, c.creditor, c.borrower_id, b.token AS borrower, b.subject, b.namespace, b.version, k.version AS k_version,
       k.wrapped, c.address, a.version AS a_version, c.channel, c.state, c.due_at, c.expires_at, c.tries, c.template,
       c.debts, c.request, c.decision, h.*, s.*
  FROM contact c
  JOIN borrower b ON b.id = c.borrower_id
  JOIN address a ON a.token = c.address
  LEFT JOIN borrower_key k ON k.creditor = c.creditor AND k.borrower_id = c.borrower_id
  CROSS JOIN LATERAL borrower_history(b.id, $2) AS h
  CROSS JOIN LATERAL (SELECT {", ".join(f"array_agg({n}) AS a_s_{n}" for n in _ADDRESS)}
                        FROM suppression WHERE address = c.address AND lifted_at IS NULL) AS s
 WHERE c.id = ANY ($1)"""


class Handing(msgspec.Struct, frozen=True, kw_only=True):
    """One contact on its way out, with everything a decision may look at."""

    id: UUID
    creditor: str
    borrower_id: int
    borrower: bytes
    subject: UUID
    namespace: str
    wrapped: WrappedKey | None
    address: bytes
    channel: str
    state: str
    due_at: datetime
    expires_at: datetime
    tries: int
    template: bytes
    debts: bytes
    request: bytes
    facts: BorrowerFacts
    address_facts: AddressFacts


async def load_handing(pool: asyncpg.Pool, contacts: Sequence[UUID], at: datetime) -> list[Handing]:
    """The contacts in the order of the ids; ids that name nothing are left out."""
    records = await pool.fetch(_QUERY, contacts, at - HISTORY)
    found = {record["id"]: _handing(record) for record in records}
    return [found[contact] for contact in contacts if contact in found]


_PLAIN = tuple(
    name for name in Handing.__struct_fields__ if name not in {"wrapped", "facts", "address_facts"}
)


def _handing(record: asyncpg.Record) -> Handing:
    return Handing(
        **{name: record[name] for name in _PLAIN},
        wrapped=wrapped_key(record),
        facts=borrower_facts(record, record["version"]),
        address_facts=AddressFacts(version=record["a_version"], suppressions=suppressions(record, "a_s_")),
    )
