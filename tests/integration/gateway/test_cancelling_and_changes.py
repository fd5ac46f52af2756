"""Stopping what waits, finding what was sent, and following every change without a gap."""

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from channels.base import Message
from gateway.answers import CancelAnswer, ChangesAnswer, ContactAnswer, ContactPage, ContactState
from gateway.flows import ContactQuery, Invalid, Missing, TooLate
from gateway.wire import CancelRequest
from tests.fakes.clock import MovedClock
from tests.fakes.scripted_adapter import ScriptedAdapter
from tests.gateway_world import ACME, OTHER, Gateway, caller_for, open_gateway


def mail(n: int, **changes: Any) -> dict[str, Any]:
    """A request of its own person and address."""
    return {"borrower": f"B-{n}", "channel": "email", "address": f"b{n}@example.com", **changes}


async def cancel(gateway: Gateway, **fields: Any) -> CancelAnswer:
    """Cancel many."""
    request = msgspec.convert({"creditor": ACME, "reason": "paid", **fields}, CancelRequest)
    answer = await gateway.service.cancel_contacts(gateway.caller, request)
    assert isinstance(answer, CancelAnswer)
    return answer


async def changes(gateway: Gateway, after: str | None = None, limit: int = 1000) -> ChangesAnswer:
    """A page of the feed."""
    page = await gateway.service.changes(gateway.caller, ACME, after, limit)
    assert isinstance(page, ChangesAnswer)
    return page


async def test_a_waiting_contact_is_stopped(gateway: Gateway, adapter: ScriptedAdapter) -> None:
    """A cancelled contact never leaves; cancelling it again changes nothing."""
    contact = (await gateway.accept()).id
    for _ in range(2):
        answer = await gateway.service.cancel_contact(gateway.caller, contact, "paid")
        assert isinstance(answer, ContactAnswer)
        assert answer.status == "cancelled"
    assert await gateway.hand_off(contact) == 0
    assert adapter.sent == []
    assert await gateway.story(contact) == ["queued", "cancelled"]


async def test_what_has_left_cannot_be_stopped(gateway: Gateway) -> None:
    """A contact that was sent is told to be too late; one that is not there, or another's, is missing."""
    contact = (await gateway.accept()).id
    await gateway.hand_off(contact)
    assert await gateway.service.cancel_contact(gateway.caller, contact, "paid") == TooLate(
        state=ContactState.SENT
    )
    assert await gateway.service.cancel_contact(caller_for(OTHER), contact, "paid") == Missing()
    assert await gateway.service.cancel_contact(gateway.caller, "nonsense", "paid") == Missing()


async def test_a_cancel_and_a_permit_in_one_moment(gateway: Gateway, adapter: ScriptedAdapter) -> None:
    """A contact that is cancelled while it is being permitted is either sent or cancelled, never both."""
    for n in range(15):
        contact = (await gateway.accept(**mail(n))).id
        before = len(adapter.sent)
        _, answer = await asyncio.gather(
            gateway.hand_off(contact), gateway.service.cancel_contact(gateway.caller, contact, "paid")
        )
        went = len(adapter.sent) - before
        assert went == (1 if isinstance(answer, TooLate) else 0)
        assert await gateway.state(contact) == ("sent" if went else "cancelled")


@pytest.mark.parametrize(
    ("fields", "stopped"),
    [
        ({"debt": "D-1"}, {1, 2}),
        ({"borrower": "B-2"}, {2, 3}),
        ({"reference": "R"}, {3}),
        ({"everything": True}, {1, 2, 3, 4}),
        ({"borrower": "B-2", "debt": "D-1"}, {2}),
        ({"borrower": "nobody"}, set()),
    ],
)
async def test_many_are_stopped_at_once(gateway: Gateway, fields: dict[str, Any], stopped: set[int]) -> None:
    """A paid debt, a person, a reference or a creditor: everything of it that waits is stopped, and nothing else."""
    made = {
        1: (await gateway.accept(**mail(1, debts=[{"id": "D-9"}, {"id": "D-1"}]))).id,
        2: (await gateway.accept(**mail(2, debts="D-1"))).id,
        3: (await gateway.accept(**mail(2, debts="D-2", reference="R", address="other@example.com"))).id,
        4: (await gateway.accept(**mail(4, debts=[{"id": "D-4", "group": "D-1"}]))).id,
    }
    elsewhere = await gateway.accept(**mail(5, creditor=OTHER, debts="D-1", reference="R"))
    answer = await cancel(gateway, **fields)
    assert set(answer.ids) == {made[n] for n in stopped}
    assert (answer.cancelled, answer.too_late) == (len(stopped), 0)
    assert await gateway.state(elsewhere.id) == "queued"


