"""Following the changes feed from now on, without reading what was before."""

from gateway.answers import ChangesAnswer
from tests.gateway_world import ACME, Gateway


async def test_latest_is_the_cursor_of_what_comes_next(gateway: Gateway) -> None:
    """A new follower asks with `latest`, then misses nothing and reads nothing old."""
    await gateway.accept()
    latest = await gateway.service.changes(gateway.caller, ACME, "latest", 100)
    assert isinstance(latest, ChangesAnswer)
    assert latest.items == ()
    second = await gateway.accept(borrower="B-2", address="+12025550144")
    after = await gateway.service.changes(gateway.caller, ACME, latest.next, 100)
    assert isinstance(after, ChangesAnswer)
    assert [(item.contact, item.state) for item in after.items] == [(second.id, "queued")]
