"""One contact on its way out: accepted, decided again, permitted, sent once, and told of in the log."""

from tests.fakes.scripted_adapter import ScriptedAdapter
from tests.gateway_world import Gateway


async def test_an_allowed_contact_is_sent_once(gateway: Gateway, adapter: ScriptedAdapter) -> None:
    """A contact that is allowed leaves once, and every state it entered has its record."""
    answer = await gateway.accept()
    assert answer.status == "queued"
    assert await gateway.hand_off(answer.id) == 1
    assert await gateway.hand_off(answer.id) == 0
    assert len(adapter.sent) == 1
    assert await gateway.state(answer.id) == "sent"
    assert await gateway.attempts(answer.id) == ["submitted"]
    assert await gateway.story(answer.id) == ["queued", "dispatching", "sent"]
