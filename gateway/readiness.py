"""Whether this process should be given traffic, and which check says no."""

from datetime import timedelta
from typing import Final

from gateway.answers import Readiness, ReadinessCheck
from gateway.runtime import Runtime
from gateway.store.faults import AWAY
from gateway.store.standing import find_standing

SEAL_AGE_MAX: Final = timedelta(seconds=60)


async def check_readiness(rt: Runtime) -> Readiness:
    """Ask everything the gateway needs. Redis away is told but not fatal: acceptance decides from PostgreSQL."""
    checks = [*await _database_checks(rt), ReadinessCheck(name="redis", ok=await rt.redis_answers())]
    fatal = [check for check in checks if not check.ok and check.name != "redis"]
    return Readiness(ready=not fatal, checks=tuple(checks))


async def _database_checks(rt: Runtime) -> list[ReadinessCheck]:
    try:
        found = await find_standing(rt.pool)
    except AWAY as fault:
        return [ReadinessCheck(name="database", ok=False, detail=type(fault).__name__)]
    same_policy = found.policy == rt.policy.current().hash
    age = None if found.sealed_at is None else rt.clock.now() - found.sealed_at
    return [
        ReadinessCheck(name="database", ok=True),
        ReadinessCheck(
            name="policy",
            ok=same_policy,
            detail=None if same_policy else "another policy was activated",
        ),
        # Acceptance goes on without a sealer: what is written now is sealed when it comes back.
        ReadinessCheck(
            name="sealer",
            ok=True,
            detail=None
            if age is not None and age < SEAL_AGE_MAX
            else "no seal for a minute; start `forbear seal`",
        ),
        ReadinessCheck(
            name="sending", ok=True, detail=f"{found.stops} stop flags are set" if found.stops else None
        ),
    ]
