"""`forbear keys`: the keys of callers, and the key files of the installation."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Column, Table

from config.settings import Settings
from gateway.clock import SystemClock
from gateway.commands.owner import as_owner
from gateway.commands.read_settings import read_settings
from gateway.commands.screen import fail, out, say
from gateway.keys import EVERY_CREDITOR, Action, KeyRecord, PrincipalKind

if TYPE_CHECKING:
    import asyncpg

CREDITOR_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")  # as gateway.fields publishes it

app = typer.Typer(help="Make, list and revoke API keys; make the key files.", no_args_is_help=True)


@app.command()
def create(
    subject: Annotated[str, typer.Argument(help="Who will use the key, for example strategy-engine.")],
    creditor: Annotated[
        list[str], typer.Option(help="A creditor the key may act for; * for all. May be repeated.")
    ],
    action: Annotated[
        list[Action] | None, typer.Option(help="What it may do; everything if not given.")
    ] = None,
    kind: Annotated[
        PrincipalKind, typer.Option(help="Two-person acts need two keys of kind person.")
    ] = PrincipalKind.MACHINE,
    namespace: Annotated[
        str | None, typer.Option(help="Share borrower ids, and so the caps per person, between creditors.")
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, help="The key ends after so many days.")] = None,
    test: Annotated[bool, typer.Option("--test", help="Mark it as a test key (fb_test_...).")] = False,
) -> None:
    """Make an API key and print it, once: only a hash of it is stored. A creditor that is new is made too."""
    from gateway.key_making import EVERYTHING, make_key

    settings = read_settings()
    for made in make_creditors(settings, {name: name for name in creditor if name != EVERY_CREDITOR}):
        typer.echo(f"Creditor {made} is new: made, with a key for its borrowers and an audit log.", err=True)
    new = as_owner(
        settings,
        lambda connection: make_key(
            connection,
            subject=subject,
            kind=kind,
            creditors=tuple(creditor),
            actions=EVERYTHING if action is None else tuple(each.value for each in action),
            namespace=namespace,
            lifetime=None if days is None else timedelta(days=days),
            live=not test,
            at=SystemClock().now(),
        ),
    )
    # The bare token on standard output, so that a script can take it; the advice goes beside it.
    typer.echo(new.token)
    typer.echo(f"Key {new.id}. Shown only now; send it as: Authorization: Bearer <key>", err=True)


@app.command("list")
def list_all() -> None:
    """List every key, revoked ones included, without its secret."""
    from gateway.store.api_keys import list_keys

    key, made_on = Column("key", no_wrap=True), Column("made", no_wrap=True)
    table = Table(key, "subject", "kind", "creditors", "actions", made_on, "state")
    for record in as_owner(read_settings(), list_keys):
        actions = (
            "all" if set(record.actions) >= {action.value for action in Action} else " ".join(record.actions)
        )
        made = f"{record.created_at:%Y-%m-%d}"
        table.add_row(
            record.id, record.subject, record.kind, " ".join(record.creditors), actions, made, state(record)
        )
    out.print(table)


@app.command()
def revoke(key: Annotated[str, typer.Argument(help="The key's id, as list shows it.")]) -> None:
    """End a key. Processes that used it a moment ago may still take it for five seconds."""
    from gateway.key_making import end_key

    if not as_owner(read_settings(), lambda connection: end_key(connection, key, at=SystemClock().now())):
        fail(f"There is no live key {key}. `forbear keys list` shows them.")
        raise typer.Exit(1)
    say(f"Key {key} is revoked.")


@app.command()
def files() -> None:
    """Make the master key and the sealer's key where the settings want them; never overwrites.

    Back the master key up: without it no address, name or text in the database can ever be read again.
    """
    made = make_key_files(read_settings())
    say(*(f"Made {path}" for path in made) if made else ("Both key files are there.",))


def make_creditors(settings: Settings, names: Mapping[str, str]) -> list[str]:
    """Make those creditors, names by id, that are not there yet; the ids of those made. Only then is the key needed."""
    from gateway.key_file import KeyFileError
    from gateway.store.creditors import add_creditor, missing_creditors
    from gateway.vault import open_vault

    wrong = [name for name in names if not CREDITOR_ID.fullmatch(name)]
    if wrong:
        fail(
            f"{wrong[0]!r} is no name of a creditor: up to 64 letters, digits, dots, hyphens and underscores."
        )
        raise typer.Exit(1)

    async def add(owner: "asyncpg.Connection") -> list[str]:
        missing = await missing_creditors(owner, names)
        vault = open_vault(settings.master_key_file) if missing else None
        return [each for each in missing if vault and await add_creditor(owner, vault, each, names[each])]

    try:
        return as_owner(settings, add)
    except KeyFileError as error:
        fail("A new creditor needs the master key.", f"  {error}")
        raise typer.Exit(1) from error


def make_key_files(settings: Settings) -> list[str]:
    """Make those key files that are missing; the paths of those made."""
    from gateway.seal_key import create_sealer_key
    from gateway.vault import create_master_key

    made = []
    for path, create_file in (
        (settings.master_key_file, create_master_key),
        (settings.seal_key_file, create_sealer_key),
    ):
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            create_file(path)
            made.append(str(path))
    return made


def state(record: KeyRecord) -> str:
    """Whether a key works, in a word or two."""
    if record.revoked_at is not None:
        return "revoked"
    if record.expires_at is not None:
        ended = record.expires_at <= SystemClock().now()
        return "expired" if ended else f"until {record.expires_at:%Y-%m-%d}"
    return "live"
