"""Work that a command does as the owner of the database."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import typer

from config.settings import Settings
from gateway import exit_codes
from gateway.commands.read_settings import required, with_embedded
from gateway.commands.screen import fail

if TYPE_CHECKING:
    import asyncpg

T = TypeVar("T")


def as_owner(settings: Settings, work: "Callable[[asyncpg.Connection], Awaitable[T]]") -> T:
    """Do `work` on a connection as the owner; ends the command, saying why, when the database cannot be reached."""
    import asyncpg

    url = required(settings, "database_owner_url").database_owner_url

    async def connected() -> T:
        connection = await asyncpg.connect(url)
        try:
            return await work(connection)
        finally:
            await connection.close()

    try:
        return asyncio.run(connected())
    except OSError as error:
        embedded = url == with_embedded(settings).database_owner_url
        hint = "Is `forbear up` running here?" if embedded else "Is it running? Is DATABASE_OWNER_URL right?"
        fail("The database cannot be reached.", f"  {type(error).__name__}. {hint}")
        raise typer.Exit(exit_codes.AWAY) from error
    except asyncpg.UndefinedTableError as error:
        fail("The database has no tables yet. Run `forbear migrate` first.")
        raise typer.Exit(exit_codes.AWAY) from error
