"""The database schema: SQL files under `sql/`, applied in order by alembic."""

from importlib import resources

import asyncpg


async def migrate(owner_dsn: str) -> list[str]:
    """Bring the database to the newest schema in one transaction, or leave it as it was.

    A second migrator waits for the first and then finds nothing to do. `owner_dsn` is a DSN for asyncpg whose
    role owns (or will own) everything. Returns the revisions applied now, oldest first.
    """
    if await _revision(owner_dsn) == newest_revision():
        return []
    # Alembic and SQLAlchemy take most of a second to load, at every start, to find nothing to do.
    from gateway.schema.upgrading import upgrade  # noqa: PLC0415

    return await upgrade(owner_dsn)


def newest_revision() -> str:
    """The revision that the newest file under `versions/` leads to; files are named after theirs."""
    names = (entry.name for entry in resources.files("gateway.schema").joinpath("versions").iterdir())
    return max(name.removesuffix(".py") for name in names if name.endswith(".py"))


async def _revision(owner_dsn: str) -> str | None:
    """The revision the database is at, or None if it has never been migrated."""
    connection = await asyncpg.connect(owner_dsn)
    try:
        # Asked first, because a statement on a table that is not there is an error in the server's log.
        if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
            return None
        found: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
    finally:
        await connection.close()
    return found
