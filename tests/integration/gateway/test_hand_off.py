"""The hand-off on the real parts: decided again on fresh facts, sent at most once, repeated only where safe."""

import asyncio
from datetime import timedelta

import pytest

from audit.record import SALT_BYTES, commitment
from channels.base import Message, NotSent, Outcome, RefusalKind, Refused, Unknown, payload
from gateway.vault import WrappedKey
from tests.fakes.clock import MovedClock
from tests.fakes.scripted_adapter import ScriptedAdapter
from tests.gateway_world import PHONE, Gateway, open_gateway

TRANSIENT = Refused(kind=RefusalKind.TRANSIENT, code="throttled")
PERMANENT = Refused(kind=RefusalKind.PERMANENT, code="no-such-number")


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


async def test_the_intent_commits_to_what_was_sent(gateway: Gateway, adapter: ScriptedAdapter) -> None:
    """An intent's record holds the hash of salt and payload; both lie sealed, and that payload is what left."""
    answer = await gateway.accept()
    await gateway.hand_off(answer.id)
    row = await gateway.owner.fetchrow(
        """SELECT a.id, a.payload, b.subject, k.version, k.wrapped FROM attempt a
             JOIN borrower b ON b.id = a.borrower_id JOIN borrower_key k ON k.borrower_id = b.id"""
    )
    wrapped = WrappedKey(version=row["version"], blob=row["wrapped"])
    key = gateway.rt.vault.open_borrower_key("acme", row["subject"], wrapped)
    opened = key.open("attempt.payload", row["id"], row["payload"])
    salt, sent = opened[:SALT_BYTES], opened[SALT_BYTES:]
    intent = (await gateway.leaves(answer.id))[1]
    assert sent == payload(adapter.sent[0])
    assert intent.commitment == commitment(salt, sent)
    assert intent.attempt == row["id"]


@pytest.mark.parametrize("outcome", [NotSent(reason="refused"), TRANSIENT])
async def test_a_try_that_came_to_nothing_is_repeated_three_times(
    gateway: Gateway, adapter: ScriptedAdapter, clock: MovedClock, outcome: Outcome
) -> None:
    """After 30 s, 2 min and 10 min a new attempt is decided; if the fourth comes to nothing too, the contact failed."""
    answer = await gateway.accept()
    adapter.outcomes.extend([outcome] * 4)
    for wait_s in (30, 120, 600):
        assert await gateway.hand_off(answer.id) == 1
        assert await gateway.state(answer.id) == "queued"
        assert (await gateway.get(answer.id)).due_at == clock.now() + timedelta(seconds=wait_s)
        assert await gateway.counted() == 0
        clock.move(timedelta(seconds=wait_s - 1))
        assert await gateway.hand_off(answer.id) == 0
        clock.move(timedelta(seconds=1))
    assert await gateway.hand_off(answer.id) == 1
    assert await gateway.state(answer.id) == "failed"
    assert await gateway.counted() == 0
    clock.move(timedelta(hours=1))
    assert await gateway.hand_off(answer.id) == 0


async def test_no_new_try_after_expiry(gateway: Gateway, adapter: ScriptedAdapter, clock: MovedClock) -> None:
    """A contact that would be tried again only after it expires has failed."""
    answer = await gateway.accept(expires_at=(clock.now() + timedelta(seconds=30)).isoformat())
    adapter.outcomes.append(NotSent(reason="refused"))
    await gateway.hand_off(answer.id)
    assert await gateway.state(answer.id) == "failed"


async def test_a_permanent_refusal_ends_the_contact(gateway: Gateway, adapter: ScriptedAdapter) -> None:
    """What a provider will never take is not tried again, and gives its place back: nobody was reached."""
    answer = await gateway.accept()
    adapter.outcomes.append(PERMANENT)
    await gateway.hand_off(answer.id)
    assert await gateway.state(answer.id) == "failed"
    assert await gateway.counted() == 0
    assert (await gateway.get(answer.id)).attempts[0].code == "permanent:no-such-number"


@pytest.mark.parametrize("outcome", [Unknown(reason="answer-lost"), RuntimeError("a bug in an adapter")])
async def test_unknown_is_never_sent_again(
    gateway: Gateway, adapter: ScriptedAdapter, clock: MovedClock, outcome: Outcome | Exception
) -> None:
    """A message that may have left keeps its place and is not repeated, whatever goes wrong in the adapter."""
    answer = await gateway.accept()
    adapter.outcomes.append(outcome)
    await gateway.hand_off(answer.id)
    assert await gateway.state(answer.id) == "unknown"
    assert await gateway.counted() == 1
    clock.move(timedelta(hours=1))
    await gateway.sweep()
    assert await gateway.hand_off(answer.id) == 0
    assert len(adapter.sent) == 1


async def test_a_dead_lease_sends_nothing(
    gateway: Gateway, adapter: ScriptedAdapter, clock: MovedClock
) -> None:
    """A worker that was frozen for the two seconds of its lease does not send; the contact waits for another try."""

    async def freeze(_message: Message) -> None:
        clock.move(timedelta(seconds=2))

    adapter.before = freeze
    answer = await gateway.accept()
    await gateway.hand_off(answer.id)
    assert adapter.sent == []
    assert await gateway.attempts(answer.id) == ["not_sent"]
    assert await gateway.state(answer.id) == "queued"


