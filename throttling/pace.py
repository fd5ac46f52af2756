"""How fast a provider account may be called: a token bucket in Redis, by Redis's own clock.

A pace protects the provider and may wait; a cap protects the person and refuses. The two never mix: a slot taken here
says nothing about whether anybody may be contacted.
"""

from redis.exceptions import NoScriptError, RedisError

from throttling.batch import Batch, BrokenError, Client, Script, read_script

TAKE = read_script("pace_take.lua")
GIVE_BACK = read_script("pace_give_back.lua")


class PaceAway(Exception):  # noqa: N818 - a state of the world, in the words of the caller
    """The pace is unknown. The caller waits and sends nothing: an unpaced burst may cost the account."""


class Pace:
    """Slots of provider accounts over a redis.asyncio client; shared by every process that uses the same Redis."""

    def __init__(self, client: Client, *, timeout_s: float = 0.5) -> None:
        self._batch = Batch(client, timeout_s=timeout_s, broken=(RedisError,), no_script=NoScriptError)

    async def take(self, account: str, want: int, *, rate_per_s: float, burst: int) -> int:
        """Take up to `want` slots and return how many were granted (0 to `want`); never waits for more.

        Over any stretch of t seconds at most `burst + rate_per_s * t` slots are granted. A rate or burst of 0 grants
        nothing. Raises PaceAway if Redis does not answer.
        """
        if want <= 0 or burst <= 0 or rate_per_s <= 0:
            return 0
        granted = await self._ask(TAKE, account, want, rate_per_s, burst)
        if not isinstance(granted, int) or not 0 <= granted <= want:
            raise PaceAway("the pace answered nonsense")
        return granted

    async def give_back(self, account: str, slots: int) -> None:
        """Return slots that were taken and not used."""
        if slots > 0:
            await self._ask(GIVE_BACK, account, slots)

    async def _ask(self, script: Script, account: str, *arguments: float) -> object:
        try:
            return await self._batch.call(script, f"forbear:pace:{{{account}}}", *arguments)
        except BrokenError as error:
            raise PaceAway(str(error)) from error
