"""What a stranger found who tried to break the promises of the hand-off: each case is a way in that is closed."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
import pytest

from channels.base import Message, NotSent, ReceiptStatus, RefusalKind, Refused
from channels.sandbox_wire import ReceiptEvent
from gateway.accept import accept
from gateway.answers import OptOutAnswer
from gateway.errors import StoreRefused
from gateway.flows import Accepted, Invalid, WebhookTaken
from gateway.replies import Meaning, meaning_of
from gateway.store.columns import LeafOnly
from gateway.store.opt_outs import live_permits
from gateway.vault import WrappedKey
from gateway.wire import BatchItem, OptOutRequest, RestrictionKind, RestrictionRequest
from tests.fakes.clock import MovedClock
from tests.fakes.scripted_adapter import ScriptedAdapter
from tests.gateway_world import OTHER, PHONE, Gateway, open_gateway, request_body
from throttling.facts import Channel, SuppressionScope

SECOND = "+12025550144"
CALL: dict[str, Any] = {
    "channel": "voice",
    "variables": {"creditor": "Acme", "borrower": "Ana", "agent": "Sam", "help_phone": "+18005550100"},
}
# fmt: off
DRESSED = (
    "stop-", "-STOP-", "_stop_", "opt_out", "stop-sending", "请停止发送", "停止发送", "拒收", "Do not contact me again",
    "don't text me", "Leave me alone!", "no more messages please", "Don\u2019t call",
)
# fmt: on


async def sent(gateway: Gateway, **changes: Any) -> str:
    """The id of a contact that was sent."""
    answer = await gateway.accept(**changes)
    assert await gateway.hand_off(answer.id) == 1
    return answer.id


async def test_a_contact_from_a_batch_leaves_like_any_other(gateway: Gateway) -> None:
    """An item of a batch is stored as a request and can be opened again when its turn comes."""
    raw = msgspec.json.encode(request_body() | {"idempotency_key": "item-1"})
    item = msgspec.json.decode(raw, type=BatchItem)
    taken = await accept(gateway.rt, gateway.caller, item, idempotency_key="item-1", raw=raw)
    assert isinstance(taken, Accepted)
    assert await gateway.hand_off(taken.answer.id) == 1
    assert (await gateway.get(taken.answer.id)).decision is not None


async def test_one_contact_that_cannot_be_opened_holds_up_nobody(gateway: Gateway) -> None:
    """A stored request that cannot be read is denied; the others of its group leave."""
    broken = await gateway.accept(borrower="B-7", address=SECOND)
    good = await gateway.accept()
    row = await gateway.owner.fetchrow(
        """SELECT c.id, b.subject, k.version, k.wrapped FROM contact c JOIN borrower b ON b.id = c.borrower_id
             JOIN borrower_key k ON k.borrower_id = b.id WHERE c.id = $1""",
        UUID(broken.id),
    )
    key = gateway.rt.vault.open_borrower_key(
        "acme", row["subject"], WrappedKey(version=row["version"], blob=row["wrapped"])
    )
    sealed = key.seal("contact.request", row["id"], b'{"an older release": "wrote this"}')
    await gateway.owner.execute("UPDATE contact SET request = $2 WHERE id = $1", row["id"], sealed)
    assert await gateway.hand_off(broken.id, good.id) == 1
    assert await gateway.state(broken.id) == "denied"
    assert await gateway.state(good.id) == "sent"


async def test_one_creditor_whose_key_is_broken_holds_up_nobody(
    gateway: Gateway, adapter: ScriptedAdapter, clock: MovedClock
) -> None:
    """A creditor's key that does not open leaves that creditor's contacts waiting and nobody else's."""
    theirs = await gateway.accept(creditor=OTHER, borrower="B-7", address=SECOND)
    mine = await gateway.accept()
    await gateway.owner.execute("UPDATE creditor SET tenant_key = 'x' WHERE id = $1", OTHER)
    async with open_gateway(gateway.site, clock, adapter) as fresh:
        assert await fresh.hand_off(theirs.id, mine.id) == 1
    assert await gateway.state(mine.id) == "sent"
    assert await gateway.state(theirs.id) == "queued"


async def test_an_address_row_that_was_swapped_sends_nothing(
    gateway: Gateway, adapter: ScriptedAdapter
) -> None:
    """Suppressions are looked up by the row's address: where the sealed request names another, nothing leaves."""
    answer = await gateway.accept()
    other = await gateway.accept(borrower="B-7", address=SECOND)
    await gateway.owner.execute(
        "UPDATE contact SET address = (SELECT address FROM contact WHERE id = $2) WHERE id = $1",
        UUID(answer.id),
        UUID(other.id),
    )
    assert await gateway.hand_off(answer.id) == 0
    assert await gateway.state(answer.id) == "denied"
    assert adapter.sent == []


