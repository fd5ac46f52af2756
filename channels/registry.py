"""Finds adapters by entry point, so that a plug-in is installed and never listed by hand."""

from collections import Counter
from collections.abc import Collection, Iterable
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from channels.base import OpenChannel, ReaderOf

CHANNELS_GROUP = "forbear.channels"
WEBHOOKS_GROUP = "forbear.webhooks"


class RegistryError(Exception):
    """Raised at start-up when a provider is unknown, or when two plug-ins claim one name."""


def discover(
    wanted: Collection[str] | None = None, *, installed: Iterable[EntryPoint] | None = None
) -> dict[str, OpenChannel]:
    """Every wanted provider's factory, by name; only those modules are imported.

    `wanted` None means all that are installed. `installed` replaces the entry points of this environment.
    Raises `RegistryError` when a wanted name is not installed, or is installed twice: guessing which of two
    plug-ins should carry a person's message is not ours to do.
    """
    found = _of_group(CHANNELS_GROUP, installed)
    return {name: cast("OpenChannel", point.load()) for name, point in _pick(found, wanted).items()}


def discover_readers(
    wanted: Collection[str] | None = None, *, installed: Iterable[EntryPoint] | None = None
) -> dict[str, ReaderOf]:
    """The webhook reader maker of every wanted provider that has callbacks; those without are left out.

    Raises `RegistryError` when a name is installed twice.
    """
    found = _of_group(WEBHOOKS_GROUP, installed)
    have = {point.name for point in found}
    names = have if wanted is None else have & set(wanted)
    return {name: cast("ReaderOf", point.load()) for name, point in _pick(found, names).items()}


def _of_group(group: str, installed: Iterable[EntryPoint] | None) -> list[EntryPoint]:
    if installed is None:
        return list(entry_points(group=group))
    return [point for point in installed if point.group == group]


def _pick(found: list[EntryPoint], wanted: Collection[str] | None) -> dict[str, EntryPoint]:
    twice = sorted(name for name, count in Counter(point.name for point in found).items() if count > 1)
    if twice:
        raise RegistryError(f"two plug-ins are called {', '.join(twice)}: uninstall one of each pair")
    by_name = {point.name: point for point in found}
    if wanted is None:
        return by_name
    missing = sorted(set(wanted) - set(by_name))
    if missing:
        raise RegistryError(
            f"no adapter called {', '.join(missing)} is installed; installed: {', '.join(sorted(by_name))}"
        )
    return {name: by_name[name] for name in wanted}
