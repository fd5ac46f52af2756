"""Sealed personal data opens where it was sealed and nowhere else."""

import hashlib
import hmac
from collections.abc import Callable
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.vault import BorrowerKey, Vault, VaultError, WrappedKey

MASTER = bytes(range(32))
LENDER = "acme"
SUBJECT = UUID("018f0000-0000-7000-8000-000000000001")
ROW = UUID("018f0000-0000-7000-8000-0000000000aa")
OTHER = UUID("018f0000-0000-7000-8000-0000000000bb")


def counting() -> Callable[[int], bytes]:
    """Randomness that repeats from run to run and never within one."""
    drawn = 0

    def draw(n: int) -> bytes:
        nonlocal drawn
        drawn += 1
        return hashlib.shake_256(drawn.to_bytes(8, "big")).digest(n)

    return draw


@pytest.fixture
def vault() -> Vault:
    """A vault with the key of one creditor open."""
    opened = Vault(MASTER, random=counting())
    opened.open_tenant(LENDER, opened.new_tenant_key(LENDER))
    return opened


@pytest.fixture
def key(vault: Vault) -> BorrowerKey:
    """The key of one borrower."""
    return vault.open_borrower_key(LENDER, SUBJECT, vault.new_borrower_key(LENDER, SUBJECT))


def test_field_opens_where_it_was_sealed(key: BorrowerKey) -> None:
    """What was sealed for a row and column comes back byte for byte."""
    assert (
        key.open("contact.address", ROW, key.seal("contact.address", ROW, b"+12025550100")) == b"+12025550100"
    )


@pytest.mark.parametrize(("column", "row"), [("contact.name", ROW), ("contact.address", OTHER), ("", ROW)])
def test_field_cannot_be_moved(key: BorrowerKey, column: str, row: UUID) -> None:
    """A ciphertext copied to another row or column does not open there."""
    sealed = key.seal("contact.address", ROW, b"+12025550100")
    with pytest.raises(VaultError, match="another row or column"):
        key.open(column, row, sealed)


def test_same_plaintext_never_looks_the_same(key: BorrowerKey) -> None:
    """Two rows with one address cannot be told to be equal from what is stored."""
    one, two = (key.seal("contact.address", ROW, b"+12025550100") for _ in range(2))
    assert one != two


def test_layout_is_version_key_id_nonce_ciphertext(vault: Vault) -> None:
    """The stored layout is fixed: other software with the keys can open it."""
    tenant = vault.new_tenant_key(LENDER)
    assert len(tenant) == 1 + 8 + 12 + (8 + 32) + 16
    key = vault.open_borrower_key(LENDER, SUBJECT, vault.new_borrower_key(LENDER, SUBJECT))
    sealed = key.seal("contact.address", ROW, b"x" * 10)
    assert sealed[:1] == b"\x01"
    assert len(sealed) == 1 + 8 + 12 + 10 + 16
    assert sealed[1:9] == key.seal("contact.name", OTHER, b"y")[1:9]


def test_key_id_follows_from_the_key(vault: Vault) -> None:
    """A key id commits to its key, so that one ciphertext cannot be given two meanings by two keys."""
    wrapping = hkdf(MASTER, b"forbear wrap 1")
    expected = hmac.digest(wrapping, b"forbear key id", "sha256")[:8]
    sealed = vault.new_tenant_key(LENDER)
    assert sealed[1:9] == expected
    place = b"\x00\x06tenant\x00\x00\x00\x04acme"
    inside = AESGCM(wrapping).decrypt(sealed[9:21], sealed[21:], place)
    assert inside[:8] == hmac.digest(inside[8:], b"forbear key id", "sha256")[:8]


def hkdf(key: bytes, info: bytes) -> bytes:
    """RFC 5869 with SHA-256, an empty salt and one block, written out."""
    extracted = hmac.digest(bytes(32), key, "sha256")
    return hmac.digest(extracted, info + b"\x01", "sha256")


@pytest.mark.parametrize("at", [0, 1, 9, 21, -1])
def test_every_changed_byte_is_noticed(key: BorrowerKey, at: int) -> None:
    """A flipped bit anywhere (version, key id, nonce, text, tag) refuses to open."""
    sealed = bytearray(key.seal("contact.address", ROW, b"+12025550100"))
    sealed[at] ^= 1
    with pytest.raises(VaultError):
        key.open("contact.address", ROW, bytes(sealed))


