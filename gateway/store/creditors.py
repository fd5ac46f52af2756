"""Creditors: their log, and the wrapped key under which their borrowers' keys lie."""

from collections.abc import Collection

import asyncpg
import msgspec

from gateway.vault import Vault


class Creditor(msgspec.Struct, frozen=True, kw_only=True):
    """One creditor as stored."""

    id: str
    name: str
    log_id: int


class Creditors:
    """The creditors by id, their keys open in the vault; one never seen is looked up, one unknown is not remembered."""

    def __init__(self, pool: asyncpg.Pool, vault: Vault) -> None:
        self._pool, self._vault = pool, vault
        self._known: dict[str, Creditor] = {}

    async def find(self, creditor: str) -> Creditor | None:
        """The creditor, with its key open, or None."""
        known = self._known.get(creditor)
        if known is not None:
            return known
        record = await self._pool.fetchrow(
            "SELECT id, name, log_id, tenant_key FROM creditor WHERE id = $1", creditor
        )
        if record is None:
            return None
        self._vault.open_tenant(creditor, record["tenant_key"])
        found = Creditor(id=record["id"], name=record["name"], log_id=record["log_id"])
        self._known[creditor] = found
        return found


async def add_creditor(owner: asyncpg.Connection, vault: Vault, creditor: str, name: str) -> bool:
    """Make the creditor with its log and its key; False if it was there. Needs the owner's role."""
    async with owner.transaction():
        log_id = await owner.fetchval("SELECT audit_open_log($1, $2)", f"creditor/{creditor}", creditor)
        made = await owner.fetchval(
            "INSERT INTO creditor (id, name, log_id, tenant_key) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT DO NOTHING RETURNING id",
            creditor,
            name,
            log_id,
            vault.new_tenant_key(creditor),
        )
    return made is not None


async def missing_creditors(connection: asyncpg.Connection, creditors: Collection[str]) -> list[str]:
    """Those of `creditors` that are not there, in order."""
    found = await connection.fetch("SELECT id FROM creditor WHERE id = ANY ($1)", list(creditors))
    return sorted(set(creditors) - {record["id"] for record in found})
