"""Runs alembic: the migrations that are missing, in one transaction. Loaded only when there are any."""

from functools import partial

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

# Any constant does; it only has to differ from the stop guard's (0001_audit.sql).
MIGRATION_LOCK = 7041_0000


async def upgrade(owner_dsn: str) -> list[str]:
    """Apply what is missing; the revisions applied now, oldest first. A second caller waits for the first."""
    connect = partial(asyncpg.connect, owner_dsn)
    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
            return await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> list[str]:
    """Run alembic on the open transaction; `env.py` finds the connection in the attributes."""
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "gateway:schema")
    config.set_main_option("path_separator", "os")
    before = MigrationContext.configure(connection).get_current_heads()
    command.upgrade(config, "head")
    steps = ScriptDirectory.from_config(config).iterate_revisions("head", before or "base")
    return [step.revision for step in steps][::-1]
