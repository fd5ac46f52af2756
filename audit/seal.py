"""What the sealer believes, and how it grows: only by what it has recomputed itself from the raw bytes.

A seal is one leaf of the root log. It commits, by a Merkle root, to the name, size and root of every log, so one
signed checkpoint covers them all, and the holder of one log learns nothing of the others, not even their sizes.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import chain

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from audit import tlog
from audit.leaf import Count, Hash, Micros, Word
from audit.seal_values import Head, LogState, Mismatch, Reading, Reason, Seal, Sealed, SealerState, Span
from audit.tlog import Range

ROOT_LOG = "root"
"""What a mismatch calls the log of the seals themselves."""


class HeadLeaf(Struct, frozen=True, kw_only=True, tag_field="k", tag="head"):
    """One leaf of the tree that a seal commits to; unguessable to whoever does not hold the log, by its root."""

    log: Word
    size: Count
    root: Hash
    v: int = 1


class SealLeaf(Struct, frozen=True, kw_only=True, tag_field="k", tag="seal"):
    """A leaf of the root log: seal number, time, and the root over the heads of `logs` logs, by ascending id."""

    n: Count
    ts: Micros
    logs: Count
    root: Hash
    v: int = 1


_encode = msgspec.json.Encoder(order="sorted").encode


def plan(state: SealerState, heads: Sequence[Head], *, records_max: int) -> list[Span]:
    """What to read next: a span for every log, empty where there is nothing, `records_max` records in all.

    The shortest backlog comes first, so that one log's long history does not keep the others from being sealed.
    """
    spans = []
    left = records_max
    for head in sorted(heads, key=lambda head: head.size - _verified(state, head.log)):
        first = min(_verified(state, head.log), head.size)
        upto = min(head.size, first + left)
        left -= upto - first
        spans.append(Span(head=head, first=first, upto=upto))
    return spans


def advance(state: SealerState, readings: Sequence[Reading]) -> SealerState | Mismatch:
    """The state after believing what was read, or the first thing that cannot be believed.

    There must be a reading for every log of the database: a log without one counts as gone.
    """
    logs = {reading.span.head.log: reading for reading in readings}
    for log, known in state.logs.items():
        if log not in logs:
            return Mismatch(log=known.name, index=None, reason=Reason.LOG_GONE)
    grown: dict[int, LogState] = {}
    for log, reading in logs.items():
        now = _advance_log(state.logs.get(log, LogState(name=reading.span.head.name)), reading)
        if isinstance(now, Mismatch):
            return now
        grown[log] = now
    return replace(state, logs=grown)


def is_behind(spans: Sequence[Span]) -> bool:
    """Whether these spans leave records unread."""
    return any(span.upto < span.head.size for span in spans)


def make_seal(state: SealerState, *, ts: int, sign: Callable[[int, bytes], str]) -> SealerState:
    """The state with one more seal, which is `last`, over all that was compared with its head.

    `ts`: microseconds since 1970 UTC. `sign` gets size and root of the root log and returns the signed note. Make the
    new state durable before the note is shown to anybody: a signer that forgot what it signed would sign a fork.
    """
    heads = {log: (known.name, known.checked) for log, known in state.logs.items()}
    leaf = SealLeaf(n=state.seals.size, ts=ts, logs=len(heads), root=_root_over(heads).hex())
    body = _encode(leaf)
    seals = tlog.extend(state.seals, [tlog.leaf_hash(body)])
    moved = {
        log: (known.checked.size, known.checked.root.hex())
        for log, known in state.logs.items()
        if known.sealed != known.checked
    }
    return SealerState(
        origin=state.origin,
        seals=seals,
        logs={log: replace(known, sealed=known.checked) for log, known in state.logs.items()},
        last=Seal(n=leaf.n, ts=ts, body=body, checkpoint=sign(seals.size, tlog.root(seals)), heads=moved),
    )


def adopt(
    origin: str, seals: Range, last: Seal, heads: Mapping[int, tuple[str, Sealed]]
) -> SealerState | Mismatch:
    """A state made anew from the database's own seals, for an operator who has lost the sealer's file.

    Every log is recomputed from zero and must come to its sealed root again. What nobody can tell any more is whether
    the database had been put back to an earlier seal meanwhile; that is why this must be asked for.
    """
    leaf = msgspec.json.decode(last.body, type=SealLeaf)
    if (leaf.n, leaf.logs, leaf.root) != (seals.size - 1, len(heads), _root_over(heads).hex()):
        return Mismatch(log=ROOT_LOG, index=last.n, reason=Reason.SEALS_DIFFER)
    logs = {
        log: LogState(name=name, checked=sealed, sealed=sealed)
        for log, (name, sealed) in sorted(heads.items())
    }
    return SealerState(origin=origin, seals=seals, logs=logs, last=last)


def _verified(state: SealerState, log: int) -> int:
    known = state.logs.get(log)
    return known.verified.size if known else 0


def _root_over(heads: Mapping[int, tuple[str, Sealed]]) -> bytes:
    leaves = [
        tlog.leaf_hash(_encode(HeadLeaf(log=name, size=head.size, root=head.root.hex())))
        for _, (name, head) in sorted(heads.items())
    ]
    return tlog.root(tlog.extend(Range(), leaves))


def _advance_log(known: LogState, reading: Reading) -> LogState | Mismatch:
    fault = _shape_fault(known, reading)
    if fault is not None:
        return fault
    head, verified = reading.span.head, known.verified
    leaves = [tlog.leaf_hash(body) for _, body in reading.records]
    # Only after an adoption is the checked head ahead of what was recomputed: compare the root in passing it.
    ahead = known.checked.size - verified.size
    if 0 < ahead <= len(leaves):
        verified, leaves = tlog.extend(verified, leaves[:ahead]), leaves[ahead:]
        if tlog.root(verified) != known.checked.root:
            return Mismatch(log=known.name, index=verified.size - 1, reason=Reason.SEALED_ROOT_DIFFERS)
    verified = tlog.extend(verified, leaves)
    if verified.size < head.size:
        return replace(known, verified=verified)
    if verified != tlog.parse_peaks(head.size, head.peaks):
        return Mismatch(log=known.name, index=max(head.size - 1, 0), reason=Reason.HEAD_DIFFERS)
    return replace(known, verified=verified, checked=Sealed(size=verified.size, root=tlog.root(verified)))


def _shape_fault(known: LogState, reading: Reading) -> Mismatch | None:
    """What can be said before any hash is computed: the log's name, its size, and that no index is missing."""
    head, first = reading.span.head, known.verified.size
    if head.name != known.name:
        return Mismatch(log=known.name, index=None, reason=Reason.LOG_RENAMED)
    if head.size < max(first, known.checked.size):
        return Mismatch(log=known.name, index=head.size, reason=Reason.LOG_SHRANK)
    for place, (index, _) in enumerate(chain(reading.records, [(reading.span.upto, b"")]), first):
        if index != place:
            return Mismatch(log=known.name, index=place, reason=Reason.RECORD_MISSING)
    return None
