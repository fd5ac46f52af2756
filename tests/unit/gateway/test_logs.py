"""Nothing about a person reaches a log line, whoever writes it and whatever goes wrong."""

import io
import json
import logging
import sys
import uuid
import warnings
from enum import StrEnum

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from gateway.logs import FIELDS, WITHHELD, configure_logs, dropped_fields, get_logger, log_crash, log_warning

CANARY = "Canary Lopez"
NUMBER = "+12025550142"


class Verdict(StrEnum):
    DENY = "deny"


@pytest.fixture
def lines():
    """Everything logged so far, as parsed JSON; the process's own logging is put back afterwards."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    hooks = sys.excepthook, warnings.showwarning
    stream = io.BytesIO()
    configure_logs("info", stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    structlog.reset_defaults()
    root.handlers[:], root.level = before
    sys.excepthook, warnings.showwarning = hooks


def test_a_line_is_json_with_ids(lines):
    """Ids, counts and closed sets are printed as they are."""
    contact = uuid.uuid4()
    get_logger(part="serve").info(
        "contact.accepted", contact=contact, count=3, verdict=Verdict.DENY, lag_s=0.5
    )
    (line,) = lines()
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "level": "info",
        "event": "contact.accepted",
        "part": "serve",
        "contact": str(contact),
        "count": 3,
        "verdict": "deny",
        "lag_s": 0.5,
    }


def test_a_field_that_is_not_listed_is_dropped_and_counted(lines):
    """Logging a name or an address by mistake prints nothing of it, and shows as a number to repair."""
    before = dropped_fields()
    get_logger().warning("contact.odd", address=NUMBER, name=CANARY, variables={"name": CANARY}, code="odd")
    (line,) = lines()
    assert line["dropped"] == 3
    assert line["code"] == "odd"
    assert "name" not in line
    assert dropped_fields() == before + 3


@pytest.mark.parametrize(
    "value", [NUMBER, "someone@mail.example", {"a": CANARY}, b"bytes", ["a"], "x" * 500, "2025550142"]
)
def test_a_value_that_may_be_a_person_is_withheld(lines, value):
    """Not even in a listed field."""
    get_logger().info("contact.odd", reason=value)
    (line,) = lines()
    assert line["reason"] == WITHHELD


def test_an_event_that_is_no_name_is_withheld(lines):
    """A sentence with a person in it does not pass as an event name."""
    get_logger().info(f"sent to {CANARY}")
    (line,) = lines()
    assert line["event"] == WITHHELD


def test_an_exception_shows_its_kind_and_place_only(lines):
    """Its message may quote a row, a request or an address."""
    try:
        try:
            int(CANARY)
        except ValueError as error:
            raise ExceptionGroup(CANARY, [KeyError(CANARY)]) from error
    except ExceptionGroup:
        get_logger().exception("contact.failed")
    (line,) = lines()
    assert line["error"] == "ExceptionGroup[KeyError] from ValueError"
    assert line["trace"][0].startswith("gateway/test_logs.py:")
    assert CANARY not in json.dumps(line)


def test_a_crash_shows_no_message(lines):
    """The interpreter's own traceback would."""
    log_crash(ValueError, ValueError(CANARY), None)
    (line,) = lines()
    assert (line["event"], line["level"], line["error"]) == ("crashed", "critical", "ValueError")


def test_libraries_say_where_not_what(lines):
    """The queue logs job arguments, asyncio the repr of what a task held: only the place in their source is printed."""
    logging.getLogger("asyncio").error("Task was destroyed: %s", CANARY)
    logging.getLogger("arq.worker").warning("%s(%s) failed", "job", CANARY)
    logging.getLogger("some.package").info(CANARY)
    (line,) = lines()
    assert line["event"] == "library_said"
    assert line["library"] == "asyncio"
    assert line["where"].startswith("gateway/test_logs.py:")


def test_warnings_are_lines_too(lines):
    """A warning of a library is seen by operators, without its text."""
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        warnings.showwarning = log_warning
        warnings.warn(CANARY, stacklevel=1)
    (line,) = lines()
    assert (line["event"], line["error"]) == ("python_warned", "UserWarning")
    assert CANARY not in json.dumps(line)


@given(
    fields=st.dictionaries(
        st.one_of(st.text(), st.sampled_from(sorted(FIELDS - {"event", "level", "timestamp"}))), st.text()
    )
)
def test_any_field_may_be_given(fields):
    """A line comes out whatever is logged, and it is one line of JSON with listed fields only."""
    stream = io.BytesIO()
    configure_logs("info", stream)
    get_logger().info(
        "contact.odd", **{name: value for name, value in fields.items() if name not in {"event", "self"}}
    )
    structlog.reset_defaults()
    (line,) = stream.getvalue().splitlines()
    assert set(json.loads(line)) <= FIELDS
