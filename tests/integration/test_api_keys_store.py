"""Facts about API keys in PostgreSQL: the owner makes and revokes them, a serving process may only look."""

import datetime as dt
import secrets

import asyncpg
import pytest

from gateway.key_ring import KeyRing
from gateway.keys import Action, KeyRecord, PrincipalKind, mint_key
from gateway.store.api_keys import ApiKeys, insert_key, list_keys, revoke_key
from tests.conftest import DatabaseUrls

AT = dt.datetime(2026, 3, 3, 17, 0, tzinfo=dt.UTC)


def record(key_id: str, secret_hash: bytes) -> KeyRecord:
    """A key for acme-bank that may submit."""
    return KeyRecord(
        id=key_id,
        secret_hash=secret_hash,
        subject="upstream",
        kind=PrincipalKind.MACHINE,
        creditors=("acme-bank",),
        actions=(Action.CONTACTS_WRITE,),
        namespace="group",
        created_at=AT,
        expires_at=AT + dt.timedelta(days=90),
    )


@pytest.mark.postgres
async def test_a_key_lives_from_making_to_revoking(database: DatabaseUrls):
    """A stored key opens the door, its use is noted, and once revoked it opens no more."""
    new = mint_key(secrets.token_bytes)
    owner = await asyncpg.connect(database.owner)
    try:
        await insert_key(owner, record(new.id, new.secret_hash))
        async with asyncpg.create_pool(database.app, min_size=1, max_size=1) as pool:
            keys = KeyRing(ApiKeys(pool), now=lambda: AT, monotonic_s=lambda: 0.0, remember_s=0.0)
            caller = await keys.authenticate(new.token)
            assert caller is not None
            assert (caller.key_id, caller.subject, caller.namespace) == (new.id, "upstream", "group")
            (kept,) = await list_keys(owner)
            assert kept.last_used_at == AT
            assert await revoke_key(owner, new.id, AT)
            assert not await revoke_key(owner, new.id, AT)
            assert await keys.authenticate(new.token) is None
    finally:
        await owner.close()


@pytest.mark.postgres
async def test_a_serving_process_cannot_make_or_revive_keys(database: DatabaseUrls):
    """Whoever takes over an API process cannot give itself another key."""
    new = mint_key(secrets.token_bytes)
    app = await asyncpg.connect(database.app)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await insert_key(app, record(new.id, new.secret_hash))
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await revoke_key(app, new.id, AT)
    finally:
        await app.close()


@pytest.mark.postgres
async def test_an_id_is_given_once(database: DatabaseUrls):
    """Two keys never share an id."""
    owner = await asyncpg.connect(database.owner)
    try:
        await insert_key(owner, record("live_x", bytes(32)))
        with pytest.raises(asyncpg.UniqueViolationError):
            await insert_key(owner, record("live_x", bytes(32)))
    finally:
        await owner.close()
