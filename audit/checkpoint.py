"""Checkpoints: the size and root of a log, signed so that two different ones for one size convict the signer.

Formats: C2SP tlog-checkpoint and signed-note, with Ed25519 keys spelled as golang.org/x/mod/sumdb/note spells them,
so that the witnesses and verifiers of others read ours.
"""

import base64
import binascii
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Struct

ED25519 = b"\x01"  # signed-note's number for this kind of key
KEY_BYTES = 32
KEY_ID_BYTES = 4
ROOT_BYTES = 32
SIZE_DIGITS = 19
SECRET_LABEL = "PRIVATE+KEY+"  # noqa: S105  (the format's label, not a secret)
DASH = "\u2014 "


class CheckpointError(ValueError):
    """A text that is no checkpoint, or no key, or is not signed by the key it should be. Says which."""


class Checkpoint(Struct, frozen=True, kw_only=True):
    """What a log was when it was signed. `origin` names the log, once and for ever."""

    origin: str
    size: int
    root: bytes


class VerifierKey(Struct, frozen=True, kw_only=True):
    """The public half: what an auditor is given once, by another way than the log itself."""

    name: str
    key_id: bytes
    public: bytes


class Signer:
    """Signs checkpoints of one origin, which is also the key's name (as tlog-checkpoint advises)."""

    def __init__(self, name: str, seed: bytes) -> None:
        if len(seed) != KEY_BYTES:
            raise CheckpointError(f"an Ed25519 seed has {KEY_BYTES} bytes, not {len(seed)}")
        self.name = _checked_name(name)
        self._seed = seed
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        public = self._private.public_key().public_bytes_raw()
        self.verifier = VerifierKey(name=name, key_id=_key_id(name, public), public=public)

    def sign(self, size: int, root: bytes) -> str:
        """The signed note for a log of `size` leaves with this root. Ed25519: the same input signs the same."""
        text = _body(Checkpoint(origin=self.name, size=size, root=root))
        signature = self.verifier.key_id + self._private.sign(text.encode())
        return f"{text}\n{DASH}{self.name} {_b64(signature)}\n"

    def secret_text(self) -> str:
        """The private key as one line for a key file."""
        return f"{SECRET_LABEL}{self.name}+{self.verifier.key_id.hex()}+{_b64(ED25519 + self._seed)}"


def parse_signer(text: str) -> Signer:
    """The signer of a line written by `Signer.secret_text`. Raises CheckpointError, which never quotes the line."""
    name, key_id, raw = _split_key(text.removeprefix(SECRET_LABEL) if text.startswith(SECRET_LABEL) else "")
    signer = Signer(name, raw)
    if signer.verifier.key_id != key_id:
        raise CheckpointError("the key's id does not belong to it; the line is damaged")
    return signer


def verifier_text(key: VerifierKey) -> str:
    """The public key as one line: name, id, key."""
    return f"{key.name}+{key.key_id.hex()}+{_b64(ED25519 + key.public)}"


def parse_verifier(text: str) -> VerifierKey:
    """The public key of a line written by `verifier_text`. Raises CheckpointError."""
    name, key_id, public = _split_key(text)
    if _key_id(name, public) != key_id:
        raise CheckpointError("the key's id does not belong to it; the line is damaged")
    return VerifierKey(name=name, key_id=key_id, public=public)


def open_checkpoint(note: str, key: VerifierKey) -> Checkpoint:
    """The checkpoint that `key` has signed. Raises CheckpointError; signatures of other keys are passed over."""
    text, blank, signatures = note.partition("\n\n")
    if not blank or not signatures.endswith("\n"):
        raise CheckpointError("a signed note is a text, an empty line and signature lines")
    checkpoint = _parse_body(text + "\n")
    if checkpoint.origin != key.name:
        raise CheckpointError(f"the checkpoint is of the log {checkpoint.origin}, not of {key.name}")
    found = False
    for line in signatures[:-1].split("\n"):
        name, key_id, signature = _parse_signature(line)
        if (name, key_id) == (key.name, key.key_id):
            found = True
            _verify(key, signature, text + "\n")
    if not found:
        raise CheckpointError(f"the checkpoint bears no signature of {key.name}")
    return checkpoint


def _verify(key: VerifierKey, signature: bytes, text: str) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, text.encode())
    except InvalidSignature:
        raise CheckpointError(f"the signature of {key.name} is not of this text") from None


def _body(checkpoint: Checkpoint) -> str:
    return f"{checkpoint.origin}\n{checkpoint.size}\n{_b64(checkpoint.root)}\n"


def _parse_body(text: str) -> Checkpoint:
    """Exactly three lines: extension lines are discouraged by the format, and ours have none."""
    lines = text.split("\n")
    if len(lines) != 4 or lines[3]:  # noqa: PLR2004  (three lines and the end of the last)
        raise CheckpointError("a checkpoint has three lines: origin, size, root")
    origin, size, root = lines[:3]
    if not (size.isascii() and size.isdigit() and len(size) <= SIZE_DIGITS):
        raise CheckpointError("the second line of a checkpoint is a decimal number below 2^63")
    checkpoint = Checkpoint(origin=_checked_name(origin), size=int(size), root=_unb64(root))
    # Comparing with what we would write refuses leading zeros, loose base64 and whatever else has two spellings.
    if len(checkpoint.root) != ROOT_BYTES or _body(checkpoint) != text:
        raise CheckpointError("the checkpoint is not in its one canonical spelling")
    return checkpoint


def _parse_signature(line: str) -> tuple[str, bytes, bytes]:
    name, _, encoded = line.removeprefix(DASH).rpartition(" ")
    if not line.startswith(DASH) or not name:
        raise CheckpointError("a signature line is a dash, a name and a signature")
    raw = _unb64(encoded)
    return name, raw[:KEY_ID_BYTES], raw[KEY_ID_BYTES:]


def _split_key(text: str) -> tuple[str, bytes, bytes]:
    parts = text.strip().split("+", 2)  # the third part is base64, which may hold a plus itself
    if len(parts) != 3:  # noqa: PLR2004
        raise CheckpointError("a key is a name, an id and the key, with a plus between them")
    name, key_id, encoded = parts
    raw = _unb64(encoded)
    if len(raw) != 1 + KEY_BYTES or raw[:1] != ED25519:
        raise CheckpointError("the key is not an Ed25519 key")
    try:
        return _checked_name(name), binascii.unhexlify(key_id), raw[1:]
    except binascii.Error:
        raise CheckpointError("the key's id is not hexadecimal") from None


def _checked_name(name: str) -> str:
    if not name or "+" in name or any(c.isspace() or not c.isprintable() for c in name):
        raise CheckpointError("a key's name is not empty and has neither spaces nor a plus")
    return name


def _key_id(name: str, public: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + ED25519 + public).digest()[:KEY_ID_BYTES]


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _unb64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise CheckpointError("a part that should be base64 is not") from None
