"""`forbear migrate`: brings the database to the schema of this version."""

import asyncio

import typer

from config.settings import Settings
from gateway.commands.read_settings import read_settings, required
from gateway.commands.screen import fail, say

EXIT_UNREACHABLE = 1


def migrate() -> None:
    """Bring the database to the schema of this version, in one transaction.

    Runs as the owner (DATABASE_OWNER_URL). Safe to run again, and at the same time as another: the second waits and
    finds nothing to do. On the embedded servers `forbear up` does this by itself.
    """
    apply_migrations(required(read_settings(), "database_owner_url"))


def apply_migrations(settings: Settings) -> list[str]:
    """Apply what is missing and say what was applied; ends the command when the database cannot be reached."""
    from gateway.schema import migrate as migrate_database

    try:
        applied = asyncio.run(migrate_database(str(settings.database_owner_url)))
    except OSError as error:
        fail(
            "The database cannot be reached.",
            f"  {type(error).__name__}. Is it running? Is DATABASE_OWNER_URL right?",
        )
        raise typer.Exit(EXIT_UNREACHABLE) from error
    say(f"Schema: applied {', '.join(applied)}." if applied else "Schema: up to date.")
    return applied
