"""Log lines for operators: JSON, and only fields from a list, so that no address, name or text can slip into one.

A log line is never evidence; the audit log is.
"""

import logging
import re
import sys
import traceback
import warnings
from collections.abc import Iterator
from enum import Enum
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, TextIO
from uuid import UUID

import msgspec
import structlog
from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger

# What a line may say. Numbers and truth values pass as they are; words pass if they look like a name or an id.
FIELDS = frozenset(
    word
    for line in (
        # where and who
        "timestamp level event library where part pid host port worker account adapter channel creditor lane server",
        # which
        "request contact attempt borrower key log index seal job writer epoch seq cursor migration policy pack rule",
        "template template_version event_id scope version",
        # what happened
        "method route status problem verdict code state outcome reason error trace signal exit_code",
        # how much
        "count contacts attempts permits bytes duration_ms wait_s lag_s late_ms skew_ms age_s limit restarts dropped",
        # where to look
        "url folder",
    )
    for word in line.split()
)
EVENT_NAME = re.compile(r"[a-z][a-z0-9_.]{0,79}")
WORD = re.compile(r"[A-Za-z0-9_.:/<>\[\] -]{0,160}")
DIGITS = re.compile(r"\d{7}")  # seven in a row may be a telephone number
UUID_TEXT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}|[0-9a-f]{64}")
WITHHELD = "[withheld]"
FREE_FIELDS = frozenset({"timestamp", "trace", "where"})  # made here, of the clock and of source files

FRAMES_MAX = 12
QUIET_LIBRARIES = {
    "arq.worker": logging.ERROR,  # logs every job's arguments and results at INFO
    "arq.jobs": logging.ERROR,
    "aiohttp.access": logging.CRITICAL,  # we write our own line, without the path
    "asyncio": logging.WARNING,
    "alembic": logging.WARNING,
}

Logger = FilteringBoundLogger
"""What get_logger gives; for those who take one."""

_dropped = 0


def get_logger(**bound: object) -> Logger:
    """A logger; `bound` fields are on every line. Event names are lower case with underscores or dots."""
    logger: Logger = structlog.get_logger(**bound)
    return logger


def dropped_fields() -> int:
    """How many fields this process refused to print since it started; each is a fault in our code."""
    return _dropped


def configure_logs(level: str, stream: BinaryIO) -> None:
    """Send all log lines of this process, ours and the libraries', to `stream`.

    `level`: debug, info, warning or error. Libraries are heard from warning on.
    """
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            reduce_exception,
            keep_allowed,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.BytesLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[LibraryHandler()], level=max(number, logging.WARNING), force=True)
    for name, lowest in QUIET_LIBRARIES.items():
        logging.getLogger(name).setLevel(lowest)
    warnings.showwarning = log_warning
    sys.excepthook = log_crash


class LibraryHandler(logging.Handler):
    """Takes a library's log record and says where in the library it came from.

    Its message stays out: arq's holds job arguments, asyncio's the repr of whatever a task was given.
    """

    def emit(self, record: logging.LogRecord) -> None:
        logger = get_logger(library=record.name, where=f"{short(record.pathname)}:{record.lineno}")
        exc_info = record.exc_info if record.exc_info and record.exc_info[0] else None
        logger.log(record.levelno, "library_said", exc_info=exc_info)


def log_crash(kind: type[BaseException], error: BaseException, frames: TracebackType | None) -> None:
    """Say that the process dies of `error`, in the place of Python's traceback, which would quote its message."""
    if issubclass(kind, KeyboardInterrupt):
        return
    get_logger().critical("crashed", exc_info=(kind, error, frames))


def log_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Say that Python or a library warned, and where."""
    del message, file, line
    get_logger().warning("python_warned", error=category.__qualname__, where=f"{short(filename)}:{lineno}")


def reduce_exception(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Put the exception's types into `error` and its frames into `trace`; its message may quote a row or a request."""
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    error = info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event["error"] = " from ".join(kind_of(each) for each in chain(error))
        event["trace"] = trace_of(error)
    event.pop("stack_info", None)
    return event


def chain(error: BaseException) -> Iterator[BaseException]:
    """The exception and those it came from, newest first."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)


def kind_of(error: BaseException) -> str:
    """The exception's type, and of a group those inside it."""
    name = type(error).__qualname__
    if not isinstance(error, BaseExceptionGroup):
        return name
    return f"{name}[{' '.join(kind_of(each) for each in error.exceptions)}]"


def trace_of(error: BaseException) -> list[str]:
    """The innermost frames as file:line, outermost first."""
    frames = [
        f"{short(frame.filename)}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)
    ]
    return frames[-FRAMES_MAX:]


def short(path: str) -> str:
    """A source file by its package, without the folder it is installed in."""
    parts = Path(path).parts
    for before, after in pairwise(range(len(parts))):
        if parts[before] == "site-packages":
            return "/".join(parts[after:])
    return "/".join(parts[-2:])


def keep_allowed(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Drop every field that is not on the list, withhold every value that might be a person, and count both."""
    global _dropped  # noqa: PLW0603  (one counter a process, read by /metrics)
    kept: dict[str, Any] = {name: allowed(name, value) for name, value in event.items() if name in FIELDS}
    if not EVENT_NAME.fullmatch(str(event.get("event"))):
        kept["event"] = WITHHELD
    refused = len(event) - len(kept) + sum(value is WITHHELD for value in kept.values())
    if refused:
        _dropped += refused
        kept["dropped"] = refused
    return kept


def allowed(name: str, value: object) -> object:
    """The value as it may be printed."""
    if isinstance(value, Enum):
        value = value.value
    if value is None or isinstance(value, bool | int | float | UUID) or name in FREE_FIELDS:
        return value
    if (
        isinstance(value, str)
        and WORD.fullmatch(value)
        and (UUID_TEXT.fullmatch(value) or not DIGITS.search(value))
    ):
        return value
    return WITHHELD


def render(_: WrappedLogger, __: str, event: EventDict) -> bytes:
    """One line of JSON, in the order timestamp, level, event, then the rest."""
    head = {name: event.pop(name) for name in ("timestamp", "level", "event") if name in event}
    return msgspec.json.encode({**head, **event}, enc_hook=str)
