"""The long-running parts of an installation: `forbear serve`, `forbear work`, `forbear seal`."""

import sys
from typing import Annotated

import typer

from gateway.commands.read_settings import read_settings, required
from gateway.logs import configure_logs


def serve() -> None:
    """Answer the HTTP API: accept contact requests, receipts and replies.

    Any number of these may run on one database. SIGTERM finishes open requests first.
    """
    from gateway.processes.serve import main

    settings = required(read_settings(), "database_url", "redis_url", "queue_url")
    configure_logs(settings.log_level, sys.stderr.buffer)
    raise typer.Exit(main(settings))


def work() -> None:
    """Release due contacts and hand them to providers.

    Any number of these may run on one database. SIGTERM lets the sends under way end and records their outcome.
    """
    from gateway.processes.work import main

    settings = required(read_settings(), "database_url", "redis_url", "queue_url")
    configure_logs(settings.log_level, sys.stderr.buffer)
    raise typer.Exit(main(settings))


def seal(
    adopt: Annotated[
        bool,
        typer.Option("--adopt", help="Go on from the seals in the database when the state file is lost."),
    ] = False,
) -> None:
    """Recompute and sign the audit log each second; stop all sending if it does not add up.

    One of these runs on a database, best on a machine and under a user of its own.
    """
    from gateway.processes.seal import main

    settings = required(read_settings(), "seal_database_url")
    configure_logs(settings.log_level, sys.stderr.buffer)
    raise typer.Exit(main(settings, adopt_seals=adopt))
