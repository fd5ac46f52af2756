"""The creditors and API keys of the demo: made once, with their tokens in the data folder for trying things out."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from config.settings import Settings
from gateway.clock import SystemClock
from gateway.commands.keys import make_creditors
from gateway.commands.owner import as_owner
from gateway.demo.texts import CREDITORS
from gateway.key_file import create_key_file, read_key_file
from gateway.keys import Action, PrincipalKind, parse_token

if TYPE_CHECKING:
    import asyncpg


class DemoKey(msgspec.Struct, frozen=True, kw_only=True):
    """One key of the demo, by the name of its file."""

    kind: PrincipalKind
    actions: tuple[Action, ...]


ENGINE, DESK, METRICS = "strategy-engine", "collections-desk", "metrics"
_ASKING = (Action.CONTACTS_WRITE, Action.CONTACTS_READ, Action.DECISIONS, Action.BORROWERS_READ)
_TELLING = (Action.BORROWERS_WRITE, Action.OPT_OUTS_WRITE)
KEYS: Mapping[str, DemoKey] = {
    ENGINE: DemoKey(kind=PrincipalKind.MACHINE, actions=_ASKING),
    DESK: DemoKey(kind=PrincipalKind.PERSON, actions=(*_ASKING, *_TELLING)),
    METRICS: DemoKey(kind=PrincipalKind.MACHINE, actions=(Action.METRICS,)),
}


def make_demo_keys(settings: Settings) -> None:
    """Make the creditors, and those keys that are missing or no longer live; their tokens lie in the folder `demo`."""
    make_creditors(settings, {creditor.id: creditor.name for creditor in CREDITORS})
    folder = demo_folder(settings)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    async def make(owner: "asyncpg.Connection") -> None:
        from gateway.key_making import make_key
        from gateway.store.api_keys import list_keys

        now = SystemClock().now()
        records = await list_keys(owner)
        live = {each.id for each in records if each.revoked_at is None and (each.expires_at or now) >= now}
        for name, key in KEYS.items():
            path = folder / name
            if key_id(path) in live:
                continue
            path.unlink(missing_ok=True)
            new = await make_key(
                owner,
                subject=f"demo-{name}",
                kind=key.kind,
                creditors=tuple(creditor.id for creditor in CREDITORS),
                actions=tuple(key.actions),
                live=False,
                at=now,
            )
            create_key_file(path, new.token + "\n")

    as_owner(settings, make)


def demo_folder(settings: Settings) -> Path:
    """Where the tokens lie, a file each, readable by their owner only."""
    return settings.data_dir.resolve() / "demo"


def key_id(path: Path) -> str | None:
    """The id of the key whose token lies there, or None."""
    token = parse_token(read_key_file(path)) if path.exists() else None
    return None if token is None else token.id
