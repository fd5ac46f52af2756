"""However a log grew, its root says exactly what is in it."""

from collections.abc import Sequence

from hypothesis import assume, given
from hypothesis import strategies as st

from audit.tlog import EMPTY_ROOT, Range, extend, leaf_hash, node_hash, root

bodies = st.lists(st.binary(max_size=8), max_size=70)


def by_definition(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962, 2.1, word for word: split at the largest power of two below n."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return node_hash(by_definition(leaves[:split]), by_definition(leaves[split:]))


@given(bodies)
def test_compact_range_agrees_with_the_definition(records: list[bytes]) -> None:
    """The incremental computation gives the recursive definition's root at every size."""
    leaves = [leaf_hash(body) for body in records]
    assert root(extend(Range(), leaves)) == by_definition(leaves)


@given(bodies, st.lists(st.integers(0, 70), max_size=6))
def test_batches_do_not_matter(records: list[bytes], cuts: list[int]) -> None:
    """A log appended to in any batches ends as the log appended to at once."""
    leaves = [leaf_hash(body) for body in records]
    grown, start = Range(), 0
    for cut in sorted({min(c, len(leaves)) for c in cuts} | {len(leaves)}):
        grown, start = extend(grown, leaves[start:cut]), cut
    assert grown == extend(Range(), leaves)
    assert len(grown.peaks) == len(records).bit_count()


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=40), st.data())
def test_any_change_changes_the_root(records: list[bytes], data: st.DataObject) -> None:
    """Changing, removing, exchanging or adding a record gives another root."""
    before = root(extend(Range(), map(leaf_hash, records)))
    other = list(records)
    place = data.draw(st.integers(0, len(other) - 1))
    match data.draw(st.sampled_from(["change", "remove", "exchange", "add"])):
        case "change":
            other[place] = data.draw(st.binary(max_size=8))
        case "remove":
            del other[place]
        case "exchange":
            other[place], other[0] = other[0], other[place]
        case _:
            other.insert(place, data.draw(st.binary(max_size=8)))
    assume(other != records)
    assert root(extend(Range(), map(leaf_hash, other))) != before
