"""Makes and ends API keys as the owner of the database, each with its record in the system's audit log."""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from audit.kinds import KeyCreated, KeyRevoked
from audit.record import encode
from gateway.ids import new_id
from gateway.keys import Action, KeyRecord, NewKey, PrincipalKind, mint_key
from gateway.store.api_keys import insert_key, revoke_key
from gateway.store.pool import Connection
from gateway.store.single_writer import open_single_writer

BY = "command-line"

EVERYTHING = tuple(action.value for action in Action)


async def make_key(  # noqa: PLR0913  (a key is all of these)
    connection: Connection,
    *,
    subject: str,
    kind: PrincipalKind,
    creditors: tuple[str, ...],
    actions: tuple[str, ...] = EVERYTHING,
    namespace: str | None = None,
    lifetime: timedelta | None = None,
    live: bool = True,
    at: datetime,
    random: Callable[[int], bytes] = secrets.token_bytes,
) -> NewKey:
    """Store a new key and its record in one transaction; its token is in the answer and nowhere else."""
    new = mint_key(random, live=live)
    record = KeyRecord(
        id=new.id,
        secret_hash=new.secret_hash,
        subject=subject,
        kind=kind,
        creditors=creditors,
        actions=actions,
        created_at=at,
        namespace=namespace,
        expires_at=None if lifetime is None else at + lifetime,
    )
    async with connection.transaction():
        await insert_key(connection, record)
        writer = await open_single_writer(connection, new_id(at, random), at)
        leaf = KeyCreated(
            ts=writer.ts,
            w=writer.name,
            we=writer.epoch,
            ws=1,
            key=new.id,
            actions=actions,
            creditors=creditors,
            by=BY,
        )
        await writer.write("key.created", encode(leaf))
    return new


async def end_key(
    connection: Connection,
    key_id: str,
    *,
    at: datetime,
    random: Callable[[int], bytes] = secrets.token_bytes,
) -> bool:
    """Revoke a key, with its record; False if there is none of this id or it has ended already."""
    async with connection.transaction():
        if not await revoke_key(connection, key_id, at):
            return False
        writer = await open_single_writer(connection, new_id(at, random), at)
        leaf = KeyRevoked(ts=writer.ts, w=writer.name, we=writer.epoch, ws=1, key=key_id, by=BY)
        await writer.write("key.revoked", encode(leaf))
    return True
