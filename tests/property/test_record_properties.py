"""Every record of every kind survives the way to bytes and back, in the one canonical form."""

import json
from enum import StrEnum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from audit.kinds import Record
from audit.record import RecordError, decode, encode, kind_of

KINDS = get_args(Record)
words = st.text(alphabet=st.characters(exclude_characters="@+", codec="utf-8"), max_size=40)


def values_of(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a field's type, within its bounds."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is not None:
        return COMPOUND[origin](arguments)
    if issubclass(kind, StrEnum):
        return st.sampled_from(list(kind))
    return records_of(kind) if issubclass(kind, msgspec.Struct) else PLAIN[kind]


def _bounded(arguments: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    base, meta = arguments
    if base is int:
        return st.integers(meta.ge, meta.le)
    return st.text("0123456789abcdef", min_size=64, max_size=64) if meta.min_length else words


def _one_of(arguments: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    return st.one_of([values_of(argument) for argument in arguments])


def _tuples(arguments: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    if arguments[-1] is ...:
        return st.lists(values_of(arguments[0]), max_size=4).map(tuple)
    return st.tuples(*[values_of(argument) for argument in arguments])


COMPOUND = {Annotated: _bounded, Union: _one_of, UnionType: _one_of, tuple: _tuples, Literal: st.sampled_from}
PLAIN = {UUID: st.uuids(), bool: st.booleans(), NoneType: st.none()}


def records_of(kind: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    """Structs of one type with any values."""
    hints = get_type_hints(kind, include_extras=True)
    return st.builds(kind, **{name: values_of(hints[name]) for name in kind.__struct_fields__})


records = st.one_of([records_of(kind) for kind in KINDS])


@given(records)
def test_every_record_comes_back(record: Record) -> None:
    """What was written is what is read, for every kind there is."""
    body = encode(record)
    assert decode(body) == record
    assert json.loads(body)["k"] == kind_of(record)


@given(records)
def test_bytes_are_the_canonical_form(record: Record) -> None:
    """The bytes are RFC 8785's: with ASCII keys and integers that is sorted keys and the shortest escapes."""
    body = encode(record)
    again = json.dumps(json.loads(body), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert body == again.encode()


def depth(value: object) -> int:
    """How deep objects and arrays are nested."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)


@given(records)
def test_records_stay_inside_the_profile(record: Record) -> None:
    """No fraction, no integer that a JSON reader would round, plain keys, depth at most six."""
    value = json.loads(encode(record), parse_float=pytest.fail)
    assert depth(value) <= 6
    assert all(key.replace("_", "a").isalnum() and key.islower() and key.isascii() for key in value)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_record_or_refused(body: bytes) -> None:
    """Reading garbage never fails in any other way than by our own error."""
    try:
        decode(body)
    except RecordError:
        return
    pytest.fail("random bytes passed for a record")


@given(records, st.data())
def test_changed_byte_is_another_record_or_none(record: Record, data: st.DataObject) -> None:
    """No two different byte strings of one length a bit apart read as the same record, except where JSON is loose."""
    body = bytearray(encode(record))
    place = data.draw(st.integers(0, len(body) - 1))
    body[place] ^= data.draw(st.sampled_from([1, 2, 4, 8, 16, 64]))
    try:
        other = decode(bytes(body))
    except RecordError:
        return
    assume(encode(other) == bytes(body))
    assert other != record


def test_every_kind_has_its_own_name() -> None:
    """Two kinds never share a tag, and tags are written noun.verb."""
    tags = [str(kind.__struct_config__.tag) for kind in KINDS]
    assert len(set(tags)) == len(tags)
    assert all(tag.count(".") == 1 and tag.islower() for tag in tags)
