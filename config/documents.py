"""Reads a YAML file into plain values, with the line of each, and refuses what would mean something else than it looks.

A subset of YAML on purpose: no aliases (a small file can unfold into gigabytes), no tags (they name Python classes), no
duplicate keys (the last one would win in silence). Plain words stay text: in YAML 1.1 `NO` is false, Norway's code too,
and `21:00` is the number 1260.
"""

import re
from collections.abc import Callable, Iterator

import msgspec
import yaml

from config.faults import Fault

MAX_CHARACTERS = 1_000_000
MAX_DEPTH = 20
MAX_NODES = 100_000

PLAIN: tuple[tuple[re.Pattern[str], Callable[[str], object]], ...] = (
    (re.compile(r"~|null|"), lambda _text: None),
    (re.compile(r"true|false"), lambda text: text == "true"),
    (re.compile(r"[-+]?(0|[1-9][0-9]{0,17})"), int),
    (re.compile(r"[-+]?(0|[1-9][0-9]{0,17})\.[0-9]{1,18}"), float),
)

# libyaml where the installed PyYAML has it (its wheels do): every process reads all packs when it starts, and the
# parser in Python takes a second for what this one does in a tenth.
PARSER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# An escape such as "\ud83d" makes text that no encoder takes later on.
HALF_CHARACTER = re.compile("[\ud800-\udfff]")

Path = tuple[str | int, ...]


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """The values of one file: mappings, lists, text, whole numbers, fractions, booleans, None. Dates stay text."""

    name: str
    value: object
    lines: dict[Path, int]

    def line_of(self, path: Path) -> int:
        """Name the line, from 1, where the value at `path` starts; of a missing value, that of its nearest parent."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def load_document(name: str, text: str, *, parser: type = PARSER) -> Document | list[Fault]:
    """Read `text` as YAML, or list every fault found. Never raises for what a file can contain.

    `name` is what faults call the file. Faults of syntax end the reading at the first. `parser` is PyYAML's, in C or in
    Python: both give the same events.
    """
    if len(text) > MAX_CHARACTERS:
        return [_fault(name, 1, "the file is too large", f"keep it below {MAX_CHARACTERS} characters")]
    builder = _Builder(name)
    try:
        builder.take(yaml.parse(text, Loader=parser))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        return [
            *builder.faults,
            _fault(name, line, f"not YAML: {error.problem}", "check indentation, quotes and colons"),
        ]
    except yaml.YAMLError:
        return [
            _fault(
                name,
                1,
                "not YAML: a character that text files do not hold",
                "save the file as plain UTF-8 text",
            )
        ]
    if builder.faults:
        return builder.faults
    if builder.root is None:
        return [
            _fault(
                name,
                1,
                "the file is empty",
                "an empty file would permit or configure nothing; fill or remove it",
            )
        ]
    return Document(name=name, value=builder.root, lines=builder.lines)


class _Open(msgspec.Struct, kw_only=True):
    """A mapping or list that has begun and not ended; `key` is where its next value belongs."""

    path: Path
    items: dict[str, object] | list[object]
    key: str | None = None


class _Builder:
    """Builds values from parser events with an explicit stack, so that deep nesting cannot exhaust Python's."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.root: object = None
        self.lines: dict[Path, int] = {}
        self.faults: list[Fault] = []
        self._open: list[_Open] = []
        self._nodes = 0
        self._documents = 0

    def take(self, events: Iterator[yaml.Event]) -> None:
        for event in events:
            line = event.start_mark.line + 1 if event.start_mark else 1
            if isinstance(event, yaml.DocumentStartEvent):
                self._documents += 1
                if self._documents > 1:
                    self._say(line, "a second document", "keep one document in a file; remove the `---`")
                    return
            elif isinstance(event, yaml.CollectionEndEvent):
                self._open.pop()
            elif isinstance(event, yaml.NodeEvent) and not self._node(event, line):
                return

    def _node(self, event: yaml.NodeEvent, line: int) -> bool:
        """Place one node; False when reading on would be unsafe or senseless."""
        refusal = self._refusal(event)
        if refusal is not None:
            self._say(line, *refusal)
            return False
        if isinstance(event, yaml.ScalarEvent):
            if self._wants_key():
                self._take_key(event.value, line)
            else:
                self._place(_scalar(event), line)
            return True
        items: dict[str, object] | list[object] = {} if isinstance(event, yaml.MappingStartEvent) else []
        path = self._place(items, line)
        self._open.append(_Open(path=path, items=items))
        return True

    def _refusal(self, event: yaml.NodeEvent) -> tuple[str, str] | None:
        """Say what is wrong with a node and what to do, or None."""
        self._nodes += 1
        if self._nodes > MAX_NODES or len(self._open) >= MAX_DEPTH:
            return "too much or too deeply nested", f"at most {MAX_NODES} values, {MAX_DEPTH} levels"
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            return "an anchor or alias (& or *)", "write the value out, or quote the text"
        if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent) and event.tag is not None:
            return "a tag (!)", "remove it, or quote the text"
        if isinstance(event, yaml.ScalarEvent):
            half = HALF_CHARACTER.search(event.value)
            return ("half a character (a lone surrogate)", "write the character itself") if half else None
        return ("a list or mapping as a key", "keys are text") if self._wants_key() else None

    def _wants_key(self) -> bool:
        return bool(self._open) and isinstance(self._open[-1].items, dict) and self._open[-1].key is None

    def _take_key(self, key: str, line: int) -> None:
        top = self._open[-1]
        top.key = key
        if isinstance(top.items, dict) and key in top.items:
            first = self.lines.get((*top.path, key), line)
            self._say(line, f"the key `{key}` is here twice", f"it was first given on line {first}; keep one")
        self.lines.setdefault((*top.path, key), line)

    def _place(self, value: object, line: int) -> Path:
        if not self._open:
            self.root = value
            self.lines[()] = line
            return ()
        top = self._open[-1]
        if isinstance(top.items, list):
            path: Path = (*top.path, len(top.items))
            top.items.append(value)
            self.lines[path] = line
            return path
        key = top.key or ""
        top.key = None
        top.items.setdefault(key, value)
        return (*top.path, key)

    def _say(self, line: int, message: str, hint: str) -> None:
        self.faults.append(_fault(self.name, line, message, hint))


def _scalar(event: yaml.ScalarEvent) -> object:
    text: str = event.value
    if event.style:
        return text
    for pattern, make in PLAIN:
        if pattern.fullmatch(text):
            return make(text)
    return text


def _fault(name: str, line: int, message: str, hint: str) -> Fault:
    return Fault(file=name, line=line, message=message, hint=hint)
