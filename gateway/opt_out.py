"""Opt-outs: written at once, complete only when no message they forbid can leave any more.

STOP knows an address, not a person: the suppression lies on the address row, where every permit must look, whoever's
borrower it is for. Who answers a message from elsewhere closes both, the address it came from and the one it went to.
After its commit no permit is given; those given before live two seconds at most, and the completion waits for them.
"""

import asyncio
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

import msgspec

from channels.base import Inbound
from gateway import fact_leaves, metrics
from gateway.address import KIND_OF, Address, AddressFault, parse_address
from gateway.ids import new_id
from gateway.lease import LEASE
from gateway.logs import get_logger
from gateway.replies import Meaning, meaning_of
from gateway.runtime import Runtime
from gateway.store.codes import Taking
from gateway.store.columns import FactSeen, InboundSeen, LeafOnly
from gateway.store.handing import Handing
from gateway.store.opt_outs import Answered, answered_contact
from gateway.told import as_uuid
from throttling.facts import Channel

LOOK_EVERY_S: Final = 0.01
GIVE_UP_S: Final = LEASE.total_seconds() + 2.0  # the lease, and a second of skew on either side

log = get_logger()


class Stopping(msgspec.Struct, frozen=True, kw_only=True):
    """An opt-out that is written and still to be completed.

    `addresses` are the tokens of the addresses it closes, `creditor` is in whose log it stands ("": the system's).
    """

    optout: UUID
    creditor: str
    addresses: tuple[bytes, ...]
    since: datetime


class Live(Protocol):
    """Counts the permits that an opt-out forbids and that may still be used."""

    async def __call__(self) -> int: ...


async def take_inbound(rt: Runtime, message: Inbound) -> Stopping | None:
    """Store what a person sent us, and the suppression it asks for; then the provider may be told that we have it.

    Returns the opt-out that is still to be completed, or None. Raises StoreAway and StoreBusy: the provider repeats.
    """
    at = rt.clock.now()
    address = _sender(message)
    token = rt.vault.address_index(address.kind, address.text)
    meaning = meaning_of(message.text)
    attempt = None if message.in_reply_to is None else as_uuid(message.in_reply_to)
    answers = await answered_contact(rt.pool, token, message.account, attempt)
    if answers is not None:
        await rt.creditors.find(answers.creditor)
    stop = new_id(at, rt.random) if meaning is Meaning.STOP else None
    code = Taking(await rt.taking.write(_seen(rt, message, token, meaning, answers, stop, at)))
    metrics.inbound.labels(account=message.account, meaning=meaning.value).inc()
    if stop is None or code is not Taking.TAKEN:
        return None
    return Stopping(
        optout=stop,
        creditor="" if answers is None else answers.creditor,
        addresses=(token,) if answers is None else (token, answers.address),
        since=at,
    )


async def believe_provider(rt: Runtime, contact: Handing, at: datetime) -> None:
    """Close an address whose person, the provider says, has opted out there: we may never have seen their STOP.

    Raises StoreAway, StoreBusy and StoreRefused.
    """
    optout = new_id(at, rt.random)
    await rt.facts.write(
        FactSeen(
            table="suppression",
            act="add",
            id=optout,
            at=at,
            since=at,
            creditor=None,
            log=contact.creditor,
            kind="optout.received",
            leaf=fact_leaves.opted_out(
                optout,
                scope="address",
                channel=contact.channel,
                creditor=None,
                subject=contact.subject,
                contact=contact.id,
                source="provider",
                at=at,
            ),
            scope="address",
            source="provider",
            address=contact.address,
        )
    )


def _sender(message: Inbound) -> Address:
    """The address that a message came from. Some providers leave the plus away, and a STOP must not be lost for it."""
    channel = Channel(message.channel.value)
    for text in (message.sender, f"+{message.sender.strip()}"):
        address = parse_address(channel, text)
        if not isinstance(address, AddressFault):
            return address
    log.warning("inbound.no_address", account=message.account, event_id=message.event_id)
    return Address(kind=KIND_OF[channel], text=message.sender)


async def complete(
    rt: Runtime, optout: UUID, creditor: str, since: datetime, *, until_free: Live
) -> datetime:
    """Wait until no permit from before is live, write that down, and say when that was."""
    began_s = rt.clock.boottime_s()
    while await until_free():
        if rt.clock.boottime_s() - began_s > GIVE_UP_S:
            break  # a lease of two seconds is over by now, whatever its row says; the sweep has not come by yet
        await asyncio.sleep(LOOK_EVERY_S)
    at = rt.clock.now()
    metrics.opt_out_seconds.observe((at - since).total_seconds())
    await rt.leaves.write(
        LeafOnly(
            creditor=creditor,
            at=at,
            kind="optout.completed",
            contact=None,
            leaf=fact_leaves.opt_out_completed(optout, at),
        )
    )
    return at


def _seen(
    rt: Runtime,
    message: Inbound,
    token: bytes,
    meaning: Meaning,
    answers: Answered | None,
    stop: UUID | None,
    at: datetime,
) -> InboundSeen:
    sealed = None
    if answers is not None and answers.wrapped is not None and rt.vault.has_tenant(answers.creditor):
        key = rt.vault.open_borrower_key(answers.creditor, answers.subject, answers.wrapped)
        sealed = key.seal("inbound.text", answers.contact, message.text.encode())
    leaf = (
        ()
        if stop is None
        else (
            fact_leaves.opted_out(
                stop,
                scope="address",
                channel=message.channel.value,
                creditor=None,
                subject=answers.subject if answers else None,
                contact=answers.contact if answers else None,
                source="reply",
                at=at,
            ),
        )
    )
    return InboundSeen(
        account=message.account,
        event_id=message.event_id,
        channel=message.channel.value,
        address=token,
        answered=answers.address if answers else None,
        contact=answers.contact if answers else None,
        meaning=meaning.value,
        sealed=sealed,
        at=at,
        suppression=stop,
        source="reply",
        creditors=(answers.creditor if answers else "",) if leaf else (),
        kinds=("optout.received",) if leaf else (),
        leaves=leaf,
    )
