"""The newest request about a borrower, and what is known of the addresses they were reached at."""

from collections.abc import Mapping

import asyncpg
import msgspec

from gateway.store.contacts import StoredContact, find_contact
from gateway.store.facts import suppressions
from throttling.facts import AddressFacts, Channel


class KnownPerson(msgspec.Struct, frozen=True, kw_only=True):
    """The newest contact of a borrower, and per channel the facts of the address it last used."""

    contact: StoredContact
    suppressed: Mapping[Channel, AddressFacts]


async def last_request(pool: asyncpg.Pool, borrower: bytes, creditor: str) -> KnownPerson | None:
    """What was last asked about a borrower by this creditor, or None."""
    newest = await pool.fetchval(
        """SELECT c.id FROM contact c JOIN borrower b ON b.id = c.borrower_id
            WHERE b.token = $1 AND c.creditor = $2 ORDER BY c.id DESC LIMIT 1""",
        borrower,
        creditor,
    )
    contact = None if newest is None else await find_contact(pool, newest)
    if contact is None:
        return None
    records = await pool.fetch(
        """SELECT DISTINCT ON (c.channel) c.channel, a.version, s.*
             FROM contact c JOIN address a ON a.token = c.address
             CROSS JOIN LATERAL (
               SELECT array_agg(id) AS s_id, array_agg(scope) AS s_scope, array_agg(since) AS s_since,
                      array_agg(source) AS s_source, array_agg(channel) AS s_channel, array_agg(debt) AS s_debt,
                      array_agg(creditor) AS s_creditor
                 FROM suppression WHERE address = c.address AND lifted_at IS NULL) AS s
            WHERE c.borrower_id = $1 AND c.creditor = $2 ORDER BY c.channel, c.id DESC""",
        contact.borrower_id,
        creditor,
    )
    return KnownPerson(
        contact=contact,
        suppressed={
            Channel(r["channel"]): AddressFacts(version=r["version"], suppressions=suppressions(r))
            for r in records
        },
    )
