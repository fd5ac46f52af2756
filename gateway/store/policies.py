"""Policies and templates as loaded: whole files under their hashes, kept for as long as a decision names them."""

from collections.abc import Mapping

import asyncpg
import msgspec


class StoredPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """The files of a policy as JSON, and the release of the zone data it was applied with."""

    hash: bytes
    documents: bytes
    tzdb: str


class StoredTemplate(msgspec.Struct, frozen=True, kw_only=True):
    """One template file."""

    file: str
    source: str


async def active_hash(pool: asyncpg.Pool) -> bytes | None:
    """The hash of the policy in force, or None where there is none."""
    found: bytes | None = await pool.fetchval("SELECT hash FROM policy_active")
    return found


async def find_policy(pool: asyncpg.Pool, digest: bytes) -> StoredPolicy | None:
    """The policy with this hash."""
    record = await pool.fetchrow(
        "SELECT hash, documents::text AS documents, tzdb FROM policy WHERE hash = $1", digest
    )
    if record is None:
        return None
    return StoredPolicy(hash=record["hash"], documents=record["documents"].encode(), tzdb=record["tzdb"])


async def find_template(pool: asyncpg.Pool, digest: bytes) -> StoredTemplate | None:
    """The template file with this hash."""
    record = await pool.fetchrow("SELECT file, source FROM template WHERE hash = $1", digest)
    return None if record is None else StoredTemplate(file=record["file"], source=record["source"])


async def activate(
    owner: asyncpg.Connection,
    *,
    digest: bytes,
    documents: bytes,
    tzdb: str,
    by: str,
    templates: Mapping[bytes, StoredTemplate],
) -> bool:
    """Make these files the policy in force; False if they were already. Needs the owner's role."""
    await owner.executemany(
        "INSERT INTO template (hash, file, source) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        [(key, template.file, template.source) for key, template in templates.items()],
    )
    changed: bool = await owner.fetchval(
        "SELECT activate_policy($1, $2::text::jsonb, $3, $4)", digest, documents.decode(), tzdb, by
    )
    return changed
