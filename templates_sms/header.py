"""The header of a template file: a TOML block between two lines of `+++` that says what the text is for."""

import re
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from templates_sms.fault import Fault
from templates_sms.lines import Line
from templates_sms.template import Keypress, TextChannel
from templates_sms.variables import Variable, VariableKind

_KINDS = "|".join(VariableKind)
_Sentence = Annotated[str, Meta(min_length=1, max_length=2000)]
_Kind = Annotated[str, Meta(pattern=rf"^({_KINDS})\??$")]
_VariableName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]

# Every key a header may have, with its type; which channel may or must have it stands below.
_TYPES: Mapping[str, object] = {
    "title": Annotated[str, Meta(min_length=1, max_length=80)],
    "purpose": Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)],
    "lines": tuple[Line, ...],
    "rules": tuple[Annotated[str, Meta(min_length=1, max_length=80)], ...],
    "variables": Annotated[dict[_VariableName, _Kind], Meta(max_length=32)],
    "subject": _Sentence,
    "push_title": _Sentence,
    "lock_screen": _Sentence,
    "voicemail": _Sentence,
    "digits": dict[Annotated[str, Meta(pattern=r"^[0-9*#]$")], Keypress],
}
_REQUIRED = ("title", "purpose", "lines", "rules", "variables")
_CHANNEL_REQUIRED: Mapping[TextChannel, tuple[str, ...]] = {
    TextChannel.SMS: (),
    TextChannel.EMAIL: ("subject",),
    TextChannel.VOICE: ("digits",),
    TextChannel.PUSH: ("push_title", "lock_screen"),
}
_CHANNEL_OPTIONAL: Mapping[TextChannel, tuple[str, ...]] = {
    TextChannel.SMS: (),
    TextChannel.EMAIL: (),
    TextChannel.VOICE: ("voicemail",),
    TextChannel.PUSH: (),
}
_TOML_LINE = re.compile(r"\(at line (\d+)")


class Header(Struct, frozen=True, kw_only=True):
    """A header whose every key has been checked by itself. Whether the texts keep its word is checked elsewhere."""

    title: str
    purpose: str
    lines: frozenset[Line]
    rules: tuple[str, ...]
    variables: dict[str, Variable]
    subject: str | None
    push_title: str | None
    lock_screen: str | None
    voicemail: str | None
    digits: tuple[tuple[str, Keypress], ...]


def line_of(text: str, key: str) -> int:
    """The line of the file on which a header's key stands; the first line if it is missing."""
    for number, line in enumerate(text.split("\n"), start=2):  # line 1 is the opening +++
        if re.match(rf"\s*[\['\"]?{re.escape(key)}\b", line):
            return number
    return 1


def parse_header(file: str, text: str, channel: TextChannel) -> Header | list[Fault]:
    """Read the text between the `+++` lines, or say everything that is wrong with it, key by key."""
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        match = _TOML_LINE.search(str(error))
        line = int(match[1]) + 1 if match else 1
        return [
            Fault(
                file=file, line=line, message=f"the header is not TOML: {error}", hint='Write key = "value"'
            )
        ]
    except RecursionError:  # [[[[…: refused rather than followed
        return [Fault(file=file, line=1, message="the header is nested too deeply", hint="Headers are flat")]
    faults = [*_key_faults(file, text, channel, frozenset(found))]
    values: dict[str, object] = {}
    for key in found.keys() & _TYPES.keys():
        try:
            values[key] = msgspec.convert(found[key], _TYPES[key])
        except msgspec.ValidationError as error:
            message = f"{key}: {error}"
            hint = "See the headers of the starter templates"
            faults.append(Fault(file=file, line=line_of(text, key), message=message, hint=hint))
    return sorted(faults, key=lambda fault: fault.line) if faults else _build(values)


def _key_faults(file: str, text: str, channel: TextChannel, keys: frozenset[str]) -> list[Fault]:
    required = {*_REQUIRED, *_CHANNEL_REQUIRED[channel]}
    allowed = required | set(_CHANNEL_OPTIONAL[channel])
    faults = []
    for key in sorted(required - keys):
        message = f"the header lacks {key}"
        faults.append(
            Fault(file=file, line=1, message=message, hint=f"A template for {channel} has to state it")
        )
    for key in sorted(keys - allowed):
        near = get_close_matches(key, allowed - keys, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"Keys for {channel}: {', '.join(sorted(allowed))}"
        message = f"{key} does not belong in the header of a template for {channel}"
        faults.append(Fault(file=file, line=line_of(text, key), message=message, hint=hint))
    return faults


def _build(values: dict[str, object]) -> Header:
    kinds = msgspec.convert(values["variables"], dict[str, str])
    variables = {
        name: Variable(name=name, kind=VariableKind(kind.removesuffix("?")), optional=kind.endswith("?"))
        for name, kind in kinds.items()
    }
    digits = tuple(sorted(msgspec.convert(values.get("digits", {}), dict[str, Keypress]).items()))
    empty = dict.fromkeys(("subject", "push_title", "lock_screen", "voicemail"))
    return msgspec.convert(empty | values | {"variables": variables, "digits": digits}, Header)
