"""Every command of `forbear`, a row each."""

import typer

from gateway.commands import demo, doctor, keys, migrate, parts, policy, send, up

HELP = """Decides whether a contact may go out now, later or never; sends it; keeps the proof.

On one machine `forbear up` starts everything, with its own PostgreSQL and Valkey; `forbear demo` does so with people
who do not exist. In production serve, work and seal run apart, on DATABASE_URL and REDIS_URL. Settings are environment
variables: config/example.env lists them.
"""
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
