"""Records to bytes and back. What is hashed are the stored bytes; nothing is ever written anew to verify it."""

import hashlib
import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from audit.kinds import Record
from audit.leaf import ContactLeaf

BODY_MAX = 65_535  # the 16-bit length of a tile bundle's entry (C2SP tlog-tiles)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
SALT_BYTES = 32

_PHONE = re.compile(rb"\+\d{7}")
_CODE_UNSAFE = re.compile(r"[^A-Za-z0-9_.:/-]+")
_CODE_DIGITS = re.compile(r"\d{7,}")  # a telephone number, for all we know
CODE_MAX = 80

# Sorted keys, no white space, shortest escapes: with ASCII keys and no floats this is RFC 8785 (JCS) byte for byte.
_encoder = msgspec.json.Encoder(order="sorted")
_decoder = msgspec.json.Decoder(Record)


class RecordError(ValueError):
    """Bytes that are no record of a version and kind we know, or a record that must not be written."""


def encode(record: Record) -> bytes:
    """The canonical bytes of a record, identical to its RFC 8785 form.

    Raises RecordError for what no later correction could take back: a record over 65,535 bytes, or one in which an
    e-mail address or a number in international form has slipped. (That net is coarse; the types are the rule.)
    """
    try:
        body = _encoder.encode(record)
    except UnicodeEncodeError:
        raise RecordError(
            f"a {kind_of(record)} record holds a lone surrogate, which no UTF-8 text has"
        ) from None
    if len(body) > BODY_MAX:
        raise RecordError(f"a {kind_of(record)} record of {len(body)} bytes is over the {BODY_MAX} that fit")
    if b"@" in body or (b"+" in body and _PHONE.search(body)):
        raise RecordError(
            f"a {kind_of(record)} record holds what looks like an address; records hold ids only"
        )
    return body


def decode(body: bytes) -> Record:
    """The record that these bytes are. Raises RecordError for any version, kind or field that is not known here.

    Refusing is the point: a reader that skipped what it does not understand could be shown anything.
    """
    if len(body) > BODY_MAX:
        raise RecordError(f"{len(body)} bytes are over the {BODY_MAX} of a record")
    try:
        record: Record = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RecordError(f"no record of a known version and kind: {error}") from None
    return record


def kind_of(record: Record) -> str:
    """The record's kind, for the column beside the bytes."""
    tag = record.__struct_config__.tag
    assert isinstance(tag, str)
    return tag


def contact_of(record: Record) -> UUID | None:
    """The contact whose history the record belongs to, for the column beside the bytes."""
    return record.contact if isinstance(record, ContactLeaf) else None


def micros(at: datetime) -> int:
    """An aware time as whole microseconds since 1970 UTC, exactly. Raises TypeError for a naive one."""
    return (at - EPOCH) // MICROSECOND


def commitment(salt: bytes, payload: bytes) -> str:
    """SHA-256(salt ‖ payload), hexadecimal: pins what was sent without telling anything about it.

    `salt` is 32 random bytes, kept sealed beside the payload; without it a short text could be guessed.
    """
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a commitment needs {SALT_BYTES} random bytes, not {len(salt)}")
    return hashlib.sha256(salt + payload).hexdigest()


def clean_code(foreign: str) -> str:
    """A code from outside (a provider's reason) as a record may hold it; never empty, never an address.

    Other characters become "_", long runs of digits "#", and anything with an "@" is not repeated at all.
    """
    if "@" in foreign:
        return "withheld"
    return _CODE_DIGITS.sub("#", _CODE_UNSAFE.sub("_", foreign))[:CODE_MAX] or "none"
