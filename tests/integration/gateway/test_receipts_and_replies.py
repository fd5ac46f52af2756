"""What comes back: receipts early, late, twice and in contradiction; replies, and the STOP that any of them may be."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from channels.base import ChannelName, Message, ReceiptStatus, Unknown
from channels.sandbox_webhooks import SIGNATURE_HEADER, sign
from channels.sandbox_wire import InboundEvent, ReceiptEvent, encode
from gateway.flows import WebhookRefused, WebhookTaken
from tests.fakes.clock import MovedClock
from tests.fakes.scripted_adapter import ScriptedAdapter
from tests.gateway_world import ACCOUNT, OTHER, PHONE, Gateway, open_gateway, until

# fmt: off
STOPS = (
    "STOP", "Stop.", "stop", "please stop texting me", "\uff33\uff34\uff2f\uff30", "Arrêt", "ARRET!", "UNSUBSCRIBE",
    "opt-out", "Opt out", "quit", "end", "revoke", "cancel", "退订", "退訂", "请退订谢谢", "TD", "T", "¡ALTO!", "Baja",
    "stop\n", "  Stop  all ", "S\u200bTOP", "“STOP”", "STOP STOP STOP", "No more. STOP!!",
)
NOT_STOPS = ("Thanks, paid on Monday", "I will call you", "help", "t-shirt", "Ich weiß nicht", "什么\uff1f", "")
# fmt: on


async def sent(gateway: Gateway, **changes: object) -> str:
    """The id of a contact that was sent."""
    answer = await gateway.accept(**changes)
    assert await gateway.hand_off(answer.id) == 1
    return answer.id


@pytest.mark.parametrize("status", ["delivered", "undelivered"])
async def test_a_receipt_settles_what_was_sent(gateway: Gateway, status: str) -> None:
    """A receipt ends a contact as delivered or not, and the second copy of it changes nothing."""
    contact = await sent(gateway)
    for _ in range(2):
        assert await gateway.report(status, event="e-1") == WebhookTaken()
    assert await gateway.state(contact) == status
    assert await gateway.story(contact) == ["queued", "dispatching", "sent", status]
    assert len(await gateway.leaves(contact)) == 4


async def test_an_interim_receipt_changes_nothing(gateway: Gateway) -> None:
    """That a message is pending, or that the provider does not know, is no news."""
    contact = await sent(gateway)
    await gateway.report("pending")
    await gateway.report("unknown")
    assert await gateway.state(contact) == "sent"


async def test_delivered_is_the_last_word(gateway: Gateway) -> None:
    """Carriers say "undelivered" and then "delivered"; never the other way round is it believed."""
    contact = await sent(gateway)
    await gateway.report("undelivered")
    await gateway.report("delivered")
    await gateway.report("undelivered")
    assert await gateway.state(contact) == "delivered"
    assert await gateway.attempts(contact) == ["delivered"]


@pytest.mark.parametrize(
    "words", [("undelivered", "delivered"), ("delivered", "undelivered"), ("delivered",) * 3]
)
async def test_contradictions_in_one_callback(gateway: Gateway, words: tuple[str, ...]) -> None:
    """Receipts about one message in one callback are taken one after another, and each state has one record."""
    contact = await sent(gateway)
    await gateway.call_back(
        *(
            ReceiptEvent(
                event_id=f"e-{n}",
                id="p-1",
                attempt_id="",
                status=ReceiptStatus(word),
                code="1",
                words="",
                at=gateway.clock.now(),
            )
            for n, word in enumerate(words)
        )
    )
    assert await gateway.state(contact) == "delivered"
    assert await gateway.attempts(contact) == ["delivered"]
    entered = ["undelivered", "delivered"] if words[0] == "undelivered" else ["delivered"]
    assert await gateway.story(contact) == ["queued", "dispatching", "sent", *entered]
    assert await gateway.owner.fetchval("SELECT count(*) FROM receipt WHERE attempt_id IS NOT NULL") == len(
        words
    )


async def test_contradictions_in_many_callbacks_at_once(gateway: Gateway) -> None:
    """However callbacks about one message are gathered into statements, log and state tell the same."""
    contact = await sent(gateway)
    await asyncio.gather(
        *(gateway.report(w) for w in ("undelivered", "delivered", "undelivered", "delivered"))
    )
    assert await gateway.state(contact) == "delivered"
    assert await gateway.attempts(contact) == ["delivered"]
    assert (await gateway.story(contact))[-1] == "delivered"
    assert (await gateway.story(contact)).count("delivered") == 1


async def test_a_receipt_that_names_our_attempt_may_come_first(
    gateway: Gateway, adapter: ScriptedAdapter
) -> None:
    """A receipt that overtakes the answer to the send is believed at once."""

    async def overtake(message: Message) -> None:
        await gateway.report("delivered", provider_id="p-1", attempt=message.attempt_id)

    adapter.after = overtake
    contact = await sent(gateway)
    assert await gateway.state(contact) == "delivered"
    assert await gateway.attempts(contact) == ["delivered"]
    assert await gateway.owner.fetchval("SELECT provider_id FROM attempt") == "p-1"


async def test_a_receipt_that_names_the_providers_id_may_come_first(
    gateway: Gateway, adapter: ScriptedAdapter
) -> None:
    """A receipt for an id that nobody knows yet is kept, and joined when the answer to the send brings that id."""

    async def overtake(_message: Message) -> None:
        assert await gateway.report("delivered", provider_id="p-1") == WebhookTaken()

    adapter.after = overtake
    contact = await sent(gateway)
    assert await gateway.state(contact) == "delivered"
    assert await gateway.story(contact) == ["queued", "dispatching", "sent", "delivered"]


async def test_a_receipt_for_nobody_is_kept(gateway: Gateway) -> None:
    """A receipt for a message that is not ours is stored and does nothing."""
    assert await gateway.report("delivered", provider_id="somebody-elses") == WebhookTaken()
    assert await gateway.owner.fetchval("SELECT count(*) FROM receipt WHERE attempt_id IS NULL") == 1
    await gateway.sweep()


async def test_the_sweep_joins_what_a_crash_left(gateway: Gateway) -> None:
    """A receipt that was kept when a worker died before joining it is joined by the sweep."""
    contact = await sent(gateway)
    await gateway.owner.execute(
        """INSERT INTO receipt (account, event_id, provider_id, status, code, at)
           VALUES ($1, 'e-0', 'p-1', 'delivered', '0', $2)""",
        ACCOUNT,
        gateway.clock.now(),
    )
    await gateway.sweep()
    assert await gateway.state(contact) == "delivered"


async def test_a_killed_worker_leaves_unknown(
    gateway: Gateway, adapter: ScriptedAdapter, clock: MovedClock
) -> None:
    """A permit whose worker died becomes unknown one second after the answer's deadline, and not a moment before."""
    held = asyncio.Event()
    reached = asyncio.Event()

    async def hang(_message: Message) -> None:
        reached.set()
        await held.wait()

    adapter.after = hang
    answer = await gateway.accept()
    sending = asyncio.create_task(gateway.hand_off(answer.id))
    await reached.wait()
    clock.move(timedelta(seconds=2 + adapter.answer_deadline_s + 1))
    await gateway.sweep()
    assert await gateway.state(answer.id) == "dispatching"
    clock.move(timedelta(milliseconds=1))
    await gateway.sweep()
    assert await gateway.state(answer.id) == "unknown"
    await gateway.sweep()
    assert await gateway.story(answer.id) == ["queued", "dispatching", "unknown"]
    held.set()
    await sending
    assert await gateway.state(answer.id) == "sent"  # the answer came after all


