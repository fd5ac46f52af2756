"""The sealer believes only what extends what it has recomputed before."""

import json
from collections.abc import Sequence
from hashlib import sha256

import pytest

from audit import tlog
from audit.checkpoint import Signer, open_checkpoint
from audit.seal import adopt, advance, is_behind, make_seal, plan
from audit.seal_values import Head, Mismatch, Reading, Reason, Sealed, SealerState
from audit.tlog import Range

SIGNER = Signer("forbear/test", bytes(32))
FRESH = SealerState(origin=SIGNER.name)
NAMES = {0: "system", 1: "creditor:acme", 2: "creditor:bolt"}
Logs = dict[int, list[bytes]]


def body(log: int, index: int) -> bytes:
    """Any bytes; the sealer does not look inside."""
    return b'{"log":%d,"n":%d}' % (log, index)


def logs_of(**sizes: int) -> Logs:
    """Logs by id, e.g. `logs_of(l0=3, l1=5)`."""
    return {int(name[1:]): [body(int(name[1:]), n) for n in range(size)] for name, size in sizes.items()}


def heads_of(logs: Logs, names: dict[int, str] = NAMES) -> list[Head]:
    """The heads that an honest database would hold."""
    heads = []
    for log, bodies in logs.items():
        grown = tlog.extend(Range(), map(tlog.leaf_hash, bodies))
        peaks = tlog.join_peaks(grown.peaks)
        heads.append(Head(log=log, name=names[log], size=len(bodies), peaks=peaks))
    return heads


def look(
    state: SealerState, logs: Logs, heads: Sequence[Head] | None = None, chunk: int = 1000
) -> SealerState | Mismatch:
    """One reading of these logs, as the process does it."""
    spans = plan(state, heads_of(logs) if heads is None else heads, records_max=chunk)
    readings = [
        Reading(span=s, records=[(n, b) for n, b in enumerate(logs[s.head.log]) if s.first <= n < s.upto])
        for s in spans
    ]
    return advance(state, readings)


def believed(found: SealerState | Mismatch) -> SealerState:
    """The state, sealed; a mismatch fails the test."""
    assert isinstance(found, SealerState), found
    return make_seal(found, ts=1_700_000_000_000_000, sign=SIGNER.sign)


def test_honest_log_is_sealed_as_it_grows() -> None:
    """Records appended between two rounds are sealed by the second, and the checkpoint covers both seals."""
    first = believed(look(FRESH, logs_of(l0=3, l1=5)))
    second = believed(look(first, logs_of(l0=3, l1=9, l2=1)))
    assert second.last is not None
    assert open_checkpoint(second.last.checkpoint, SIGNER.verifier).size == 2
    assert sorted(second.last.heads) == [1, 2]  # the system log did not move
    assert second.last.heads[1][0] == 9


def test_idle_seconds_are_sealed_too() -> None:
    """That nothing happened is provable: an idle round makes a seal in which no head moves."""
    first = believed(look(FRESH, logs_of(l0=3)))
    second = believed(look(first, logs_of(l0=3)))
    assert second.last is not None
    assert second.last.n == 1
    assert second.last.heads == {}


def test_seal_commits_to_every_head_and_tells_none() -> None:
    """The leaf holds one root over (name, size, root) of all logs: it shows no creditor's name or volume."""
    state = believed(look(FRESH, logs_of(l0=2, l1=3)))
    assert state.last is not None
    leaf = json.loads(state.last.body)
    assert set(leaf) == {"k", "logs", "n", "root", "ts", "v"}
    leaves = []
    for log, bodies in sorted(logs_of(l0=2, l1=3).items()):
        root = tlog.root(tlog.extend(Range(), map(tlog.leaf_hash, bodies))).hex()
        text = json.dumps(
            {"k": "head", "log": NAMES[log], "root": root, "size": len(bodies), "v": 1}, separators=(",", ":")
        )
        leaves.append(tlog.leaf_hash(text.encode()))
    assert leaf["root"] == tlog.node_hash(*leaves).hex()


def test_root_log_is_the_tree_of_the_seals() -> None:
    """Whoever has all seal leaves can recompute the signed root."""
    state, bodies = FRESH, []
    for size in (1, 4, 4, 6):
        state = believed(look(state, logs_of(l0=size)))
        assert state.last is not None
        bodies.append(state.last.body)
    assert state.last is not None
    signed = open_checkpoint(state.last.checkpoint, SIGNER.verifier)
    assert (signed.size, signed.root) == (4, tlog.root(tlog.extend(Range(), map(tlog.leaf_hash, bodies))))


def refused(before: Logs, after: Logs, heads: list[Head] | None = None) -> Mismatch:
    """What is said of `after` when `before` has been sealed."""
    found = look(believed(look(FRESH, before)), after, heads)
    assert isinstance(found, Mismatch), "the change went unnoticed"
    return found


def test_edited_new_record_is_noticed() -> None:
    """A record changed before it was ever sealed does not fit the head."""
    after = logs_of(l0=6)
    heads = heads_of(after)
    after[0][4] = b"forged"
    assert refused(logs_of(l0=3), after, heads) == Mismatch(log="system", index=5, reason=Reason.HEAD_DIFFERS)


def test_rebuilt_tree_is_noticed() -> None:
    """An edit of sealed history with all hashes computed anew gives a head that is not ours, with nothing added."""
    after = logs_of(l0=3)
    after[0][0] = b"forged"
    assert refused(logs_of(l0=3), after).reason is Reason.HEAD_DIFFERS


