"""Turn the bytes of a request into a typed body, or into a list of everything that is wrong with them.

A good body takes one pass at C speed. Whatever looks unusual (deep, escaped, oddly spaced, wrong) takes the exact
way, which is slower and bounded by the size limit.
"""

import json
import re
from collections.abc import Iterator
from typing import Final, TypeVar

import msgspec

from gateway.flows import FieldFault
from gateway.http.faults import find_faults, pointer_token
from gateway.http.model import Model

T = TypeVar("T")

DEPTH_MAX: Final = 32
ITEMS_MAX: Final = 1_000
_UNTYPED: Final = msgspec.json.Decoder()
_encode: Final = msgspec.json.Encoder().encode
_RAW_ITEMS: Final = msgspec.json.Decoder(list[msgspec.Raw])
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_CONTROL_IN_VARIABLES: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f]"
)  # a variable may hold tabs and line ends
_NOT_BRACKETS: Final = bytes(byte for byte in range(256) if byte not in b"[]{}")


class BadBody(msgspec.Struct, frozen=True, kw_only=True):
    """The body cannot be used; `code` names the problem, `faults` everything found."""

    code: str
    faults: tuple[FieldFault, ...]


def parse_body(raw: bytes, model: Model[T]) -> T | BadBody:
    """Return the typed body; every byte string gives an answer, none an exception.

    Refused: what is not UTF-8 JSON (RFC 8259), nesting beyond 32, a name twice in one object (which parsers read
    differently), control characters, unknown fields, and every breach of the type.
    """
    if raw.count(b"{") + raw.count(b"[") > DEPTH_MAX and _too_deep(raw):
        return _malformed("nested too deeply", f"at most {DEPTH_MAX} levels")
    try:
        value = _UNTYPED.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return _syntax(error)
    if faults := _doubtful(raw, value):
        return BadBody(code="malformed-json", faults=faults)
    try:
        body = msgspec.convert(value, model.type)
    except msgspec.ValidationError:
        return BadBody(code="invalid-body", faults=find_faults(value, model.info) or _UNEXPLAINED)
    if model.check is not None and (faults := model.check(body)):
        return BadBody(code="invalid-body", faults=faults)
    return body


def split_batch(raw: bytes, *, lines: bool) -> list[bytes] | BadBody:
    """Return the bytes of each item of a batch: of a JSON array, or with `lines` of NDJSON (blank lines ignored)."""
    if lines:
        items = [line for line in raw.split(b"\n") if line.strip()]
    else:
        if _too_deep(raw):
            return _malformed("nested too deeply", f"at most {DEPTH_MAX} levels")
        try:
            items = [bytes(item) for item in _RAW_ITEMS.decode(raw)]
        except msgspec.ValidationError:
            return _malformed("must be an array", "or send application/x-ndjson, one object per line")
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return _syntax(error)
    if not items:
        return _malformed("holds no items", f"send 1 to {ITEMS_MAX} items")
    if len(items) > ITEMS_MAX:
        return BadBody(code="batch-too-large", faults=(_whole(f"more than {ITEMS_MAX} items", "split it"),))
    return items


def _doubtful(raw: bytes, value: object) -> tuple[FieldFault, ...]:
    r"""Return repeated names and control characters; almost always decided by counting.

    The value is written again, which leaves one pair of each name, and `":` is counted in both. Each pair shows as
    `":` unless white space stands before its colon, and so does text in the same places in both, unless it is written
    with \u escapes. So without those two, equal counts mean that no name came twice; else the exact way tells.
    A control character cannot be written without a backslash (RFC 8259 section 7), save DEL.
    """
    escaped = b"\\" in raw
    repeated: tuple[FieldFault, ...] = ()
    if (
        raw.count(b'":') != _encode(value).count(b'":')
        or b" :" in raw
        or b"\n:" in raw
        or b"\t:" in raw
        or b"\r:" in raw
        or (escaped and b"\\u" in raw)
    ):
        tree = json.loads(raw, object_pairs_hook=_Pairs, parse_int=_ignored, parse_float=_ignored)
        repeated = tuple(_repeated_names(tree, ""))
    if escaped or b"\x7f" in raw:
        return repeated + tuple(_control_characters(value, ""))
    return repeated


class _Pairs(list[tuple[str, object]]):
    """An object as its pairs in the order sent, so that a repeated name is still there to be seen."""


def _ignored(_digits: str) -> None:
    """Leave numbers unread: only names matter here, and a huge integer would be costly to convert."""


def _repeated_names(tree: object, pointer: str) -> Iterator[FieldFault]:
    if isinstance(tree, _Pairs):
        seen = set()
        for name, below in tree:
            place = f"{pointer}/{pointer_token(name)}"
            if name in seen:
                yield FieldFault(pointer=place, message="there twice", hint="send each name once")
            seen.add(name)
            yield from _repeated_names(below, place)
    elif isinstance(tree, list):
        for index, below in enumerate(tree):
            yield from _repeated_names(below, f"{pointer}/{index}")


def _control_characters(value: object, pointer: str) -> Iterator[FieldFault]:
    if isinstance(value, str):
        pattern = _CONTROL_IN_VARIABLES if pointer.startswith("/variables/") else _CONTROL
        if pattern.search(value):
            yield FieldFault(pointer=pointer, message="holds a control character", hint="remove it")
    elif isinstance(value, dict):
        for name, below in value.items():
            place = f"{pointer}/{_CONTROL.sub('?', pointer_token(name))}"
            if _CONTROL.search(name):
                yield FieldFault(pointer=place, message="a name with a control character", hint="remove it")
            yield from _control_characters(below, place)
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from _control_characters(below, f"{pointer}/{index}")


def _too_deep(raw: bytes) -> bool:
    """Tell whether nesting exceeds the limit before a parser meets it, so that no parser recurses on it.

    Escapes are dropped first, so that quotes then delimit text exactly, up to the first syntax error if there is one.
    """
    plain = raw.replace(b"\\\\", b"").replace(b'\\"', b"") if b"\\" in raw else raw
    depth = 0
    for bracket in b"".join(plain.split(b'"')[::2]).translate(None, delete=_NOT_BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        if depth > DEPTH_MAX:
            return True
    return False


def _syntax(error: Exception) -> BadBody:
    if isinstance(error, UnicodeDecodeError):
        return _malformed("not UTF-8", "encode the body as UTF-8")
    place = re.search(r"byte (\d+)", str(error))
    where = f" at byte {place[1]}" if place else ""
    return _malformed(f"not JSON{where}", "see RFC 8259; no NaN, no trailing comma, nothing after the value")


def _malformed(message: str, hint: str) -> BadBody:
    return BadBody(code="malformed-json", faults=(_whole(message, hint),))


def _whole(message: str, hint: str) -> FieldFault:
    return FieldFault(pointer="", message=message, hint=hint)


_UNEXPLAINED: Final = (_whole("does not fit the published schema", "see /docs"),)
