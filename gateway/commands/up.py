"""`forbear up`: everything on this machine, watched, until Ctrl-C."""

import typer

from config.settings import from_process
from gateway.commands.installation import open_installation, where_to_look, with_sandbox
from gateway.commands.read_settings import EXIT_SETTINGS
from gateway.commands.screen import fail, say


def up() -> None:
    """Start everything on this machine: servers, schema, keys, serve, work and seal. Ctrl-C stops it in order.

    Without DATABASE_URL it runs its own PostgreSQL and Valkey in FORBEAR_DATA_DIR. A part that ends by itself is
    started again. Without FORBEAR_PROVIDERS_FILE every message goes to the sandbox, and to nobody.
    """
    settings = from_process()
    if isinstance(settings, list):
        fail("The settings are not usable:", *(f"  {fault}" for fault in settings))
        raise typer.Exit(EXIT_SETTINGS)
    with open_installation(with_sandbox(settings)) as installation:
        say("", "[bold]Forbear is up.[/bold]", *where_to_look(installation.settings, installation.logs))
        say("  first key     forbear keys create NAME --creditor CREDITOR", "", "Ctrl-C stops everything.")
        installation.watch()
