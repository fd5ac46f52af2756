"""The per-borrower ledger in Redis: facts at hand and places spoken for. It answers early, never the last word.

Losing, emptying or rolling back Redis can make an answer late or too hopeful; a permit is decided on PostgreSQL's
facts. One key for each borrower and one for each address, so that every call stays within one slot of a cluster.
"""

from datetime import UTC, datetime, timedelta
from typing import TypeVar

import msgspec
from redis.exceptions import NoScriptError, RedisError

from throttling.batch import Batch, BrokenError, Client, Script, read_script
from throttling.facts import AddressFacts, BorrowerFacts, Event

READ = read_script("ledger_read.lua")
RESERVE = read_script("ledger_reserve.lua")
DROP = read_script("ledger_drop.lua")
FILL_ADDRESS = read_script("address_fill.lua")

FACT_FIELDS = ("facts", "version", "facts_end_ms")

FACTS_MS = 60_000
PENDING_MAX_S = 60
END_DIGITS = 16
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

T = TypeVar("T", BorrowerFacts, AddressFacts)

_encode = msgspec.msgpack.Encoder().encode
_borrower = msgspec.msgpack.Decoder(BorrowerFacts)
_address = msgspec.msgpack.Decoder(AddressFacts)
_event = msgspec.msgpack.Decoder(Event)


class LedgerAway(Exception):  # noqa: N818 - a state of the world, in the words of the caller
    """Redis refused, was too slow, or answered nonsense. The caller decides from PostgreSQL instead."""


class LedgerView(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger holds of one borrower and one address. None is a miss: load from PostgreSQL and fill.

    `stamp` names this state of the borrower's ledger; a reservation made on it succeeds only if it still stands.
    `pending` includes the caller's own contact, if it has reserved before.
    """

    borrower: BorrowerFacts | None
    address: AddressFacts | None
    pending: tuple[Event, ...]
    stamp: int


class Ledger:
    """The ledger over a redis.asyncio client that answers bytes (`decode_responses=False`).

    Every method raises LedgerAway when Redis does not do its part within `timeout_s` (a call that waits for a pipeline
    in flight may take twice that). Calls made at the same time share a pipeline.
    """

    def __init__(self, client: Client, *, timeout_s: float = 0.1) -> None:
        self._batch = Batch(client, timeout_s=timeout_s, broken=(RedisError,), no_script=NoScriptError)

    async def read(self, borrower: str, address: str | None, at: datetime) -> LedgerView:
        """Return what is known at `at` of a borrower and an address, by their tokens; expired places are left out.

        Without `address` nothing is asked about any.
        """
        mine = self._batch.call(READ, _borrower_key(borrower))
        theirs = None if address is None else self._batch.call(READ, _address_key(address))
        try:
            stamp, facts, pending = await mine
            address_facts = None if theirs is None else (await theirs)[1]
            return LedgerView(
                borrower=_decoded(_borrower, facts),
                address=_decoded(_address, address_facts),
                pending=_pending(pending, at),
                stamp=int(stamp),
            )
        except BrokenError as error:
            raise LedgerAway(str(error)) from error
        except (ValueError, TypeError, msgspec.DecodeError) as error:
            raise LedgerAway("the ledger answered nonsense; it heals when its entries expire") from error

    async def reserve(
        self,
        borrower: str,
        *,
        seen_stamp: int,
        contact: str,
        event: Event | None,
        expires_s: int,
        fill: BorrowerFacts | None = None,
    ) -> bool:
        """Take one place for `contact` as `event`, or none. False: the ledger changed since `seen_stamp`, decide again.

        The place is held until `event.at` plus `expires_s` (at most 60). Asked again for the same contact, the answer
        is True and no second place is taken. `fill` stores the borrower's facts unless newer ones are here. Without
        `event` this only fills.
        """
        entry, now_us, entry_ms = b"", 0, 0
        if event is not None:
            held_s = min(expires_s, PENDING_MAX_S)
            now_us, entry_ms = _us(event.at), held_s * 1000
            entry = str(now_us + held_s * 1_000_000).zfill(END_DIGITS).encode() + _encode(event)
        version, facts = (-1, b"") if fill is None else (fill.version, _encode(fill))
        answer = await self._ask(
            RESERVE,
            _borrower_key(borrower),
            seen_stamp,
            "" if event is None else contact,
            now_us,
            entry,
            entry_ms,
            version,
            facts,
            FACTS_MS,
        )
        return answer == 1

    async def fill_address(self, address: str, facts: AddressFacts) -> None:
        """Store an address's facts for at most 60 s, unless a higher version is here."""
        await self._ask(FILL_ADDRESS, _address_key(address), facts.version, _encode(facts), FACTS_MS)

    async def drop(self, borrower: str, contact: str) -> None:
        """Give back the place of a contact that was permitted, denied or cancelled, or that expired."""
        await self._ask(DROP, _borrower_key(borrower), FACTS_MS, f"p:{contact}")

    async def forget(self, borrower: str) -> None:
        """Forget a borrower's facts, because newer ones were written; places already taken stay taken."""
        await self._ask(DROP, _borrower_key(borrower), FACTS_MS, *FACT_FIELDS)

    async def forget_address(self, address: str) -> None:
        """Forget an address's facts, because newer ones were written."""
        await self._ask(DROP, _address_key(address), FACTS_MS, *FACT_FIELDS)

    async def _ask(self, script: Script, key: str, *arguments: bytes | str | float) -> object:
        try:
            return await self._batch.call(script, key, *arguments)
        except BrokenError as error:
            raise LedgerAway(str(error)) from error


def _borrower_key(token: str) -> str:
    return f"forbear:ledger:{{{token}}}"


def _address_key(token: str) -> str:
    return f"forbear:address:{{{token}}}"


def _us(at: datetime) -> int:
    return (at - EPOCH) // MICROSECOND


def _decoded(decoder: msgspec.msgpack.Decoder[T], blob: bytes | None) -> T | None:
    """Decode facts; a blob that cannot be read (another release wrote it) is a miss."""
    if blob is None:
        return None
    try:
        return decoder.decode(blob)
    except msgspec.DecodeError:
        return None


def _pending(entries: list[bytes], at: datetime) -> tuple[Event, ...]:
    now_us = _us(at)
    alive = (entry for entry in entries if int(entry[:END_DIGITS]) > now_us)
    return tuple(_event.decode(entry[END_DIGITS:]) for entry in alive)
