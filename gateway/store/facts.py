"""Facts for a decision, read with the version they belong to, and the people and addresses they are about."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import msgspec

from gateway.store.reader import GatheredReader
from gateway.vault import WrappedKey
from throttling.facts import (
    AddressFacts,
    BorrowerFacts,
    Channel,
    Event,
    EventChannel,
    Restriction,
    Suppression,
    SuppressionScope,
)

TOKEN_BYTES = 16

NOBODY = BorrowerFacts(version=0, events=(), suppressions=(), restrictions=())
"""What is known of somebody never heard of."""

# Longer than the longest window of any rule (a calendar month, 30 days), with a month to spare for rules to come.
HISTORY = timedelta(days=100)

_SUPPRESSED_ADDRESS = """
  (SELECT array_agg(id) AS s_id, array_agg(scope) AS s_scope, array_agg(since) AS s_since,
          array_agg(source) AS s_source, array_agg(channel) AS s_channel, array_agg(debt) AS s_debt,
          array_agg(creditor) AS s_creditor
     FROM suppression WHERE address = a.token AND lifted_at IS NULL)"""

IDENTITIES = f"""
SELECT b.id, b.subject, b.version, k.version AS k_version, k.wrapped, a.version AS a_version, s.*
  FROM unnest($1::bytea[], $2::text[], $3::bytea[]) WITH ORDINALITY AS u (token, creditor, address, n)
  LEFT JOIN borrower b ON b.token = u.token
  LEFT JOIN borrower_key k ON k.creditor = u.creditor AND k.borrower_id = b.id
  LEFT JOIN address a ON a.token = u.address
  LEFT JOIN LATERAL {_SUPPRESSED_ADDRESS} AS s ON true
 ORDER BY u.n"""

HISTORIES = """
SELECT b.version, h.*
  FROM unnest($1::bigint[], $2::timestamptz[]) WITH ORDINALITY AS u (id, since, n)
  JOIN borrower b ON b.id = u.id
  CROSS JOIN LATERAL borrower_history(b.id, u.since) AS h
 ORDER BY u.n"""


class Whose(msgspec.Struct, frozen=True, kw_only=True):
    """The tokens under which a request's person and address are kept."""

    borrower: bytes
    creditor: str
    address: bytes


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """A person as stored, and the facts of the address. `id` is None for somebody never seen.

    `wrapped` is None where this creditor has not written to the person before.
    """

    id: int | None
    subject: UUID | None
    version: int
    wrapped: WrappedKey | None
    address: AddressFacts


def identities(pool: asyncpg.Pool) -> GatheredReader[Whose, Identity]:
    """Reads who a request is about; concurrent requests share a query."""

    def columns(keys: Sequence[Whose]) -> Sequence[object]:
        return [k.borrower for k in keys], [k.creditor for k in keys], [k.address for k in keys]

    def row(record: asyncpg.Record) -> Identity:
        return Identity(
            id=record["id"],
            subject=record["subject"],
            version=record["version"] or 0,
            wrapped=wrapped_key(record),
            address=AddressFacts(version=record["a_version"] or 0, suppressions=suppressions(record)),
        )

    return GatheredReader(pool, query=IDENTITIES, columns=columns, row=row)


def histories(pool: asyncpg.Pool) -> GatheredReader[tuple[int, datetime], BorrowerFacts]:
    """Reads a borrower's facts since an instant, with the version they belong to, in one snapshot."""

    def columns(keys: Sequence[tuple[int, datetime]]) -> Sequence[object]:
        return [k[0] for k in keys], [k[1] for k in keys]

    return GatheredReader(
        pool, query=HISTORIES, columns=columns, row=lambda r: borrower_facts(r, r["version"])
    )


def borrower_facts(record: asyncpg.Record, version: int) -> BorrowerFacts:
    """The columns of `borrower_history` as the value that `decide` looks at."""
    return BorrowerFacts(
        version=version,
        events=_events(record),
        suppressions=suppressions(record),
        restrictions=_restrictions(record),
    )


def wrapped_key(record: asyncpg.Record) -> WrappedKey | None:
    """The borrower's key as stored, or None where there is none (never written to, or erased)."""
    if record["wrapped"] is None:
        return None
    return WrappedKey(version=record["k_version"], blob=record["wrapped"])


def token_run(tokens: Sequence[str]) -> bytes:
    """Debt tokens (hex) as the run of 16-byte tokens that a row keeps."""
    return b"".join(map(bytes.fromhex, tokens))


def tokens_of(run: bytes) -> tuple[str, ...]:
    """The debt tokens (hex) of a run."""
    return tuple(run[at : at + TOKEN_BYTES].hex() for at in range(0, len(run), TOKEN_BYTES))


def _events(record: asyncpg.Record) -> tuple[Event, ...]:
    if record["e_at"] is None:
        return ()
    return tuple(
        Event(
            at=at,
            kind=kind,
            channel=EventChannel(channel),
            debts=tokens_of(debts),
            creditor=creditor,
            contact=None if contact is None else str(contact),
        )
        for at, kind, channel, debts, creditor, contact in zip(
            *(record[f"e_{name}"] for name in ("at", "kind", "channel", "debts", "creditor", "contact")),
            strict=True,
        )
    )


def suppressions(record: asyncpg.Record, prefix: str = "s_") -> tuple[Suppression, ...]:
    """The suppressions that a record's columns of this prefix hold."""
    if record[f"{prefix}id"] is None:
        return ()
    names = ("id", "scope", "since", "source", "channel", "debt", "creditor")
    return tuple(
        Suppression(
            id=str(uid),
            scope=SuppressionScope(scope),
            since=since,
            source=source,
            channel=None if channel is None else Channel(channel),
            debt=None if debt is None else debt.hex(),
            creditor=creditor,
        )
        for uid, scope, since, source, channel, debt, creditor in zip(
            *(record[f"{prefix}{n}"] for n in names), strict=True
        )
    )


def _restrictions(record: asyncpg.Record) -> tuple[Restriction, ...]:
    if record["r_id"] is None:
        return ()
    names = ("id", "kind", "since", "until", "debt", "creditor", "channel")
    return tuple(
        Restriction(
            id=str(uid),
            kind=kind,
            since=since,
            until=until,
            debt=None if debt is None else debt.hex(),
            creditor=creditor,
            channel=None if channel is None else Channel(channel),
        )
        for uid, kind, since, until, debt, creditor, channel in zip(
            *(record[f"r_{n}"] for n in names), strict=True
        )
    )
