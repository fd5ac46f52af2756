"""The opened parts of one process, handed to every flow; nothing here opens, closes or decides anything."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from channels.base import Adapter, WebhookReader
from gateway.clock import Clock
from gateway.policy import PolicyKeeper
from gateway.providers import Route
from gateway.store.accepting import NewContact
from gateway.store.columns import FactSeen, InboundSeen, LeafOnly, Move, PermitWanted, ReceiptSeen, Settle
from gateway.store.creditors import Creditors
from gateway.store.facts import Identity, Whose
from gateway.store.pool import Pool
from gateway.store.reader import GatheredReader
from gateway.store.writer import GroupWriter
from gateway.vault import Randomness, Vault
from throttling.facts import BorrowerFacts
from throttling.ledger import Ledger
from throttling.pace import Pace

SKEW_MAX = timedelta(seconds=1)
"""How far the clocks of gateway and database may differ before nothing is permitted any more."""


class Hints(Protocol):
    """Hands ids of due contacts to some worker. A hint may be lost or doubled; the journal is the record."""

    async def hint(self, account: str, contacts: list[str]) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """What a process has open. Writers of statements the process never makes stay idle and cost nothing."""

    clock: Clock
    skew_max: timedelta
    random: Randomness
    vault: Vault
    policy: PolicyKeeper
    creditors: Creditors
    pool: Pool
    ledger: Ledger
    pace: Pace
    identities: GatheredReader[Whose, Identity]
    histories: GatheredReader[tuple[int, datetime], BorrowerFacts]
    accepting: GroupWriter[NewContact]
    permitting: GroupWriter[PermitWanted]
    moving: GroupWriter[Move]
    settling: GroupWriter[Settle]
    receiving: GroupWriter[ReceiptSeen]
    taking: GroupWriter[InboundSeen]
    facts: GroupWriter[FactSeen]
    leaves: GroupWriter[LeafOnly]
    routes: Mapping[str, Route]
    adapters: Mapping[str, Adapter]
    readers: Mapping[str, WebhookReader]
    redis_answers: Callable[[], Awaitable[bool]]