async def test_a_wall_clock_set_back_does_not_lengthen_the_lease(
    gateway: Gateway, adapter: ScriptedAdapter, clock: MovedClock
) -> None:
    """The lease is measured by the time since boot: setting the wall clock back by an hour buys nothing."""

    async def freeze(_message: Message) -> None:
        clock.move(timedelta(seconds=2))
        clock.jump(timedelta(hours=-1))

    adapter.before = freeze
    answer = await gateway.accept()
    await gateway.hand_off(answer.id)
    assert adapter.sent == []


async def test_the_lease_ends_with_the_allowed_hours(
    gateway: Gateway, adapter: ScriptedAdapter, clock: MovedClock
) -> None:
    """A permit given a second before the hours close is over when they close."""
    clock.move_to(clock.now().replace(hour=0, minute=59, second=59) + timedelta(days=1))
    answer = await gateway.accept()
    assert answer.status == "queued"

    async def freeze(_message: Message) -> None:
        clock.move(timedelta(seconds=1))

    adapter.before = freeze
    assert await gateway.hand_off(answer.id) == 1
    assert adapter.sent == []


async def test_hours_that_close_in_between_defer(
    gateway: Gateway, adapter: ScriptedAdapter, clock: MovedClock
) -> None:
    """A contact accepted in time but handed over after closing waits for the next morning, and is sent once then."""
    clock.move_to(clock.now().replace(hour=0, minute=59) + timedelta(days=1))
    answer = await gateway.accept()
    assert answer.status == "queued"
    clock.move(timedelta(minutes=2))
    assert await gateway.hand_off(answer.id) == 0
    later = await gateway.get(answer.id)
    assert later.status == "scheduled"
    assert later.due_at == clock.now().replace(hour=14, minute=0)
    assert later.decision is not None
    assert later.decision.code == "outside-hours"
    clock.move_to(later.due_at)
    assert await gateway.hand_off(answer.id) == 1
    assert await gateway.story(answer.id) == ["queued", "scheduled", "dispatching", "sent"]
    assert len(adapter.sent) == 1


async def test_a_stop_in_between_denies(gateway: Gateway, adapter: ScriptedAdapter) -> None:
    """A person who says STOP is not contacted, even if a send was already queued."""
    answer = await gateway.accept()
    await gateway.reply("STOP")
    assert await gateway.hand_off(answer.id) == 0
    denied = await gateway.get(answer.id)
    assert (denied.status, denied.code) == ("denied", "suppressed-address")
    assert adapter.sent == []
    assert await gateway.story(answer.id) == ["queued", "denied"]


async def test_an_expired_contact_never_leaves(
    gateway: Gateway, adapter: ScriptedAdapter, clock: MovedClock
) -> None:
    """A contact that waited past its expiry ends, whoever comes first, the hand-off or the sweep."""
    expires = (clock.now() + timedelta(minutes=5)).isoformat()
    handed = await gateway.accept(expires_at=expires)
    swept = await gateway.accept(expires_at=expires, borrower="B-2", address="+12025550144")
    clock.move(timedelta(minutes=5))
    assert await gateway.hand_off(handed.id) == 0
    assert await gateway.state(handed.id) == "expired"
    await gateway.sweep()
    assert await gateway.state(swept.id) == "expired"
    assert adapter.sent == []
    assert await gateway.story(swept.id) == ["queued", "expired"]


async def test_an_erased_person_is_not_contacted(gateway: Gateway, adapter: ScriptedAdapter) -> None:
    """Whoever was erased between acceptance and hand-off gets nothing: the contact cannot even be opened."""
    answer = await gateway.accept()
    await gateway.owner.execute("DELETE FROM borrower_key")
    assert await gateway.hand_off(answer.id) == 0
    assert await gateway.state(answer.id) == "denied"
    assert (await gateway.leaves(answer.id))[-1].code == "erased"
    assert adapter.sent == []
    gone = await gateway.get(answer.id)
    assert gone.decision is None


async def test_contacts_of_one_person_in_a_group_see_each_other(
    gateway: Gateway, adapter: ScriptedAdapter
) -> None:
    """Of four contacts of one person handed over together no more leave than a cap of two a day lets."""
    ways = (("sms", PHONE), ("email", "b1@example.com"), ("email", "b2@example.com"), ("sms", "+12025550144"))
    ids = [(await gateway.accept(channel=channel, address=address)).id for channel, address in ways]
    # As after an emptied Redis: all were accepted while nothing counted.
    await gateway.owner.execute("UPDATE contact SET state = 'queued', due_at = $1", gateway.clock.now())
    assert await gateway.hand_off(*ids) == 2
    assert len(adapter.sent) == 2
    states = [await gateway.state(one) for one in ids]
    assert sorted(states) == ["scheduled", "scheduled", "sent", "sent"]


async def test_two_workers_one_contact(gateway: Gateway, adapter: ScriptedAdapter, clock: MovedClock) -> None:
    """A hint that two workers got at once leads to one message."""
    answer = await gateway.accept()
    async with open_gateway(gateway.site, clock, adapter) as other:
        given = await asyncio.gather(*(one.hand_off(answer.id) for one in (gateway, other, gateway, other)))
    assert sum(given) == 1
    assert len(adapter.sent) == 1


async def test_a_text_that_is_known_no_more_is_not_replaced(
    gateway: Gateway, adapter: ScriptedAdapter
) -> None:
    """A contact keeps the version of its text; where that is gone it is denied, never given another."""
    answer = await gateway.accept()
    await gateway.owner.execute("UPDATE contact SET template = sha256('another')")
    assert await gateway.hand_off(answer.id) == 0
    assert await gateway.state(answer.id) == "denied"
    assert (await gateway.leaves(answer.id))[-1].code == "template-gone"
