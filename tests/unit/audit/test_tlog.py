"""Our trees are RFC 6962 trees: anybody's verifier comes to the same roots."""

from hashlib import sha256

import pytest

from audit.tlog import EMPTY_ROOT, Range, extend, join_peaks, leaf_hash, node_hash, parse_peaks, root

# The eight inputs and roots of the Certificate Transparency reference implementation.
INPUTS = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


@pytest.mark.parametrize("size", range(1, 9))
def test_root_is_that_of_the_reference_implementation(size: int) -> None:
    """The published vectors come out, for every size from one to eight."""
    assert root(extend(Range(), map(leaf_hash, INPUTS[:size]))).hex() == ROOTS[size - 1]


def test_empty_log_has_the_hash_of_nothing_as_its_root() -> None:
    """RFC 6962, 2.1: MTH({}) = SHA-256()."""
    assert root(Range()) == EMPTY_ROOT == sha256().digest()


def test_node_never_passes_for_a_leaf() -> None:
    """Hashing two nodes as a leaf gives something else, so a subtree cannot be presented as a record."""
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert node_hash(left, right) != leaf_hash(left + right)


@pytest.mark.parametrize(("size", "length"), [(0, 32), (1, 0), (1, 64), (3, 32), (3, 96), (4, 33)])
def test_peaks_that_do_not_fit_the_size_are_refused(size: int, length: int) -> None:
    """A head with too many, too few or broken hashes for its size is no head."""
    assert parse_peaks(size, bytes(length)) is None


def test_peaks_come_back_from_storage() -> None:
    """What is stored beside the size gives the same range again."""
    grown = extend(Range(), [leaf_hash(bytes([n])) for n in range(7)])
    assert len(grown.peaks) == 3
    assert parse_peaks(7, join_peaks(grown.peaks)) == grown
