"""Who calls: API keys verified against the database, and remembered for a few seconds so that most calls ask nobody."""

import asyncio
import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Final, Protocol

from gateway.keys import Caller, KeyRecord, KeyToken, parse_token, verify

REMEMBER_S: Final = 5.0
REMEMBERED_MAX: Final = 1_024


class KeyStore(Protocol):
    """Where keys are stored; `gateway.store.api_keys` is one."""

    async def find_key(self, key_id: str) -> KeyRecord | None:
        """Return the key's record, or None."""

    async def mark_used(self, key_id: str, at: datetime) -> None:
        """Note that the key was used, to the minute or so."""


class KeyRing:
    """Tells the caller behind a key. A revoked key works for at most `remember_s` seconds more in this process.

    Only successes are remembered, under the SHA-256 of the key, at most `remembered_max` of them. `now` is aware
    UTC; `monotonic_s` counts seconds and never goes back.
    """

    def __init__(
        self,
        store: KeyStore,
        *,
        now: Callable[[], datetime],
        monotonic_s: Callable[[], float],
        remember_s: float = REMEMBER_S,
        remembered_max: int = REMEMBERED_MAX,
    ) -> None:
        self._store, self._now, self._monotonic_s = store, now, monotonic_s
        self._remember_s, self._remembered_max = remember_s, remembered_max
        self._known: dict[bytes, tuple[Caller, float]] = {}
        self._asking: dict[bytes, asyncio.Task[Caller | None]] = {}

    def recall(self, text: str) -> Caller | None:
        """Return the caller if this very key was verified a moment ago."""
        found = self._known.get(_fingerprint(text))
        if found is None or found[1] <= self._monotonic_s():
            return None
        return found[0]

    async def authenticate(self, text: str) -> Caller | None:
        """Return the caller, or None for anything but a valid key. Raises what the store raises."""
        caller = self.recall(text)
        if caller is not None:
            return caller
        token = parse_token(text)
        if token is None:
            return None
        fingerprint = _fingerprint(text)
        asking = self._asking.get(fingerprint)
        if asking is None:
            # Callers that come together share one look-up, or a busy key would stampede every few seconds.
            asking = self._asking[fingerprint] = asyncio.create_task(self._look_up(token, fingerprint))
            asking.add_done_callback(lambda _: self._asking.pop(fingerprint, None))
        return await asyncio.shield(asking)

    async def _look_up(self, token: KeyToken, fingerprint: bytes) -> Caller | None:
        record = await self._store.find_key(token.id)
        at = self._now()
        caller = None if record is None else verify(token, record, at)
        if caller is None or record is None:
            self._known.pop(fingerprint, None)
            return None
        await self._store.mark_used(token.id, at)
        remember_s = self._remember_s
        if record.expires_at is not None:
            remember_s = min(remember_s, (record.expires_at - at).total_seconds())
        self._known.pop(fingerprint, None)
        while len(self._known) >= self._remembered_max:
            del self._known[next(iter(self._known))]
        self._known[fingerprint] = (caller, self._monotonic_s() + remember_s)
        return caller


def _fingerprint(text: str) -> bytes:
    """Hash the key, so that memory holds no key in clear and comparing takes no telling time."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()
