"""The settings of a command: complete, or a list of what is wrong and no start."""

import msgspec
import typer

from config.settings import BY_NAME, Settings, from_process
from gateway import exit_codes
from gateway.commands.screen import fail
from gateway.embedded.urls import stack_urls

EXIT_SETTINGS = exit_codes.OPERATOR
VARIABLE_OF = {variable.field: name for name, variable in BY_NAME.items()}


def read_settings() -> Settings:
    """The settings of this process, with the addresses of the embedded servers unless external ones are set.

    Prints every fault and ends the command when there is any.
    """
    settings = from_process()
    if isinstance(settings, list):
        fail("The settings are not usable:", *(f"  {fault}" for fault in settings))
        raise typer.Exit(EXIT_SETTINGS)
    return settings if settings.external else with_embedded(settings)


def with_embedded(settings: Settings) -> Settings:
    """The settings with the addresses of the embedded servers in the data folder."""
    urls = stack_urls(settings.data_dir)
    return msgspec.structs.replace(
        settings,
        database_url=urls.database_url,
        database_owner_url=urls.database_owner_url,
        seal_database_url=urls.seal_database_url,
        redis_url=urls.redis_url,
        queue_url=urls.queue_url,
    )


def required(settings: Settings, *fields: str) -> Settings:
    """The same settings, or the end of the command naming every variable of `fields` that is not set."""
    missing = [field for field in fields if getattr(settings, field) is None]
    if missing:
        fail(
            "This command needs:",
            *(f"  {VARIABLE_OF[field]}: {BY_NAME[VARIABLE_OF[field]].help}" for field in missing),
        )
        raise typer.Exit(EXIT_SETTINGS)
    return settings
