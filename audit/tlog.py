"""The Merkle tree of RFC 6962, kept as a compact range: the roots of the perfect subtrees, largest first."""

from collections.abc import Iterable, Sequence
from hashlib import sha256

from msgspec import Struct

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()


class Range(Struct, frozen=True, kw_only=True):
    """A log of `size` leaves in as few hashes as `size` has binary ones."""

    size: int = 0
    peaks: tuple[bytes, ...] = ()


def leaf_hash(body: bytes) -> bytes:
    """SHA-256(0x00 ‖ body), RFC 6962 section 2.1. The body is the record as stored."""
    return sha256(b"\x00" + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right). The other prefix keeps a node from passing for a leaf."""
    return sha256(b"\x01" + left + right).digest()


def extend(start: Range, leaves: Iterable[bytes]) -> Range:
    """The range after appending leaf hashes; amortised one node hash each."""
    size, peaks = start.size, list(start.peaks)
    for leaf in leaves:
        node, odd = leaf, size
        # Each trailing one of the size is a subtree as large as ours: the two become one of the next size.
        while odd & 1:
            node = node_hash(peaks.pop(), node)
            odd >>= 1
        peaks.append(node)
        size += 1
    return Range(size=size, peaks=tuple(peaks))


def root(of: Range) -> bytes:
    """The Merkle tree hash (RFC 6962 section 2.1) of everything in the range."""
    if not of.peaks:
        return EMPTY_ROOT
    node = of.peaks[-1]
    for peak in reversed(of.peaks[:-1]):
        node = node_hash(peak, node)
    return node


def parse_peaks(size: int, peaks: bytes) -> Range | None:
    """The range whose peaks lie one after another in `peaks`; None if they cannot belong to a log of `size`."""
    if len(peaks) != HASH_BYTES * size.bit_count():
        return None
    return Range(size=size, peaks=tuple(peaks[i : i + HASH_BYTES] for i in range(0, len(peaks), HASH_BYTES)))


def join_peaks(peaks: Sequence[bytes]) -> bytes:
    """The peaks as they are stored beside the size."""
    return b"".join(peaks)