async def test_the_lease_ends_when_the_contact_expires(
    gateway: Gateway, adapter: ScriptedAdapter, clock: MovedClock
) -> None:
    """What expires in a second is not sent a second and a half from now."""
    answer = await gateway.accept(expires_at=(clock.now() + timedelta(seconds=1)).isoformat())

    async def freeze(_message: Message) -> None:
        clock.move(timedelta(seconds=1.5))

    adapter.before = freeze
    await gateway.hand_off(answer.id)
    assert adapter.sent == []


async def test_a_provider_that_knows_of_an_opt_out_is_believed(
    gateway: Gateway, adapter: ScriptedAdapter
) -> None:
    """A refusal because the person opted out at the provider closes the address, for every channel and creditor."""
    answer = await gateway.accept()
    adapter.outcomes.append(Refused(kind=RefusalKind.CONSENT, code="OPTOUT"))
    await gateway.hand_off(answer.id)
    assert await gateway.state(answer.id) == "failed"
    for changes in ({}, CALL, {"creditor": OTHER, "borrower": "B-9"}):
        again = await gateway.accept(**changes)
        assert (again.status, again.code) == ("denied", "suppressed-address")


async def test_a_stop_closes_the_address_that_was_written_to(gateway: Gateway) -> None:
    """Who answers a message from another mailbox means the message: the address it went to is closed as well."""
    contact = await sent(gateway, channel="email", address="ann+bank@example.com")
    attempt = await gateway.owner.fetchval("SELECT id FROM attempt WHERE contact_id = $1", UUID(contact))
    await gateway.reply("STOP", channel="email", sender="ann@example.com", to=str(attempt))
    for address in ("ann+bank@example.com", "ann@example.com"):
        again = await gateway.accept(channel="email", address=address, borrower="B-8")
        assert (again.status, again.code) == ("denied", "suppressed-address")


async def test_a_stop_from_an_odd_sender_closes_the_address_that_was_written_to(gateway: Gateway) -> None:
    """A provider that writes numbers in its own way cannot make a STOP go nowhere."""
    contact = await sent(gateway)
    attempt = await gateway.owner.fetchval("SELECT id FROM attempt WHERE contact_id = $1", UUID(contact))
    await gateway.reply("STOP", sender=PHONE.removeprefix("+"), to=str(attempt))
    again = await gateway.accept()
    assert (again.status, again.code) == ("denied", "suppressed-address")


async def test_a_stop_is_heard_even_under_a_used_event_id(gateway: Gateway) -> None:
    """A provider that gives two messages one id does not make us deaf to the second, if that is a STOP."""
    await gateway.reply("thanks", event="e-same")
    await gateway.reply("STOP", event="e-same")
    again = await gateway.accept()
    assert (again.status, again.code) == ("denied", "suppressed-address")
    await gateway.reply("STOP", event="e-same")
    assert await gateway.owner.fetchval("SELECT count(*) FROM suppression") == 1


async def test_an_opt_out_of_everything_is_not_narrowed_by_the_way_it_came(gateway: Gateway) -> None:
    """An opt-out of scope all that mentions a channel stops every channel."""
    request = OptOutRequest(
        creditor="acme",
        scope=SuppressionScope.ALL,
        source="call",
        at=gateway.clock.now(),
        borrower="B-1",
        channel=Channel.SMS,
    )
    assert isinstance(await gateway.service.opt_out(gateway.caller, request), OptOutAnswer)
    again = await gateway.accept(**CALL)
    assert (again.status, again.code) == ("denied", "suppressed-all")


@pytest.mark.parametrize("outcome", [NotSent(reason="x"), Refused(kind=RefusalKind.TRANSIENT, code="503")])
async def test_a_receipt_for_a_try_that_was_given_up_is_taken(
    gateway: Gateway, adapter: ScriptedAdapter, clock: MovedClock, outcome: NotSent | Refused
) -> None:
    """A receipt for a first try that came to nothing is taken when a second has left; it is not asked for again."""
    answer = await gateway.accept()
    adapter.outcomes.append(outcome)
    await gateway.hand_off(answer.id)
    first = await gateway.owner.fetchval("SELECT id FROM attempt")
    clock.move(timedelta(seconds=30))
    assert await gateway.hand_off(answer.id) == 1
    assert await gateway.report("delivered", provider_id="p-9", attempt=str(first)) == WebhookTaken()
    assert await gateway.state(answer.id) == "sent"


async def test_a_receipt_with_no_time_worth_the_name_harms_no_log(gateway: Gateway) -> None:
    """A provider's null time (the year 1) leaves a record that can be read, and a feed that goes on."""
    contact = await sent(gateway)
    await gateway.call_back(
        ReceiptEvent(
            event_id="e-1",
            id="p-1",
            attempt_id="",
            status=ReceiptStatus.DELIVERED,
            code="0",
            words="",
            at=gateway.clock.now().replace(year=1),
        )
    )
    assert await gateway.state(contact) == "delivered"
    assert (await gateway.story(contact))[-1] == "delivered"


