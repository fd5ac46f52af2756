"""Whatever the fields, sealing is exact, bound and unambiguous."""

from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.vault import BorrowerKey, Vault, VaultError

VAULT = Vault(bytes(32))
names = st.text(max_size=30)
columns = st.from_regex(r"[a-z_]{1,12}\.[a-z_]{1,12}", fullmatch=True)
places = st.tuples(names, st.uuids(), columns, st.uuids())


def key_of(creditor: str, subject: UUID) -> BorrowerKey:
    """A fresh key for a borrower of any creditor."""
    if not VAULT.has_tenant(creditor):
        VAULT.open_tenant(creditor, VAULT.new_tenant_key(creditor))
    return VAULT.open_borrower_key(creditor, subject, VAULT.new_borrower_key(creditor, subject))


@given(place=places, plaintext=st.binary(max_size=300), at=st.integers(min_value=0), flip=st.integers(1, 255))
def test_any_changed_byte_is_noticed(
    place: tuple[str, UUID, str, UUID], plaintext: bytes, at: int, flip: int
) -> None:
    """No byte of a sealed value can be changed unseen."""
    creditor, subject, column, row = place
    key = key_of(creditor, subject)
    sealed = bytearray(key.seal(column, row, plaintext))
    assert key.open(column, row, bytes(sealed)) == plaintext
    sealed[at % len(sealed)] ^= flip
    with pytest.raises(VaultError):
        key.open(column, row, bytes(sealed))


@given(one=st.tuples(names, names), two=st.tuples(names, names))
def test_tokens_are_equal_only_for_equal_pairs(one: tuple[str, str], two: tuple[str, str]) -> None:
    """Shifting characters between namespace and id never gives another person's token."""
    assume(one != two)
    assert VAULT.borrower_token(*one) != VAULT.borrower_token(*two)
    assert VAULT.debt_token(*one) != VAULT.debt_token(*two)
    assert VAULT.address_index(*one) != VAULT.address_index(*two)


@given(
    place=st.tuples(columns, st.uuids()),
    other=st.tuples(columns, st.uuids()),
    plaintext=st.binary(max_size=64),
)
def test_value_opens_at_its_own_place_only(
    place: tuple[str, UUID], other: tuple[str, UUID], plaintext: bytes
) -> None:
    """Row and column are part of what the seal checks, in every combination."""
    assume(place != other)
    key = key_of("acme", UUID(int=1))
    sealed = key.seal(*place, plaintext)
    with pytest.raises(VaultError):
        key.open(*other, sealed)
