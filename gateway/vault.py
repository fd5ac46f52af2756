"""Seals personal data: a key for each borrower, wrapped by a key for each creditor, wrapped by the master key.

Destroying a borrower's wrapped key erases the person from every copy and backup at once, and the audit log, which
never held anything of them, verifies as before.
"""

import base64
import binascii
import hmac
import secrets
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.key_file import KeyFileError, create_key_file, read_key_file

KEY_BYTES = 32
KEY_ID_BYTES = 8
NONCE_BYTES = 12
TOKEN_BYTES = 16
# A sealed value is: layout version ‖ id of the key it lies under ‖ nonce ‖ ciphertext and tag.
LAYOUT = b"\x01"
NONCE_AT = len(LAYOUT) + KEY_ID_BYTES
CIPHERTEXT_AT = NONCE_AT + NONCE_BYTES

Randomness = Callable[[int], bytes]


class VaultError(Exception):
    """A sealed value cannot be opened: another key, another place, or changed bytes. Holds nothing secret."""


class WrappedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A borrower's key as it is stored. `version` counts the keys that this borrower has had, from 1."""

    version: int
    blob: bytes


class SealingKey:
    """One AES-256 key with its id. Random nonces: no key here seals anywhere near 2^32 values (SP 800-38D, 8.3)."""

    __slots__ = ("_aead", "_head", "_random", "key_id")

    def __init__(self, key: bytes, key_id: bytes, random: Randomness) -> None:
        self.key_id = key_id
        self._aead = AESGCM(key)
        self._head = LAYOUT + key_id
        self._random = random

    def seal(self, place: bytes, plaintext: bytes) -> bytes:
        """The sealed value, which opens at `place` only."""
        nonce = self._random(NONCE_BYTES)
        return self._head + nonce + self._aead.encrypt(nonce, plaintext, place)

    def open(self, place: bytes, sealed: bytes) -> bytes:
        """The plaintext. Raises VaultError."""
        if not sealed.startswith(self._head):
            raise VaultError(
                "the value is sealed under another key, or in a layout that this version cannot read"
            )
        try:
            return self._aead.decrypt(sealed[NONCE_AT:CIPHERTEXT_AT], sealed[CIPHERTEXT_AT:], place)
        except (InvalidTag, ValueError):  # ValueError: shorter than a nonce
            raise VaultError("the value was changed, or was sealed for another row or column") from None


class BorrowerKey:
    """Seals and opens the fields of one borrower of one creditor.

    Do not keep it: opening it costs half a microsecond, and a cached key outlives an erasure.
    """

    __slots__ = ("_key", "_where")

    def __init__(self, key: SealingKey, where: bytes) -> None:
        self._key = key
        self._where = where

    def seal(self, column: str, row_id: UUID, plaintext: bytes) -> bytes:
        """Seal one field. `column` is written "table.column"; with the row id it keeps values from being moved."""
        return self._key.seal(self._where + row_id.bytes + column.encode(), plaintext)

    def open(self, column: str, row_id: UUID, sealed: bytes) -> bytes:
        """What was sealed there. Raises VaultError."""
        return self._key.open(self._where + row_id.bytes + column.encode(), sealed)


class TenantKey(msgspec.Struct, frozen=True, kw_only=True):
    """A creditor's open key, with the beginnings of the places that its borrowers' keys and fields are bound to."""

    key: SealingKey
    borrowers: bytes
    fields: bytes