async def test_an_opt_out_waits_for_a_lease_whatever_the_row_says(gateway: Gateway) -> None:
    """An attempt that was called unknown while its lease runs may still leave, so an opt-out waits for the lease."""
    contact = await sent(gateway)
    await gateway.owner.execute(
        "UPDATE attempt SET state = 'unknown', not_after = clock_timestamp() + interval '1 hour'"
    )
    token = await gateway.owner.fetchval("SELECT address FROM contact WHERE id = $1", UUID(contact))
    assert await live_permits(gateway.rt.pool, addresses=[token]) == 1


async def test_a_record_that_cannot_be_written_stops_no_writer(gateway: Gateway) -> None:
    """An item whose time has no place in the database is refused at once, and the next is written."""
    never = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=23)))
    leaf = partial(LeafOnly, creditor="acme", kind="x", contact=None, leaf=lambda _stamp: b"{}")
    async with asyncio.timeout(2):
        with pytest.raises(StoreRefused):
            await gateway.rt.leaves.write(leaf(at=never))
        assert await gateway.rt.leaves.write(leaf(at=gateway.clock.now())) == 0


@pytest.mark.parametrize("until", [datetime(9999, 12, 31, tzinfo=UTC), None])
async def test_no_time_makes_a_record_that_nobody_can_read(gateway: Gateway, until: datetime | None) -> None:
    """The year 9999 as "for ever", or one before 1970, is a fault of the request and not a hole in the log."""
    since = datetime(1969, 12, 31, tzinfo=UTC) if until is None else gateway.clock.now()
    request = RestrictionRequest(
        creditor="acme", kind=RestrictionKind.CEASE, since=since, until=until, source="call"
    )
    answer = await gateway.service.add_restriction(gateway.caller, "B-1", request)
    assert isinstance(answer, Invalid)
    assert [fault.pointer for fault in answer.faults] == ["/since" if until is None else "/until"]


async def test_a_moved_row_raises_both_versions(gateway: Gateway) -> None:
    """A fact that is moved from one person to another changes what is known of both."""
    await gateway.accept()
    await gateway.accept(borrower="B-2", address=SECOND)
    first, second = [r["id"] for r in await gateway.owner.fetch("SELECT id FROM borrower ORDER BY id")]
    await gateway.owner.execute(
        "INSERT INTO restriction (id, borrower_id, recorded_by, kind, since, source)"
        " VALUES (gen_random_uuid(), $1, 'acme', 'cease', now(), 'x')",
        first,
    )
    before = [r["version"] for r in await gateway.owner.fetch("SELECT version FROM borrower ORDER BY id")]
    await gateway.owner.execute("UPDATE restriction SET borrower_id = $1", second)
    after = [r["version"] for r in await gateway.owner.fetch("SELECT version FROM borrower ORDER BY id")]
    assert all(new > old for new, old in zip(after, before, strict=True))


@pytest.mark.parametrize("text", DRESSED)
def test_a_stop_in_other_dress_is_a_stop(text: str) -> None:
    """Dashes, underscores, a language without spaces or plain words do not hide what a person wants."""
    assert meaning_of(text) is Meaning.STOP


@pytest.mark.parametrize(
    "text", ["I will call you", "t-shirt", "I have no more money, please help", "write me"]
)
def test_other_words_are_no_stop(text: str) -> None:
    """A reply that asks for something else closes nothing."""
    assert meaning_of(text) is Meaning.OTHER


@pytest.mark.parametrize(
    "outcome", [NotSent(reason="refused"), Refused(kind=RefusalKind.TRANSIENT, code="58")]
)
async def test_a_person_reached_by_a_try_that_was_given_up_counts_and_is_not_tried_again(
    gateway: Gateway, adapter: ScriptedAdapter, clock: MovedClock, outcome: NotSent | Refused
) -> None:
    """A provider that says no and sends all the same: its receipt takes the place again and ends the contact."""
    answer = await gateway.accept()
    adapter.outcomes.append(outcome)
    await gateway.hand_off(answer.id)
    assert await gateway.counted() == 0
    first = await gateway.owner.fetchval("SELECT id FROM attempt")
    assert await gateway.report("delivered", provider_id="p-9", attempt=str(first)) == WebhookTaken()
    assert await gateway.state(answer.id) == "delivered"
    assert await gateway.attempts(answer.id) == ["delivered"]
    assert await gateway.counted() == 1
    clock.move(timedelta(minutes=5))
    assert await gateway.hand_off(answer.id) == 0


async def test_a_place_is_taken_again_while_a_second_try_is_on_its_way(
    gateway: Gateway, adapter: ScriptedAdapter, clock: MovedClock
) -> None:
    """A late receipt for the first try counts it; the contact follows the try that left after it."""
    answer = await gateway.accept()
    adapter.outcomes.append(NotSent(reason="refused"))
    await gateway.hand_off(answer.id)
    first = await gateway.owner.fetchval("SELECT id FROM attempt")
    clock.move(timedelta(seconds=30))
    assert await gateway.hand_off(answer.id) == 1
    assert await gateway.report("delivered", provider_id="p-9", attempt=str(first)) == WebhookTaken()
    assert await gateway.state(answer.id) == "sent"
    assert sorted(await gateway.attempts(answer.id)) == ["delivered", "submitted"]
    assert await gateway.counted() == 2