async def test_too_late_is_counted(gateway: Gateway, adapter: ScriptedAdapter) -> None:
    """What is on its way at that moment is counted as too late."""

    async def pay(_message: Message) -> None:
        assert await cancel(gateway, debt="D-1") == CancelAnswer(cancelled=0, too_late=1, ids=())

    adapter.before = pay
    await gateway.hand_off((await gateway.accept()).id)
    assert len(adapter.sent) == 1


async def test_pages_of_contacts(gateway: Gateway, clock: MovedClock) -> None:
    """A list is newest first, whole and without repeats however it is paged, and narrowed as asked."""
    made = []
    for n in range(7):
        clock.move(timedelta(milliseconds=1))
        made.append((await gateway.accept(**mail(n, reference="even" if n % 2 == 0 else "odd"))).id)
    seen: list[str] = []
    cursor = None
    while True:
        page = await gateway.service.list_contacts(gateway.caller, ContactQuery(creditor=ACME), cursor, 3)
        assert isinstance(page, ContactPage)
        seen += [item.id for item in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert seen == made[::-1]
    even = ContactQuery(creditor=ACME, reference="even")
    page = await gateway.service.list_contacts(gateway.caller, even, None, 50)
    assert isinstance(page, ContactPage)
    assert [item.id for item in page.items] == made[::-2]
    of_one = ContactQuery(creditor=ACME, borrower="B-3", state=ContactState.QUEUED)
    page = await gateway.service.list_contacts(gateway.caller, of_one, None, 50)
    assert isinstance(page, ContactPage)
    assert [item.id for item in page.items] == [made[3]]
    assert isinstance(await gateway.service.list_contacts(gateway.caller, even, "nonsense", 50), Invalid)


async def test_the_feed_tells_every_change_in_order(gateway: Gateway, adapter: ScriptedAdapter) -> None:
    """Every state that a contact enters is in the feed once, in order, with reason and reference."""
    contact = (await gateway.accept(reference="R")).id
    await gateway.hand_off(contact)
    await gateway.report("delivered")
    denied = await gateway.accept(if_closed="deny")
    page = await changes(gateway)
    assert [(item.contact, item.state) for item in page.items] == [
        (contact, "queued"),
        (contact, "dispatching"),
        (contact, "sent"),
        (contact, "delivered"),
        (denied.id, "denied"),
    ]
    assert {item.reference for item in page.items[:4]} == {"R"}
    assert page.items[-1].code == denied.code
    assert (await changes(gateway, page.next)).items == ()
    for cursor in ("nonsense", "-1", "9" * 30, "\uff11"):
        assert isinstance(await gateway.service.changes(gateway.caller, ACME, cursor, 10), Invalid)


async def test_a_follower_misses_nothing_while_many_write(
    gateway: Gateway, adapter: ScriptedAdapter, clock: MovedClock
) -> None:
    """A follower that asks all the time, in pages of any size, sees each change once and in one order."""
    done = asyncio.Event()

    async def follow(limit: int) -> list[tuple[str, str]]:
        seen: list[tuple[str, str]] = []
        cursor = None
        while True:
            last = done.is_set()
            page = await changes(gateway, cursor, limit)
            seen += [(item.cursor, item.contact) for item in page.items]
            cursor = page.next
            if last and not page.items:
                return seen

    async def write(one: Gateway, numbers: range) -> None:
        for n in numbers:
            await one.hand_off((await one.accept(**mail(n))).id)

    async with open_gateway(gateway.site, clock, adapter) as other:
        followers = [asyncio.create_task(follow(limit)) for limit in (1, 7, 1000)]
        parts = [(one, range(n * 20, n * 20 + 8)) for n, one in enumerate((gateway, other) * 3)]
        await asyncio.gather(*(write(*part) for part in parts))
        done.set()
        stories = await asyncio.gather(*followers)
    assert all(story == stories[0] for story in stories)
    assert len(stories[0]) == 3 * 48
    indexes = await gateway.owner.fetch(
        "SELECT idx FROM audit_record r JOIN creditor c USING (log_id) WHERE c.id = 'acme' ORDER BY idx"
    )
    assert [row["idx"] for row in indexes] == list(range(len(indexes)))
