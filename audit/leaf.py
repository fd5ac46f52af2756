"""What every record has in common, and the types that keep records inside the JSON profile.

Integers only: amounts in minor units, times in microseconds since 1970 UTC. Hashes are lower-case hexadecimal.
"""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from audit.words import ContactState

# Integers that every JSON reader keeps exact (RFC 8259, section 6; RFC 8785, section 3.2.2.3).
EXACT = 2**53 - 1
Count = Annotated[int, Meta(ge=0, le=EXACT)]
Whole = Annotated[int, Meta(ge=-EXACT, le=EXACT)]
Micros = Count
Word = Annotated[str, Meta(max_length=200)]
Hash = Annotated[str, Meta(min_length=64, max_length=64)]
LocalTime = tuple[Word, Word]
"""An IANA zone and the wall time there, "YYYY-MM-DDTHH:MM:SS"."""


class RuleHit(Struct, frozen=True, kw_only=True, array_like=True, forbid_unknown_fields=True):
    """How one rule answered, written as an array: rule id, outcome, used, limit."""

    rule: Word
    outcome: Word
    used: Count | None = None
    limit: Count | None = None


class Pack(Struct, frozen=True, kw_only=True, array_like=True, forbid_unknown_fields=True):
    """One pack of a policy, written as an array: pack id, version, hash of its file."""

    pack: Word
    version: Word
    digest: Hash


class Leaf(Struct, frozen=True, kw_only=True, tag_field="k", forbid_unknown_fields=True):
    """What every record says: when, and its place in its writer's own sequence."""

    ts: Micros
    w: Word
    we: Count
    ws: Count
    v: Literal[1] = 1


class ContactLeaf(Leaf, frozen=True, kw_only=True):
    """A record about a contact. `state` is the state that the contact entered with it; None if it entered none."""

    contact: UUID
    state: ContactState | None


class DecidedLeaf(ContactLeaf, frozen=True, kw_only=True):
    """A record of a decision: what was asked, which rules looked, and under exactly which policy."""

    subj: UUID
    creditor: Word
    chan: Word
    template: Hash
    policy: Hash
    tzdb: Word
    rules: tuple[RuleHit, ...]
    zones: tuple[LocalTime, ...]
