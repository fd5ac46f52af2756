"""Facts about reading bodies: what is refused, where the fault is said to be, and that nothing makes it fall over."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.http.body import BadBody, parse_body, split_batch
from gateway.http.faults import find_faults
from gateway.http.model import build_model
from gateway.wire import CancelRequest, ContactRequest, DecisionRequest, OptOutRequest
from tests.fakes.http_flows import CONTACT

MODEL = build_model(ContactRequest)


def encoded(**changes: Any) -> bytes:
    """A good body with some fields changed; `...` removes one."""
    body = {name: value for name, value in {**CONTACT, **changes}.items() if value is not ...}
    return json.dumps(body).encode()


def pointers(raw: bytes, model: Any = MODEL) -> list[str]:
    """Where the faults are."""
    body = parse_body(raw, model)
    assert isinstance(body, BadBody), body
    return [fault.pointer for fault in body.faults]


def test_a_good_body_becomes_the_typed_request():
    """A body that fits comes out as the exact type, defaults filled in."""
    body = parse_body(encoded(), MODEL)
    assert isinstance(body, ContactRequest)
    assert (body.borrower.id, body.priority, body.if_closed) == ("B-1001", "normal", "defer")


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"colour": "red"}, ["/colour"]),
        ({"creditor": ...}, ["/creditor"]),
        ({"channel": "fax"}, ["/channel"]),
        ({"address": 12025550143}, ["/address"]),
        ({"address": "x"}, ["/address"]),
        ({"not_before": "2026-03-02T15:00:00"}, ["/not_before"]),
        ({"not_before": "tomorrow"}, ["/not_before"]),
        ({"not_before": 1772460000}, ["/not_before"]),
        ({"debts": []}, ["/debts"]),
        ({"debts": [{"id": "D"}] * 21}, ["/debts"]),
        ({"debts": {"id": "D"}}, ["/debts"]),
        ({"debts": [{"id": "D", "days_past_due": -1}]}, ["/debts/0/days_past_due"]),
        ({"debts": [{"id": "D", "days_past_due": True}]}, ["/debts/0/days_past_due"]),
        ({"debts": [{"id": "D"}, {"id": 7, "x/y": 1}]}, ["/debts/1/id", "/debts/1/x~1y"]),
        ({"borrower": None}, ["/borrower"]),
        ({"borrower": {"id": "B", "locale": "en-US", "country": "usa"}}, ["/borrower/country"]),
        ({"variables": {"a": 1, "b": "x" * 1001}}, ["/variables/a", "/variables/b"]),
        ({"variables": {f"v{n}": "" for n in range(65)}}, ["/variables"]),
        ({"reference": ""}, ["/reference"]),
        ({"reference": "r\u0000"}, ["/reference"]),
        ({"reference": "line\nbreak"}, ["/reference"]),
        ({"creditor": "acme\n"}, ["/creditor"]),
        ({"priority": "now", "purpose": "P", "template": ...}, ["/template", "/purpose", "/priority"]),
    ],
)
def test_every_fault_is_listed_with_its_pointer(changes: dict[str, Any], where: list[str]):
    """All faults of a body come back at once, each where it is."""
    assert sorted(pointers(encoded(**changes))) == sorted(where)


def test_a_naive_instant_is_told_what_it_lacks():
    """A date and time without an offset is refused, because nobody knows when it is."""
    body = parse_body(encoded(not_before="2026-03-02T15:00:00"), MODEL)
    assert isinstance(body, BadBody)
    assert "without its offset" in body.faults[0].message
    assert "-05:00" in body.faults[0].hint


def test_a_misspelt_field_gets_a_suggestion():
    """A field that is nearly right is told which one was meant."""
    body = parse_body(encoded(adress="+12025550143"), MODEL)
    assert isinstance(body, BadBody)
    assert body.faults[0].hint == "did you mean address?"


def test_no_fault_repeats_a_value():
    """What a caller sent never comes back in a fault: it may be personal."""
    body = parse_body(encoded(channel="canary-1", not_before="canary-2", creditor="canary 3"), MODEL)
    assert isinstance(body, BadBody)
    assert len(body.faults) == 3
    assert b"canary" not in msgspec.json.encode(body.faults)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b'{"a": NaN}', "not JSON"),
        (b'{"a": Infinity}', "not JSON"),
        (b'{"a": -Infinity}', "not JSON"),
        (b'{"a": 1e999}', "not JSON"),
        (b'{"a": 01}', "not JSON"),
        (b'{"a": 1,}', "not JSON"),
        (b"{} {}", "not JSON"),
        (b"{}\x00", "not JSON"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b'{"a": "\xff"}', "not UTF-8"),
        (b'{"a": "\xed\xa0\x80"}', "not UTF-8"),
        (b'{"a": "\\ud800"}', "not JSON"),
        (b"[" * 10_000 + b"]" * 10_000, "nested too deeply"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "nested too deeply"),
        (b"[" * 60_000, "nested too deeply"),
        (b'{"\\"[":' * 40, "nested too deeply"),
    ],
)
def test_what_is_not_json_is_refused_whole(raw: bytes, message: str):
    """Broken, truncated, deep or wrongly encoded bytes are one clean fault of the whole body."""
    body = parse_body(raw, MODEL)
    assert isinstance(body, BadBody)
    assert body.code == "malformed-json"
    assert body.faults[0].message.startswith(message)
    assert body.faults[0].pointer == ""


@pytest.mark.parametrize(
    ("raw", "where"),
    [
        (b'{"creditor":"a","creditor":"b"}', ["/creditor"]),
        (b'{"creditor" :"a","creditor":"b"}', ["/creditor"]),
        (b'{"borrower":{"id":"1","id":"1"}}', ["/borrower/id"]),
        (b'{"debts":[{"id":"1"},{"id":"1","\\u0069d":"2"}]}', ["/debts/1/id"]),
        (b'{"a":1,"a":2,"a":3}', ["/a", "/a"]),
        # A value that begins with a colon counts as a pair too many; it must not make up for one too few.
        (b'{"x" :1,"a":":","a":2}', ["/a"]),
        # Nor may text that is longer when written again.
        (b'{"a":1,"a":2,"b":"\\u0022:"}', ["/a"]),
        (b'{"a":{"b":1,"c":2},"a":"x\\u0022:\\u0022:\\u0022:"}', ["/a"]),
        (b'{"a":"\\":","a":"\\":\\":"}', ["/a"]),
    ],
)
def test_a_name_given_twice_is_refused_where_it_is(raw: bytes, where: list[str]):
    """Parsers disagree on which of two values counts, so a repeated name is never guessed at."""
    body = parse_body(raw, MODEL)
    assert isinstance(body, BadBody)
    assert (body.code, [fault.pointer for fault in body.faults]) == ("malformed-json", where)


def test_ordinary_text_is_not_taken_for_trouble():
    """Escapes, colons, brackets and line ends inside text are just text."""
    variables = {"note": 'a "quoted": {text}, [with] \\ marks\nand lines\t: é', "b": ":x", "c": "[" * 200}
    body = parse_body(json.dumps({**CONTACT, "variables": variables}, indent=2).encode(), MODEL)
    assert isinstance(body, ContactRequest)
    assert body.variables == variables


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({}, [""]),
        ({"borrower": "B", "debt": "D"}, [""]),
        ({"borrower": "B", "everything": True}, [""]),
    ],
)
def test_a_cancel_says_exactly_what_it_stops(changes: dict[str, Any], where: list[str]):
    """A forgotten selector does not stop a whole creditor's contacts."""
    raw = json.dumps({"creditor": "a", "reason": "paid", **changes}).encode()
    assert pointers(raw, build_model(CancelRequest)) == where