@pytest.mark.parametrize("status", ["delivered", "undelivered"])
async def test_a_late_receipt_settles_unknown(
    gateway: Gateway, adapter: ScriptedAdapter, status: str
) -> None:
    """What cannot be known is known when a receipt comes, whichever way it speaks."""
    adapter.outcomes.append(Unknown(reason="answer-lost"))
    answer = await gateway.accept()
    await gateway.hand_off(answer.id)
    await gateway.report(status, attempt=adapter.sent[0].attempt_id)
    assert await gateway.state(answer.id) == status


@pytest.mark.parametrize("text", STOPS)
async def test_whatever_may_be_a_stop_is_one(gateway: Gateway, text: str) -> None:
    """Stop words count in any case, script, width and sentence; the next request is denied with that reason."""
    await sent(gateway)
    await gateway.reply(text)
    after = await gateway.accept(borrower="B-2")
    assert (after.status, after.code) == ("denied", "suppressed-address")


@pytest.mark.parametrize("text", NOT_STOPS)
async def test_other_replies_stop_nothing(gateway: Gateway, text: str) -> None:
    """A reply that asks for nothing of the kind is kept, and nobody is silenced by it."""
    await gateway.reply(text)
    assert (await gateway.accept()).status == "queued"
    assert await gateway.owner.fetchval("SELECT count(*) FROM inbound") == 1


async def test_a_stop_binds_every_channel_and_creditor_of_the_number(gateway: Gateway) -> None:
    """STOP by text closes the number for calls as well, and for every creditor, whoever's borrower it is."""
    await gateway.reply("STOP")
    voice = {"creditor": "Acme", "borrower": "Ann", "agent": "Bo", "help_phone": "+18005550100"}
    for changes in (
        {"channel": "voice", "variables": voice},
        {"creditor": OTHER, "borrower": "B-7"},
    ):
        answer = await gateway.accept(**changes)
        assert (answer.status, answer.code) == ("denied", "suppressed-address")
    assert (await gateway.accept(channel="email", address="b1@example.com")).status == "queued"


async def test_a_stop_before_anybody_wrote_is_kept(gateway: Gateway) -> None:
    """STOP from a number that nobody has ever written to holds for the first request to it."""
    await gateway.reply("STOP", sender="+12025550199")
    assert (await gateway.accept(address="+12025550199")).code == "suppressed-address"


