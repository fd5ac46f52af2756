"""Collects what is wrong in a file, with the line of each fault."""

import re
from collections.abc import Callable
from typing import TypeVar

import msgspec

from throttling.faults import Fault

Path = tuple[str | int, ...]
T = TypeVar("T")

MESSAGE = re.compile(r"(?P<what>.*?)(?: - at `(?:key in )?\$(?P<path>.*)`)?", re.DOTALL)
STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]")
UNKNOWN = re.compile(r"unknown field `(.*)`")
HINTS = (
    ("unknown field", "remove the key, or check its spelling"),
    ("missing required field", "add the key"),
    ("matching regex", "write it in the form this pattern describes"),
    ("Invalid enum value", "use one of the words that docs/rules.md lists"),
    ("length >= 1", "leave the key out if it should not narrow anything; empty would mean never"),
)


class Scribe:
    """Collects the faults of one file; `line_of` says on which line the value at a path starts."""

    def __init__(self, file: str, line_of: Callable[[Path], int]) -> None:
        self.file = file
        self.line_of = line_of
        self.faults: list[Fault] = []

    def say(self, path: Path, message: str, hint: str) -> None:
        """Note a fault at a path."""
        self.faults.append(Fault(file=self.file, line=self.line_of(path), message=message, hint=hint))

    def convert(self, value: object, into: type[T], path: Path) -> T | None:
        """Convert plain values to a type; on failure note the fault with the line of the exact value, and give None."""
        try:
            return msgspec.convert(value, into)
        except msgspec.ValidationError as error:
            match = MESSAGE.fullmatch(str(error))
            what, inner = (match["what"], match["path"] or "") if match else (str(error), "")
            steps = tuple(name or int(index) for name, index in STEP.findall(inner))
            unknown = UNKNOWN.search(what)
            if unknown is not None:
                steps = (*steps, unknown[1])
            where = ".".join(str(step) for step in (*path[2:], *steps))
            hint = next((hint for part, hint in HINTS if part in what), "correct the value")
            self.say((*path, *steps), f"{where}: {what}" if where else what, hint)
            return None
