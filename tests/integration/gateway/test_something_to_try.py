"""The demo prints a request that is allowed and one that is deferred, whenever it is started."""

from datetime import UTC, datetime, timedelta
from random import Random

import msgspec
import pytest

from gateway.answers import DecisionBody
from gateway.demo.tries import one_everywhere
from gateway.wire import HypotheticalFacts
from tests.gateway_world import ACME, Gateway

WINTER, SUMMER = datetime(2026, 12, 20, tzinfo=UTC), datetime(2026, 7, 3, tzinfo=UTC)
LASTS = timedelta(minutes=30)


@pytest.mark.parametrize("day", [WINTER, SUMMER], ids=["winter", "summer"])
async def test_there_is_always_day_and_night_somewhere(gateway: Gateway, day: datetime) -> None:
    """At every half hour of a day somebody may be written to for half an hour more, and somebody else may not yet."""
    requests = [msgspec.structs.replace(each, creditor=ACME) for each in one_everywhere(Random(1), "t")]
    for half_hours in range(48):
        at = day + timedelta(minutes=30 * half_hours)
        decided = [
            await gateway.service.decide(gateway.caller, each, at=at, packs=None, facts=HypotheticalFacts())
            for each in requests
        ]
        bodies = [body for body in decided if isinstance(body, DecisionBody)]
        assert len(bodies) == len(requests)
        lasting = [body.verdict.value for body in bodies if (body.until or body.valid_until) - at >= LASTS]
        assert {"allow", "defer"} <= set(lasting), at