async def test_a_repeated_callback_is_taken_once(gateway: Gateway) -> None:
    """A provider that repeats a callback makes no second suppression and no second record."""
    await gateway.reply("STOP", event="e-1")
    await gateway.reply("STOP", event="e-1")
    assert await gateway.owner.fetchval("SELECT count(*) FROM suppression") == 1
    kinds = [type(leaf).__name__ for leaf in await gateway.leaves()]
    assert kinds.count("OptOutReceived") == kinds.count("OptOutCompleted") == 1


async def test_a_mail_address_is_one_however_it_is_written(gateway: Gateway) -> None:
    """An unsubscribe from Ann@Example.COM closes ann@example.com."""
    await gateway.reply("unsubscribe", sender="Ann@Example.COM", channel="email")
    assert (await gateway.accept(channel="email", address="ann@example.com")).code == "suppressed-address"


async def test_an_opt_out_is_complete_only_when_no_live_permit_is_left(
    gateway: Gateway, adapter: ScriptedAdapter, clock: MovedClock
) -> None:
    """What was permitted before a STOP may still leave; the opt-out is not complete until it has."""
    stopping: list[asyncio.Task[WebhookTaken | WebhookRefused]] = []

    async def completed() -> int:
        return int(
            await gateway.owner.fetchval("SELECT count(*) FROM audit_record WHERE kind = 'optout.completed'")
        )

    async def stop_now(_message: Message) -> None:
        stopping.append(asyncio.create_task(gateway.reply("STOP")))
        await until(lambda: gateway.owner.fetchval("SELECT count(*) FROM suppression"))
        assert await completed() == 0

    adapter.before = stop_now
    answer = await gateway.accept()
    await gateway.hand_off(answer.id)
    await asyncio.gather(*stopping)
    assert len(adapter.sent) == 1
    assert await completed() == 1
    times = {type(leaf).__name__: leaf.ts for leaf in await gateway.leaves()}
    assert times["AttemptOutcome"] <= times["OptOutCompleted"]


async def test_an_opt_out_does_not_wait_for_a_worker_that_died(gateway: Gateway, clock: MovedClock) -> None:
    """A permit whose worker is gone is over when its lease is; the opt-out is then complete, whatever the row says."""
    answer = await gateway.accept()
    await _permit_without_worker(gateway, answer.id)
    stopping = asyncio.create_task(gateway.reply("STOP"))
    await until(lambda: gateway.owner.fetchval("SELECT count(*) FROM suppression"))
    assert not stopping.done()
    clock.move(timedelta(seconds=10))
    await asyncio.wait_for(stopping, 5)


async def _permit_without_worker(gateway: Gateway, contact: str) -> None:
    await gateway.owner.execute(
        """INSERT INTO attempt (id, contact_id, creditor, borrower_id, address, account, state, permitted_at, not_after,
                                answer_by, payload, changed_at)
           SELECT gen_random_uuid(), id, creditor, borrower_id, address, $2, 'permitted', $3::timestamptz,
                  $3::timestamptz + interval '2 seconds', $3::timestamptz + interval '5 seconds', '', $3
             FROM contact WHERE id = $1""",
        UUID(contact),
        ACCOUNT,
        gateway.clock.now(),
    )


async def test_a_forged_callback_is_refused(gateway: Gateway, clock: MovedClock) -> None:
    """Without the account's signature, or with an old one, nothing is stored and nobody is silenced."""
    event = InboundEvent(
        event_id="e", channel=ChannelName.SMS, sender=PHONE, recipient="+12025550100", text="STOP",
        in_reply_to=None, at=clock.now(),
    )  # fmt: skip
    raw = encode((event,))
    stamp = int(clock.now().timestamp())
    for account, headers in (
        (ACCOUNT, {}),
        (ACCOUNT, {SIGNATURE_HEADER: sign("a guess", stamp, raw)}),
        (ACCOUNT, {SIGNATURE_HEADER: f"t={stamp},v1={'0' * 64}"}),
        ("no-such-account", {SIGNATURE_HEADER: sign("a guess", stamp, raw)}),
    ):
        assert isinstance(await gateway.service.webhook(account, headers, raw), WebhookRefused)
    assert await gateway.owner.fetchval("SELECT count(*) FROM inbound") == 0


async def test_a_reply_is_sealed_for_the_person_it_is_from(gateway: Gateway) -> None:
    """What a person wrote is kept under that person's key, with the contact it answers."""
    contact = await sent(gateway)
    await gateway.reply("I lost my job")
    row = await gateway.owner.fetchrow("SELECT contact_id, sealed, meaning FROM inbound")
    assert str(row["contact_id"]) == contact
    assert row["meaning"] == "other"
    assert b"job" not in row["sealed"]


async def test_two_processes_take_one_callback(
    gateway: Gateway, adapter: ScriptedAdapter, clock: MovedClock
) -> None:
    """The same callback delivered to two serving processes at once is one opt-out."""
    async with open_gateway(gateway.site, clock, adapter) as other:
        await asyncio.gather(*(one.reply("STOP", event="e-1") for one in (gateway, other)))
    assert await gateway.owner.fetchval("SELECT count(*) FROM suppression") == 1