class Vault:
    """Makes and opens keys, and gives the keyed tokens by which rows are found without their plaintext.

    Tokens are the same in every process that has the same master key. They show which rows are equal, so they
    belong in indexes of our own tables and never in an audit record, a log line or an answer.
    """

    def __init__(self, master: bytes, *, random: Randomness = secrets.token_bytes) -> None:
        if len(master) != KEY_BYTES:
            raise VaultError(f"a master key has {KEY_BYTES} bytes, not {len(master)}")
        self._random = random
        wrapping = _derive(master, b"forbear wrap 1")
        self._master = SealingKey(wrapping, _key_id(wrapping), random)
        self._tenants: dict[str, TenantKey] = {}
        self._address_mac = _keyed(_derive(master, b"forbear index address 1"))
        self._borrower_mac = _keyed(_derive(master, b"forbear index borrower 1"))
        self._debt_mac = _keyed(_derive(master, b"forbear index debt 1"))
        self._request_mac = _keyed(_derive(master, b"forbear request mac 1"))

    def new_tenant_key(self, creditor: str) -> bytes:
        """A new key for a creditor, wrapped for storing. It is not open yet: see `open_tenant`."""
        return self._wrap(self._master, _bind(b"tenant", creditor))

    def open_tenant(self, creditor: str, wrapped: bytes) -> None:
        """Keep this creditor's key ready for its borrowers' keys. Raises VaultError."""
        key = self._unwrap(self._master, _bind(b"tenant", creditor), wrapped)
        borrowers, fields = _bind(b"borrower", creditor), _bind(b"field", creditor)
        self._tenants[creditor] = TenantKey(key=key, borrowers=borrowers, fields=fields)

    def has_tenant(self, creditor: str) -> bool:
        """Whether `open_tenant` has been called for this creditor."""
        return creditor in self._tenants

    def new_borrower_key(self, creditor: str, subject: UUID, *, version: int = 1) -> WrappedKey:
        """A new key for one borrower, wrapped for storing. `subject` is the random id on the borrower's row."""
        return self.begin_borrower(creditor, subject, version=version)[0]

    def begin_borrower(
        self, creditor: str, subject: UUID, *, version: int = 1
    ) -> tuple[WrappedKey, BorrowerKey]:
        """The same, with the key open for the first value that is sealed under it."""
        tenant = self._tenant(creditor)
        place = tenant.borrowers + subject.bytes + version.to_bytes(4, "big")
        key = self._random(KEY_BYTES)
        key_id = _key_id(key)
        wrapped = WrappedKey(version=version, blob=tenant.key.seal(place, key_id + key))
        return wrapped, BorrowerKey(SealingKey(key, key_id, self._random), tenant.fields + key_id)

    def open_borrower_key(self, creditor: str, subject: UUID, wrapped: WrappedKey) -> BorrowerKey:
        """The key, for use at once. Raises VaultError when it is another borrower's or the creditor's is not open."""
        tenant = self._tenant(creditor)
        place = tenant.borrowers + subject.bytes + wrapped.version.to_bytes(4, "big")
        key = self._unwrap(tenant.key, place, wrapped.blob)
        return BorrowerKey(key, tenant.fields + key.key_id)

    def address_index(self, kind: str, normalised: str) -> bytes:
        """32 bytes that find an address of `kind` (phone, email, …). Spell it in one way before: E.164, lower case."""
        return _digest(self._address_mac, _bind(kind.encode(), normalised))

    def borrower_token(self, namespace: str, external_id: str) -> bytes:
        """16 bytes for a caller's borrower id; the same person in two namespaces has two tokens."""
        return _digest(self._borrower_mac, _bind(namespace.encode(), external_id))[:TOKEN_BYTES]

    def debt_token(self, namespace: str, debt_id: str) -> bytes:
        """16 bytes for a caller's debt id."""
        return _digest(self._debt_mac, _bind(namespace.encode(), debt_id))[:TOKEN_BYTES]

    def request_mac(self, raw: bytes) -> bytes:
        """32 bytes that tell whether two request bodies are the same bytes."""
        return _digest(self._request_mac, raw)

    def _tenant(self, creditor: str) -> TenantKey:
        key = self._tenants.get(creditor)
        if key is None:
            raise VaultError(f"the key of creditor {creditor} is not open; call open_tenant first")
        return key

    def _wrap(self, under: SealingKey, place: bytes) -> bytes:
        key = self._random(KEY_BYTES)
        return under.seal(place, _key_id(key) + key)

    def _unwrap(self, under: SealingKey, place: bytes, wrapped: bytes) -> SealingKey:
        inside = under.open(place, wrapped)
        return SealingKey(inside[KEY_ID_BYTES:], inside[:KEY_ID_BYTES], self._random)


def create_master_key(path: Path, *, random: Randomness = secrets.token_bytes) -> None:
    """Write a new master key to a file of mode 0600. Raises KeyFileError; never overwrites."""
    create_key_file(path, base64.b64encode(random(KEY_BYTES)).decode() + "\n")


def open_vault(path: Path) -> Vault:
    """The vault of this master key file. Raises KeyFileError when the file is open to others or holds no key."""
    try:
        master = base64.b64decode(read_key_file(path), validate=True)
    except binascii.Error:
        master = b""
    if len(master) != KEY_BYTES:
        raise KeyFileError(f"{path} must hold {KEY_BYTES} bytes in base64, as `forbear keys` writes them.")
    return Vault(master)


def _bind(label: bytes, name: str) -> bytes:
    """Label and name such that no two different pairs, nor anything of fixed length after them, look alike."""
    encoded = name.encode()
    return b"".join((len(label).to_bytes(2, "big"), label, len(encoded).to_bytes(4, "big"), encoded))


def _key_id(key: bytes) -> bytes:
    """Follows from the key: AES-GCM alone would let one ciphertext open under two keys of a forger's choice."""
    return hmac.digest(key, b"forbear key id", "sha256")[:KEY_ID_BYTES]


def _derive(master: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=purpose).derive(master)


def _keyed(key: bytes) -> hmac.HMAC:
    """Copying a keyed HMAC is a third cheaper than keying one for each token."""
    return hmac.new(key, digestmod="sha256")


def _digest(keyed: hmac.HMAC, content: bytes) -> bytes:
    mac = keyed.copy()
    mac.update(content)
    return mac.digest()