@pytest.mark.parametrize(
    ("scope", "where"),
    [
        ("address", ["/channel", "/address"]),
        ("channel", ["/borrower", "/channel"]),
        ("debt", ["/borrower", "/debt"]),
        ("all", ["/borrower"]),
    ],
)
def test_an_opt_out_names_what_its_scope_is_about(scope: str, where: list[str]):
    """An opt-out that does not say whose or what is refused, not stored without effect."""
    raw = json.dumps(
        {"creditor": "a", "scope": scope, "source": "agent", "at": "2026-03-02T15:00:00Z"}
    ).encode()
    assert pointers(raw, build_model(OptOutRequest)) == where


def test_a_batch_is_cut_into_its_items():
    """An array and NDJSON give the same items; blank lines are no items."""
    first, second = encoded(), encoded(reference="r2")
    assert split_batch(b"[" + first + b", " + second + b"]", lines=False) == [first, second]
    assert split_batch(first + b"\n\n" + second + b"\n", lines=True) == [first, second]


@pytest.mark.parametrize(
    ("raw", "lines", "code"),
    [
        (b"[]", False, "malformed-json"),
        (b"{}", False, "malformed-json"),
        (b"[1,", False, "malformed-json"),
        (b"\n\n", True, "malformed-json"),
        (b"[" + b"1," * 1000 + b"1]", False, "batch-too-large"),
        (b"1\n" * 1001, True, "batch-too-large"),
        (b"[" * 10_000, False, "malformed-json"),
    ],
)
def test_a_batch_that_is_none_is_refused_whole(raw: bytes, lines: bool, code: str):
    """An empty, endless or broken batch is refused before any item is looked at."""
    items = split_batch(raw, lines=lines)
    assert isinstance(items, BadBody)
    assert items.code == code


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(max_size=8), below, max_size=4),
    max_leaves=20,
)


