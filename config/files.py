"""The settings files that ship with Forbear, read as package data wherever it is installed."""

from importlib.resources import files


def read_packs() -> dict[str, str]:
    """Return the text of every rule pack that ships, by file name (`US-FED-REGF.yaml`), in order of name."""
    return _read("packs")


def read_cases() -> dict[str, str]:
    """Return the text of every case file that ships, by file name, in order of name."""
    return _read("packs/cases")


def _read(folder_name: str) -> dict[str, str]:
    folder = files("config").joinpath(*folder_name.split("/"))
    found = (entry for entry in folder.iterdir() if entry.name.endswith(".yaml"))
    return {entry.name: entry.read_text("utf-8") for entry in sorted(found, key=lambda entry: entry.name)}
