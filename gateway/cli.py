"""The command line: one table of commands, and the last place where an unexpected error is caught."""

import sys
import traceback

import typer

from gateway.commands import demo, doctor, keys, migrate, parts, policy, send, up
from gateway.commands.screen import fail
from gateway.embedded.errors import EmbeddedError
from gateway.logs import short

HELP = """Decides whether a contact may go out now, later or never; sends it; keeps the proof.

On one machine `forbear up` starts everything, with its own PostgreSQL and Valkey. In production serve, work and seal
run apart, on DATABASE_URL and REDIS_URL. Settings are environment variables: config/example.env lists them.
"""
EXIT_BUG = 70  # EX_SOFTWARE of sysexits.h

EVERYTHING, USE, PARTS, CARE = "Everything at once", "Use", "The parts", "Care"
COMMANDS = (
    (demo.demo, EVERYTHING),
    (up.up, EVERYTHING),
    (send.send, USE),
    (parts.serve, PARTS),
    (parts.work, PARTS),
    (parts.seal, PARTS),
    (migrate.migrate, CARE),
    (doctor.doctor, CARE),
)


def build_app() -> typer.Typer:
    """The command line, from the table."""
    app = typer.Typer(
        help=HELP,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode="markdown",
        # A traceback shows the values of variables, and with them people.
        pretty_exceptions_enable=False,
    )
    for command, panel in COMMANDS:
        app.command(rich_help_panel=panel)(command)
    app.add_typer(policy.app, name="policy", rich_help_panel=CARE)
    app.add_typer(keys.app, name="keys", rich_help_panel=CARE)
    return app


def main() -> None:
    """Run the command line; whatever goes wrong is told without the values that were being worked on."""
    try:
        build_app()()
    except EmbeddedError as error:
        fail("The embedded servers did not start.", f"  {error}")
        sys.exit(1)
    except Exception as error:  # noqa: BLE001  (the launcher: the last place, and nothing is swallowed)
        frames = traceback.extract_tb(error.__traceback__)
        places = [f"  {short(frame.filename)}:{frame.lineno} in {frame.name}" for frame in frames[-8:]]
        fail(f"This is a fault of Forbear: {type(error).__qualname__}, at", *places)
        sys.exit(EXIT_BUG)


if __name__ == "__main__":
    main()
