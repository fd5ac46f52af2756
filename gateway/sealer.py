"""The sealer: every second it recomputes what was written, seals it, and stops sending if anything does not fit.

It runs as its own process with its own database role, its own key and its own memory, which is a file outside
PostgreSQL. Order of a round: read, recompute, save the new state with the signed seal, then show the seal. A crash
between the last two is made good by the next round, which finds the database one seal behind the file.
"""

import asyncio
import secrets
from collections.abc import Callable
from pathlib import Path

import msgspec

from audit import tlog
from audit.checkpoint import CheckpointError, Signer, open_checkpoint
from audit.record import micros
from audit.seal import ROOT_LOG, adopt, advance, is_behind, make_seal, plan
from audit.seal_values import Head, Mismatch, Reason, Seal, SealerState
from gateway.clock import Clock
from gateway.errors import StoreAway
from gateway.ids import new_id
from gateway.logs import Logger
from gateway.seal_state import SealStateError, StateFile, hold_state_file
from gateway.store.seals import SealStore, StoredSeal, open_seal_store

RECORDS_PER_ROUND = 5_000
RETRY_S = 1.0  # between two tries to reach the database


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What one round came to: the state to go on with, and what was found wrong, if anything."""

    state: SealerState | None
    mismatch: Mismatch | None = None
    behind: bool = False


class Sealer:
    """Seals one database's logs, round by round."""

    def __init__(
        self,
        file: StateFile,
        signer: Signer,
        *,
        clock: Clock,
        log: Logger,
        interval_s: float = 1.0,
        random: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._file, self._signer, self._clock, self._log = file, signer, clock, log
        self._interval_s, self._random = interval_s, random
        self._state = file.load()
        self._sealed_at_s: float | None = None
        if self._state is not None and self._state.origin != signer.name:
            raise SealStateError(
                f"{file.path} belongs to the log {self._state.origin} and the key to {signer.name}. Use the key that"
                " belongs to it: a log is signed by one name for ever."
            )

    async def round(self, store: SealStore) -> Outcome:
        """Read once, believe it or not, and seal. Raises StoreAway."""
        found = await self._resume(store)
        if isinstance(found, Mismatch):
            return await self._refuse(store, found)
        heads = await store.heads()
        if found is None:
            found = self._begin(heads)
        spans = plan(found, heads, records_max=RECORDS_PER_ROUND)
        grown = advance(found, [await store.read(span) for span in spans])
        if isinstance(grown, Mismatch):
            return await self._refuse(store, grown)
        behind = is_behind(spans)
        now_s = self._clock.boottime_s()
        due = self._sealed_at_s is None or now_s - self._sealed_at_s >= self._interval_s
        if due or not behind:
            grown = make_seal(grown, ts=micros(self._clock.now()), sign=self._signer.sign)
            self._file.save(grown)
            self._sealed_at_s = now_s
        self._state = grown
        if grown.last is not None and (due or not behind) and not await store.write(grown.last):
            # Somebody else has taken the number: two sealers on one database.
            return await self._refuse(store, self._differs(grown.last.n))
        return Outcome(state=grown, behind=behind)

    async def adopt(self, store: SealStore) -> Mismatch | None:
        """Begin a new state file from the seals in the database, because the old file is lost. None: done.

        Raises SealStateError when there is a state file, or nothing to adopt.
        """
        last = await store.last_seal()
        if self._state is not None or last is None:
            raise SealStateError(f"there is nothing to adopt: {self._file.path} exists, or no seal does.")
        seals = tlog.Range()
        async for first, bodies in store.seal_bodies():
            if first != seals.size:
                break
            seals = tlog.extend(seals, map(tlog.leaf_hash, bodies))
        try:
            signed = open_checkpoint(last.checkpoint, self._signer.verifier)
        except CheckpointError:
            return self._differs(last.n)
        if (signed.size, signed.root) != (seals.size, tlog.root(seals)):
            return self._differs(last.n)
        seal = Seal(n=last.n, ts=last.ts, body=last.body, checkpoint=last.checkpoint, heads={})
        state = adopt(self._signer.name, seals, seal, await store.sealed_heads())
        if isinstance(state, Mismatch):
            return state
        self._file.save(state)
        self._state = state
        self._log.warning("sealer.adopted", seal=last.n)
        return None

    async def _resume(self, store: SealStore) -> SealerState | Mismatch | None:
        """Our state, once the database's seals agree with it; None when neither has any."""
        stored, state = await store.last_seal(), self._state
        if state is None or state.last is None:
            if stored is None:
                return state
            return Mismatch(log=ROOT_LOG, index=stored.n, reason=Reason.STATE_LOST)
        last = state.last
        if stored is not None and stored.n == last.n:
            return state if _same(stored, last) else self._differs(last.n)
        if last.n == (0 if stored is None else stored.n + 1):
            # The file was saved and the seal not shown: a crash, or a database that was away.
            return state if await store.write(last) else self._differs(last.n)
        reason = Reason.SEALS_MISSING if stored is None or stored.n < last.n else Reason.STATE_LOST
        return Mismatch(log=ROOT_LOG, index=last.n, reason=reason)

    def _begin(self, heads: list[Head]) -> SealerState:
        count = sum(head.size for head in heads)
        if count:
            self._log.warning("sealer.first_start_on_existing_log", count=count)
        return SealerState(origin=self._signer.name)

    def _differs(self, n: int) -> Mismatch:
        return Mismatch(log=ROOT_LOG, index=n, reason=Reason.SEALS_DIFFER)

    async def _refuse(self, store: SealStore, mismatch: Mismatch) -> Outcome:
        where = "" if mismatch.index is None else f" at {mismatch.index}"
        self._log.critical(
            "sealer.refused", log=mismatch.log, index=mismatch.index, reason=mismatch.reason.value
        )
        flag = new_id(self._clock.now(), self._random)
        await store.stop_sending(flag, f"{mismatch.reason.value} in {mismatch.log}{where}")
        return Outcome(state=self._state, mismatch=mismatch)


async def run_sealer(
    dsn: str,
    state_file: Path,
    signer: Signer,
    *,
    clock: Clock,
    log: Logger,
    stop: asyncio.Event,
    interval_s: float = 1.0,
    adopt_seals: bool = False,
) -> None:
    """Seal every `interval_s` seconds, also when nothing was written, until `stop` is set.

    A database that is away is waited for. A mismatch stops sending and is looked at again each round: the sealer never
    signs over it. Raises SealStateError when it cannot start, and StoreRefused when its role lacks a right.
    """
    with hold_state_file(state_file) as file:
        sealer = Sealer(file, signer, clock=clock, log=log, interval_s=interval_s)
        while not stop.is_set():
            try:
                async with open_seal_store(dsn) as store:
                    if adopt_seals:
                        await _adopt(sealer, store)
                        adopt_seals = False
                    await _rounds(sealer, store, stop, clock=clock, interval_s=interval_s)
            except StoreAway:
                log.warning("sealer.store_away")
                await _pause(stop, RETRY_S)


async def _adopt(sealer: Sealer, store: SealStore) -> None:
    mismatch = await sealer.adopt(store)
    if mismatch is not None:
        raise SealStateError(
            f"the seals in the database cannot be adopted ({mismatch.reason.value}, seal {mismatch.index})."
            " Somebody has changed them; keep this database as it is and compare it with a backup."
        )


async def _rounds(
    sealer: Sealer, store: SealStore, stop: asyncio.Event, *, clock: Clock, interval_s: float
) -> None:
    while not stop.is_set():
        began_s = clock.boottime_s()
        outcome = await sealer.round(store)
        if outcome.mismatch is not None or not outcome.behind:
            await _pause(stop, interval_s - (clock.boottime_s() - began_s))


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    """Sleep, but wake up at once to stop."""
    try:
        async with asyncio.timeout(max(0.0, seconds)):
            await stop.wait()
    except TimeoutError:
        return


def _same(stored: StoredSeal, last: Seal) -> bool:
    return (stored.body, stored.checkpoint) == (last.body, last.checkpoint)