@pytest.mark.parametrize("length", [0, 1, 8, 9, 15, 21, 30, 36])
def test_cut_value_is_refused(key: BorrowerKey, length: int) -> None:
    """A truncated value is refused with our own error, never with the library's."""
    sealed = key.seal("contact.address", ROW, b"")
    with pytest.raises(VaultError):
        key.open("contact.address", ROW, sealed[:length])


def test_borrower_key_is_bound_to_creditor_subject_and_version(vault: Vault) -> None:
    """A wrapped key swapped between borrowers, creditors or versions does not open."""
    vault.open_tenant("other", vault.new_tenant_key("other"))
    wrapped = vault.new_borrower_key(LENDER, SUBJECT, version=3)
    assert vault.open_borrower_key(LENDER, SUBJECT, wrapped)
    for creditor, subject, version in [(LENDER, OTHER, 3), ("other", SUBJECT, 3), (LENDER, SUBJECT, 4)]:
        with pytest.raises(VaultError):
            vault.open_borrower_key(creditor, subject, WrappedKey(version=version, blob=wrapped.blob))


def test_two_borrowers_cannot_read_each_other(vault: Vault) -> None:
    """Each borrower of a creditor has a key of their own."""
    one = vault.open_borrower_key(LENDER, SUBJECT, vault.new_borrower_key(LENDER, SUBJECT))
    two = vault.open_borrower_key(LENDER, OTHER, vault.new_borrower_key(LENDER, OTHER))
    with pytest.raises(VaultError, match="another key"):
        two.open("contact.name", ROW, one.seal("contact.name", ROW, b"Jo Example"))


def test_another_process_opens_what_this_one_sealed(vault: Vault) -> None:
    """Only the master key is shared between processes; the rest comes from the database."""
    tenant = vault.new_tenant_key(LENDER)
    vault.open_tenant(LENDER, tenant)
    wrapped = vault.new_borrower_key(LENDER, SUBJECT)
    sealed = vault.open_borrower_key(LENDER, SUBJECT, wrapped).seal("contact.name", ROW, b"Jo Example")
    other = Vault(MASTER)
    other.open_tenant(LENDER, tenant)
    assert (
        other.open_borrower_key(LENDER, SUBJECT, wrapped).open("contact.name", ROW, sealed) == b"Jo Example"
    )


def test_wrong_master_key_opens_nothing(vault: Vault) -> None:
    """A creditor's key stays shut under any other master key."""
    with pytest.raises(VaultError, match="another key"):
        Vault(bytes(32)).open_tenant(LENDER, vault.new_tenant_key(LENDER))


def test_creditors_key_must_be_open(vault: Vault) -> None:
    """An unknown creditor is an error that names the remedy, and never a fresh key."""
    assert not vault.has_tenant("nobody")
    with pytest.raises(VaultError, match="open_tenant"):
        vault.new_borrower_key("nobody", SUBJECT)


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_master_key_has_32_bytes(length: int) -> None:
    """A short master key is refused instead of stretched."""
    with pytest.raises(VaultError, match="32"):
        Vault(bytes(length))


def test_tokens_are_pinned() -> None:
    """Tokens are index keys in the database: a release that changed them would forget every opt-out."""
    vault = Vault(MASTER)
    assert vault.address_index("phone", "+12025550100") == hmac.digest(
        hkdf(MASTER, b"forbear index address 1"), b"\x00\x05phone\x00\x00\x00\x0c+12025550100", "sha256"
    )
    assert (
        vault.borrower_token("acme", "b-1")
        == hmac.digest(
            hkdf(MASTER, b"forbear index borrower 1"), b"\x00\x04acme\x00\x00\x00\x03b-1", "sha256"
        )[:16]
    )
    assert vault.request_mac(b"{}") == hmac.digest(hkdf(MASTER, b"forbear request mac 1"), b"{}", "sha256")


def test_tokens_of_different_kinds_never_meet() -> None:
    """The same text as an address, a borrower and a debt gives three unrelated tokens."""
    vault = Vault(MASTER)
    tokens = {
        vault.address_index("a", "b")[:16],
        vault.borrower_token("a", "b"),
        vault.debt_token("a", "b"),
        vault.request_mac(b"ab")[:16],
    }
    assert len(tokens) == 4


def test_errors_hold_nothing_secret(key: BorrowerKey) -> None:
    """An exception that reaches a log carries neither the plaintext nor the place it was sealed for."""
    sealed = key.seal("contact.address", ROW, b"+12025550100")
    with pytest.raises(VaultError) as caught:
        key.open("contact.address", OTHER, sealed)
    assert "2025550100" not in str(caught.value)
    assert caught.value.__cause__ is None