@given(st.binary(max_size=300))
def test_any_bytes_get_an_answer(raw: bytes):
    """No byte string makes the reader fail; it says yes or lists faults."""
    body = parse_body(raw, MODEL)
    assert isinstance(body, BadBody)
    assert body.faults
    assert isinstance(split_batch(raw, lines=True), list | BadBody)
    assert isinstance(split_batch(raw, lines=False), list | BadBody)


@given(st.data())
def test_damage_to_a_good_body_never_crashes_the_reader(data: st.DataObject):
    """A body cut, doubled or overwritten anywhere still gets an answer."""
    raw = bytearray(encoded())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(raw) - 1))
        raw[place : place + data.draw(st.integers(0, 6))] = data.draw(st.binary(max_size=6))
    body = parse_body(bytes(raw), MODEL)
    assert isinstance(body, ContactRequest) or body.faults


@given(
    JSON, st.sampled_from(["", "borrower", "debts", "variables", "not_before", "channel", "facts", "packs"])
)
def test_faults_are_found_exactly_where_the_type_says_no(value: Any, field: str):
    """Our own search for faults and msgspec agree on every value: both see a fault, or neither does."""
    whole: Any = {**CONTACT, field: value} if field else value
    info = build_model(DecisionRequest).info
    try:
        msgspec.convert(whole, DecisionRequest)
    except msgspec.ValidationError:
        assert find_faults(whole, info)
    else:
        assert find_faults(whole, info) == ()


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b", "id", ":", '":']), st.sampled_from([1, ":", '":', ": x", '\\":":'])
        ),
        max_size=5,
    )
)
def test_a_repeated_name_is_always_noticed(pairs: list[tuple[str, Any]]):
    """Whatever text surrounds it, a name that comes twice is refused, and one that does not is not."""
    members = ",".join(f"{json.dumps(name)}:{json.dumps(value)}" for name, value in pairs)
    body = parse_body(f"{{{members}}}".encode(), MODEL)
    assert isinstance(body, BadBody)
    names = [name for name, _ in pairs]
    assert (body.code == "malformed-json") == (len(names) != len(set(names)))


@given(JSON)
def test_any_json_value_gets_an_answer(value: Any):
    """Numbers of any size, odd names and nested emptiness are answered like everything else."""
    body = parse_body(json.dumps({**CONTACT, "extra": value}).encode(), MODEL)
    assert isinstance(body, BadBody)
    assert body.faults
