"""Find every fault of a decoded JSON value against a wire type, not only the first, each with its JSON pointer."""

import difflib
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Annotated, Any, Final

import msgspec
from msgspec import inspect

from gateway.flows import FieldFault

FAULTS_MAX: Final = 100
_POINTER_TOKEN_MAX: Final = 64
_AWARE: Final = Annotated[datetime, msgspec.Meta(tz=True)]


def find_faults(value: object, model: inspect.Type) -> tuple[FieldFault, ...]:
    """Return every fault of the value, at most 100; an empty tuple means that msgspec would take it.

    Messages name the expected form and never repeat the value, which may be personal. Pointers are RFC 6901.
    """
    found = []
    for fault in _walk(value, model, "", ""):
        found.append(fault)
        if len(found) == FAULTS_MAX:
            break
    return tuple(found)


def pointer_token(name: str) -> str:
    """Escape one step of a JSON pointer (RFC 6901 section 3), cut to a readable length."""
    return name[:_POINTER_TOKEN_MAX].replace("~", "~0").replace("/", "~1")


def _walk(value: object, model: inspect.Type, pointer: str, hint: str) -> Iterator[FieldFault]:
    match model:
        case inspect.Metadata():
            about = (model.extra_json_schema or {}).get("description", hint)
            yield from _walk(value, model.type, pointer, about)
        case inspect.UnionType():
            if value is None and any(isinstance(each, inspect.NoneType) for each in model.types):
                return
            # Every union of the wire is "something or null", so the first that is not null is the one meant.
            meant = next(each for each in model.types if not isinstance(each, inspect.NoneType))
            yield from _walk(value, meant, pointer, hint)
        case inspect.StructType():
            yield from _walk_object(value, model, pointer, hint)
        case inspect.VarTupleType():
            yield from _walk_array(value, model, pointer, hint)
        case inspect.DictType():
            yield from _walk_map(value, model, pointer, hint)
        case _:
            message = _SCALARS[type(model)](value, model)
            if message:
                yield FieldFault(pointer=pointer, message=message, hint=hint)


def _walk_object(value: object, model: inspect.StructType, pointer: str, hint: str) -> Iterator[FieldFault]:
    if not isinstance(value, dict):
        yield FieldFault(pointer=pointer, message="must be an object", hint=hint)
        return
    fields = {field.encode_name: field for field in model.fields}
    for name, field in fields.items():
        below = f"{pointer}/{name}"
        if name in value:
            yield from _walk(value[name], field.type, below, "")
        elif field.required:
            yield FieldFault(pointer=below, message="required", hint=_about(field.type))
    for name in value:
        if name not in fields:
            yield FieldFault(
                pointer=f"{pointer}/{pointer_token(name)}",
                message="not a field of this object",
                hint=_nearest(name, tuple(fields)),
            )


def _walk_array(value: object, model: inspect.VarTupleType, pointer: str, hint: str) -> Iterator[FieldFault]:
    if not isinstance(value, list):
        yield FieldFault(pointer=pointer, message="must be an array", hint=hint)
        return
    if message := _length(len(value), model.min_length, model.max_length, "item"):
        yield FieldFault(pointer=pointer, message=message, hint=hint)
    for index, item in enumerate(value):
        yield from _walk(item, model.item_type, f"{pointer}/{index}", "")


def _walk_map(value: object, model: inspect.DictType, pointer: str, hint: str) -> Iterator[FieldFault]:
    if not isinstance(value, dict):
        yield FieldFault(pointer=pointer, message="must be an object", hint=hint)
        return
    if message := _length(len(value), model.min_length, model.max_length, "member"):
        yield FieldFault(pointer=pointer, message=message, hint=hint)
    for name, item in value.items():
        below = f"{pointer}/{pointer_token(name)}"
        if _SCALARS[type(model.key_type)](name, model.key_type):
            yield FieldFault(pointer=below, message="name empty or too long")
        yield from _walk(item, model.value_type, below, "")


def _string(value: object, model: Any) -> str:
    if not isinstance(value, str):
        return "must be text in quotes"
    if message := _length(len(value), model.min_length, model.max_length, "character"):
        return message
    if model.pattern is not None and re.search(model.pattern, value) is None:
        return "not of the expected form"
    return ""


def _integer(value: object, model: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # 42.0 is the integer 42 in JSON (RFC 8259 section 6), and msgspec agrees
    if isinstance(value, bool) or not isinstance(value, int):
        return "must be a whole number"
    if (model.ge is not None and value < model.ge) or (model.le is not None and value > model.le):
        return f"must be from {model.ge} to {model.le}"
    return ""


def _boolean(value: object, _model: Any) -> str:
    return "" if isinstance(value, bool) else "must be true or false"


def _choice(value: object, model: Any) -> str:
    words = [member.value for member in model.cls]
    return "" if isinstance(value, str) and value in words else f"must be one of: {', '.join(words)}"


def _instant(value: object, model: Any) -> str:
    if not isinstance(value, str):
        return "must be a date and time in quotes"
    if _converts(value, _AWARE if model.tz else datetime):
        return ""
    naive = _converts(value, datetime)
    return "without its offset from UTC, such as Z or -05:00" if naive else "not a date and time"


def _day(value: object, _model: Any) -> str:
    return "" if isinstance(value, str) and _converts(value, date) else "not a date"


def _converts(value: str, kind: Any) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


def _length(size: int, least: int | None, most: int | None, unit: str) -> str:
    if least is not None and size < least:
        return f"needs at least {least} {unit}{'s' if least != 1 else ''}"
    if most is not None and size > most:
        return f"more than {most} {unit}s"
    return ""


def _nearest(name: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(name[:_POINTER_TOKEN_MAX], known, n=1)
    return f"did you mean {near[0]}?" if near else f"known fields: {', '.join(known)}"


def _about(model: inspect.Type) -> str:
    if isinstance(model, inspect.Metadata):
        return str((model.extra_json_schema or {}).get("description", ""))
    if isinstance(model, inspect.EnumType):
        return f"one of: {', '.join(member.value for member in model.cls)}"
    return ""


_SCALARS: Final[dict[type[inspect.Type], Callable[[object, Any], str]]] = {
    inspect.StrType: _string,
    inspect.IntType: _integer,
    inspect.BoolType: _boolean,
    inspect.EnumType: _choice,
    inspect.DateTimeType: _instant,
    inspect.DateType: _day,
}
