"""The settings files that ship with Forbear, read as package data wherever it is installed."""

from importlib.resources import files


def read_packs() -> dict[str, str]:
    """Return the text of every rule pack that ships, by file name (`US-FED-REGF.yaml`), in order of name."""
    folder = files("config").joinpath("packs")
    found = (entry for entry in folder.iterdir() if entry.name.endswith(".yaml"))
    return {entry.name: entry.read_text("utf-8") for entry in sorted(found, key=lambda entry: entry.name)}