def test_deleted_tail_is_noticed() -> None:
    """Cutting off the end, with a correct head for what is left, makes the log shorter than it was sealed."""
    found = refused(logs_of(l0=5), logs_of(l0=4))
    assert found == Mismatch(log="system", index=4, reason=Reason.LOG_SHRANK)


def test_deleted_tail_that_was_refilled_is_noticed() -> None:
    """Replacing the last records by others, to the same or a larger size, is no extension."""
    after = logs_of(l0=7)
    after[0][4] = b"forged"
    assert refused(logs_of(l0=5), after).reason is Reason.HEAD_DIFFERS


@pytest.mark.parametrize("index", [3, 4, 5])
def test_missing_record_is_named(index: int) -> None:
    """A hole among the new records, at either end or within, is reported at its index."""
    after = logs_of(l0=6)
    spans = plan(believed(look(FRESH, logs_of(l0=3))), heads_of(after), records_max=100)
    records = [(n, b) for n, b in enumerate(after[0]) if n >= 3 and n != index]
    state = believed(look(FRESH, logs_of(l0=3)))
    found = advance(state, [Reading(span=spans[0], records=records)])
    assert found == Mismatch(log="system", index=index, reason=Reason.RECORD_MISSING)


def test_removed_log_is_noticed() -> None:
    """A creditor's log cannot vanish as a whole."""
    found = refused(logs_of(l0=1, l1=2), logs_of(l0=1))
    assert found == Mismatch(log="creditor:acme", index=None, reason=Reason.LOG_GONE)


def test_renamed_log_is_noticed() -> None:
    """A log cannot be made another creditor's."""
    after = logs_of(l0=1, l1=2)
    found = refused(logs_of(l0=1, l1=2), after, heads_of(after, {0: "system", 1: "creditor:bolt"}))
    assert found.reason is Reason.LOG_RENAMED


def test_head_that_is_no_head_is_noticed() -> None:
    """Peaks of the wrong number are a mismatch, not a crash."""
    after = logs_of(l0=3)
    heads = [Head(log=0, name="system", size=3, peaks=b"x")]
    assert refused(logs_of(l0=2), after, heads).reason is Reason.HEAD_DIFFERS


def test_long_backlog_is_read_in_bounded_steps() -> None:
    """Catching up takes as many rounds as it needs; what is not yet compared with its head is not sealed."""
    logs, state, rounds = logs_of(l0=25), FRESH, 0
    while is_behind(plan(state, heads_of(logs), records_max=10)):
        state = believed(look(state, logs, chunk=10))
        rounds += 1
        assert state.logs[0].sealed in (Sealed(), Sealed(size=25, root=state.logs[0].checked.root))
        assert rounds < 10
    assert rounds == 2
    assert believed(look(state, logs, chunk=10)).logs[0].sealed is not None
    assert believed(look(state, logs, chunk=10)).logs[0].checked.size == 25


def test_short_log_is_not_kept_waiting_by_a_long_one() -> None:
    """While one log's history is caught up, the others are sealed every round."""
    logs = logs_of(l0=500, l1=2)
    state = believed(look(FRESH, logs, chunk=10))
    assert state.logs[1].checked.size == 2
    assert state.logs[0].checked.size == 0


def test_log_that_grows_while_it_is_caught_up_is_sealed_in_the_end() -> None:
    """A head that moves on between rounds is no mismatch."""
    state = FRESH
    for size in (25, 27, 29, 31, 33):
        state = believed(look(state, logs_of(l0=size), chunk=10))
    assert state.logs[0].checked.size == 33


def lost_and_adopted(
    logs: Logs, sealed: dict[int, tuple[str, Sealed]] | None = None
) -> SealerState | Mismatch:
    """Seal these logs, lose the file, and adopt from what the database has."""
    state = believed(look(believed(look(FRESH, logs_of(l0=1))), logs))
    assert state.last is not None
    heads = {log: (known.name, known.checked) for log, known in state.logs.items()}
    return adopt(SIGNER.name, state.seals, state.last, sealed or heads)


def test_adopted_state_recomputes_everything() -> None:
    """After an adoption the whole history is read again and must come to the sealed roots."""
    logs = logs_of(l0=30, l1=4)
    state = lost_and_adopted(logs)
    assert isinstance(state, SealerState)
    for _ in range(5):
        state = believed(look(state, logs, chunk=10))
    assert state.logs[0].checked.size == 30
    assert state.seals.size == 7


@pytest.mark.parametrize("chunk", [1000, 7])
def test_adoption_does_not_hide_an_edit(chunk: int) -> None:
    """History rewritten while the file was lost is noticed when it is recomputed, even under a matching head."""
    logs = logs_of(l0=30)
    state = lost_and_adopted(logs)
    logs[0][3] = b"forged"
    found: SealerState | Mismatch = state
    for _ in range(6):
        assert isinstance(found, SealerState)
        found = look(found, logs, chunk=chunk)
        if isinstance(found, Mismatch):
            break
    assert found == Mismatch(log="system", index=29, reason=Reason.SEALED_ROOT_DIFFERS)


def test_adoption_checks_the_heads_against_the_seal() -> None:
    """Heads that the signed seal does not commit to are not adopted."""
    forged = {0: ("system", Sealed(size=1, root=sha256(b"x").digest()))}
    found = lost_and_adopted(logs_of(l0=2), forged)
    assert isinstance(found, Mismatch)
    assert found.reason is Reason.SEALS_DIFFER
