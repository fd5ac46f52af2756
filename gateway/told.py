"""What every fact that a caller tells has in common: whom it is about, and how a fault in it is answered.

Each such fact raises the version that permits are checked against, so that none is given on what was known before.
"""

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import msgspec

from gateway.flows import FieldFault, Invalid
from gateway.keys import Caller
from gateway.runtime import Runtime
from gateway.store.told import Person, find_person, name_person

FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
LAST: Final = datetime(2200, 1, 1, tzinfo=UTC)


class Whom(msgspec.Struct, frozen=True, kw_only=True):
    """The borrower a fact is about, as stored."""

    namespace: str
    token: bytes
    subject: UUID


async def find_known(rt: Runtime, caller: Caller, creditor: str, borrower_id: str) -> Person | None:
    """The borrower as stored, or None for somebody never heard of."""
    return await find_person(rt.pool, rt.vault.borrower_token(caller.namespace_for(creditor), borrower_id))


async def find_or_name(rt: Runtime, caller: Caller, creditor: str, borrower_id: str) -> Whom:
    """The borrower; somebody never heard of is made now, so that what is recorded names a person who is there."""
    namespace = caller.namespace_for(creditor)
    token = rt.vault.borrower_token(namespace, borrower_id)
    person = await find_person(rt.pool, token)
    if person is not None:
        return Whom(namespace=namespace, token=token, subject=person.subject)
    subject = await name_person(rt.pool, token, UUID(bytes=rt.random(16), version=4), namespace)
    return Whom(namespace=namespace, token=token, subject=subject)


def undatable(**times: datetime | None) -> Invalid | None:
    """The fault of each field whose time no record can hold, or None if there is none.

    Records hold whole microseconds since 1970 that every JSON reader keeps exact (RFC 8259, section 6), so "for ever"
    as the year 9999 would make a record that nobody can read again.
    """
    wrong = [name for name, at in times.items() if at is not None and not FIRST <= at < LAST]
    faults = [
        FieldFault(
            pointer=f"/{name}", message="before 1970 or after 2199", hint="leave out an end that is not known"
        )
        for name in wrong
    ]
    return Invalid(faults=tuple(faults)) if faults else None


def invalid(pointer: str, message: str, hint: str) -> Invalid:
    """One fault of a body, as an answer."""
    return Invalid(faults=(FieldFault(pointer=pointer, message=message, hint=hint),))


def as_uuid(text: str) -> UUID | None:
    """An id as a caller wrote it, or None: then there is no such thing."""
    try:
        return UUID(text)
    except ValueError:
        return None
