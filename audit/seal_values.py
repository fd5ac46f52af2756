"""What the sealer reads, remembers and answers: the values of `audit.seal`."""

from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct

from audit import tlog
from audit.tlog import Range


class Head(Struct, frozen=True, kw_only=True):
    """A log as the database tells of it; `peaks` lie one after another."""

    log: int
    name: str
    size: int
    peaks: bytes


class Span(Struct, frozen=True, kw_only=True):
    """Records to read: indexes from `first` up to, not including, `upto`."""

    head: Head
    first: int
    upto: int


class Reading(Struct, frozen=True, kw_only=True):
    """What was found in a span: (index, body) pairs in order of index."""

    span: Span
    records: Sequence[tuple[int, bytes]]


class Sealed(Struct, frozen=True, kw_only=True):
    """The head of a log as the last seal has it."""

    size: int = 0
    root: bytes = tlog.EMPTY_ROOT


class LogState(Struct, frozen=True, kw_only=True):
    """`verified` is recomputed from raw bytes, `checked` is where it last agreed with the head, `sealed` is public.

    `sealed` is None for a log that no seal has mentioned yet.
    """

    name: str
    verified: Range = Range()
    checked: Sealed = Sealed()
    sealed: Sealed | None = None


class Seal(Struct, frozen=True, kw_only=True):
    """Seal number `n`: the leaf's bytes, the signed checkpoint, and the heads that moved, as {log: (size, root)}."""

    n: int
    ts: int
    body: bytes
    checkpoint: str
    heads: dict[int, tuple[int, str]]


class SealerState(Struct, frozen=True, kw_only=True):
    """Everything that the sealer remembers outside the database."""

    origin: str
    seals: Range = Range()
    logs: dict[int, LogState] = {}
    last: Seal | None = None


class Reason(StrEnum):
    """Why a log is no extension of what was sealed."""

    LOG_GONE = "log-gone"
    LOG_RENAMED = "log-renamed"
    LOG_SHRANK = "log-shrank"
    RECORD_MISSING = "record-missing"
    HEAD_DIFFERS = "head-differs"
    SEALED_ROOT_DIFFERS = "sealed-root-differs"
    SEALS_MISSING = "seals-missing"
    SEALS_DIFFER = "seals-differ"
    STATE_LOST = "state-lost"


class Mismatch(Struct, frozen=True, kw_only=True):
    """The first thing found wrong; nothing of that round was believed."""

    log: str
    index: int | None
    reason: Reason
