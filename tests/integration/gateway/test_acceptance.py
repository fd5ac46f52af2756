"""Acceptance on the real parts: decided at once, written once, and the same answer however often it is asked for."""

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from gateway.flows import Accepted, Conflict, Invalid
from gateway.policy_applying import read_documents
from gateway.wire import EventKind, EventReport
from tests.fakes.clock import MovedClock
from tests.fakes.scripted_adapter import ScriptedAdapter
from tests.gateway_world import OTHER, REQUEST, Gateway, activate, caller_for, open_gateway
from throttling.facts import Channel

NOWHERE = "redis://127.0.0.1:1/0"


async def count(gateway: Gateway, what: str) -> int:
    """How many rows a table has."""
    found: int = await gateway.owner.fetchval(f"SELECT count(*) FROM {what}")
    return found


async def test_allowed_deferred_denied(gateway: Gateway, clock: MovedClock) -> None:
    """A request is queued, scheduled for the first permitted instant, or denied; each is told in the log."""
    allowed = await gateway.accept()
    clock.move(timedelta(hours=10))
    deferred = await gateway.accept(borrower="B-3", address="+12025550145")
    denied = await gateway.accept(borrower="B-4", address="+12025550146", if_closed="deny")
    assert (allowed.status, allowed.due_at) == ("queued", clock.now() - timedelta(hours=10))
    assert (deferred.status, deferred.code) == ("scheduled", "outside-hours")
    assert deferred.due_at == clock.now().replace(hour=14, minute=0)
    assert (denied.status, denied.code) == ("denied", "closed-now")
    assert denied.due_at is None
    assert await gateway.story(allowed.id) == ["queued"]
    assert await gateway.story(deferred.id) == ["scheduled"]
    assert await gateway.story(denied.id) == ["denied"]


async def test_the_callers_own_times_only_tighten(gateway: Gateway, clock: MovedClock) -> None:
    """`not_before` defers, also into a permitted hour; an expiry before the first permitted instant denies."""
    noon = clock.now()
    asked = await gateway.accept(not_before=(noon + timedelta(hours=2)).isoformat())
    assert (asked.status, asked.code, asked.due_at) == ("scheduled", "not-before", noon + timedelta(hours=2))
    night = await gateway.accept(
        borrower="B-2", address="+12025550144", not_before=(noon + timedelta(hours=12)).isoformat()
    )
    assert (night.status, night.code) == ("scheduled", "outside-hours")
    assert night.due_at == noon + timedelta(hours=21)
    late = await gateway.accept(
        borrower="B-3",
        address="+12025550145",
        not_before=(noon + timedelta(hours=12)).isoformat(),
        expires_at=(noon + timedelta(hours=20)).isoformat(),
    )
    assert (late.status, late.code) == ("denied", "expires-before-allowed")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"not_before": "2031-03-04T19:00:00Z"},
        {"not_before": "2031-03-05T03:00:00Z"},
        {"not_before": "2031-03-05T03:00:00Z", "if_closed": "deny"},
        {"not_before": "2031-03-05T03:00:00Z", "expires_at": "2031-03-05T04:00:00Z"},
        {"borrower": {"id": "B-1", "locale": "en-US", "country": "FR"}},
        {"borrower": {"id": "B-1", "locale": "en-GB", "country": "US", "time_zone": "America/Denver"}},
        {
            "reference": "R-1",
            "priority": "legal",
            "debts": [{"id": "D-1", "group": "G-1", "type": "student_loan"}, {"id": "D-2"}],
            "channel": "voice",
            "variables": {"creditor": "Acme", "borrower": "Ann", "agent": "Bo", "help_phone": "+18005550100"},
        },
    ],
)
async def test_a_repeat_hears_the_first_answer(
    gateway: Gateway, adapter: ScriptedAdapter, clock: MovedClock, changes: dict[str, Any]
) -> None:
    """The same key and body are answered byte for byte as the first time, also when the contact has long been sent."""
    first = await gateway.ask(key="k", **changes)
    assert isinstance(first, Accepted)
    before = msgspec.json.encode(first.answer)
    again = await gateway.ask(key="k", **changes)
    await gateway.hand_off(first.answer.id)
    clock.move(timedelta(hours=30))
    await gateway.hand_off(first.answer.id)
    later = await gateway.ask(key="k", **changes)
    for repeat in (again, later):
        assert isinstance(repeat, Accepted)
        assert repeat.replayed
        assert msgspec.json.encode(repeat.answer) == before
    assert await count(gateway, "contact") == 1
    assert len(await gateway.leaves()) == len(await gateway.leaves(first.answer.id)) + 1  # and the policy's


async def test_a_repeat_after_sending_under_other_rules(
    gateway: Gateway, adapter: ScriptedAdapter, clock: MovedClock
) -> None:
    """Neither sending nor another policy changes what a repeat hears: each decision names its own rules."""
    first = await gateway.ask(key="k")
    assert isinstance(first, Accepted)
    await gateway.hand_off(first.answer.id)
    documents = read_documents(None)
    house = documents.packs["HOUSE.yaml"].replace('version: "1"', 'version: "2"')
    await activate(
        gateway.owner,
        msgspec.structs.replace(documents, packs=documents.packs | {"HOUSE.yaml": house}),
        clock.now(),
    )
    await gateway.rt.policy.look()
    again = await gateway.ask(key="k")
    assert isinstance(again, Accepted)
    assert msgspec.json.encode(again.answer) == msgspec.json.encode(first.answer)
    assert len(adapter.sent) == 1


async def test_another_body_under_the_same_key_is_a_conflict(gateway: Gateway) -> None:
    """A key names one body for ever; a second body under it changes nothing."""
    await gateway.ask(key="k")
    assert await gateway.ask(key="k", address="+12025550144") == Conflict()
    assert await count(gateway, "contact") == 1


async def test_keys_of_two_callers_do_not_meet(gateway: Gateway) -> None:
    """An idempotency key belongs to the API key that sent it."""
    first = await gateway.ask(key="k")
    second = await gateway.ask(
        key="k", caller=caller_for(key_id="another"), borrower="B-2", address="+12025550144"
    )
    assert isinstance(first, Accepted)
    assert isinstance(second, Accepted)
    assert not second.replayed


async def test_a_key_used_for_an_event_is_a_conflict(gateway: Gateway, clock: MovedClock) -> None:
    """A key that was used to report an event cannot make a contact as well."""
    report = EventReport(
        creditor="acme", borrower="B-1", kind=EventKind.LETTER, channel=Channel.EMAIL, at=clock.now()
    )
    await gateway.service.report_event(gateway.caller, report, idempotency_key="k", raw=b"{}")
    assert await gateway.ask(key="k") == Conflict()


async def test_repeats_in_flight_make_one_contact(
    gateway: Gateway, adapter: ScriptedAdapter, clock: MovedClock
) -> None:
    """Ten copies of a request at once, in two processes, are one contact and ten equal answers."""
    async with open_gateway(gateway.site, clock, adapter) as other:
        answers = await asyncio.gather(*(one.ask(key="k") for one in (gateway, other) * 5))
    assert {msgspec.json.encode(answer.answer) for answer in answers if isinstance(answer, Accepted)} == {
        msgspec.json.encode(answers[0].answer)  # type: ignore[attr-defined]
    }
    assert await count(gateway, "contact") == 1


async def test_two_processes_meet_a_new_person_at_once(
    gateway: Gateway, adapter: ScriptedAdapter, clock: MovedClock
) -> None:
    """Many first requests about one person make one person with one key, and each contact can be opened."""
    async with open_gateway(gateway.site, clock, adapter) as other:
        answers = await asyncio.gather(
            *(
                one.accept(channel="email", address=f"b{n}@example.com", creditor="acme")
                for n, one in enumerate((gateway, other) * 4)
            )
        )
        assert await count(gateway, "borrower") == 1
        assert await count(gateway, "borrower_key") == 1
        for answer in answers:
            assert (await other.get(answer.id)).decision is not None


async def test_places_spoken_for_count(gateway: Gateway) -> None:
    """A contact that is accepted and not yet sent takes a place: the second text of a day is not promised for today."""
    first = await gateway.accept()
    second = await gateway.accept()
    assert first.status == "queued"
    assert (second.status, second.code) == ("scheduled", "cap-reached")


async def test_requests_at_once_share_the_places(
    gateway: Gateway, adapter: ScriptedAdapter, clock: MovedClock
) -> None:
    """Twelve requests about one person at once, in two processes, are allowed as often as the cap says: once."""
    async with open_gateway(gateway.site, clock, adapter) as other:
        answers = await asyncio.gather(*(one.accept() for one in (gateway, other) * 6))
    statuses = [answer.status.value for answer in answers]
    assert statuses.count("queued") == 1
    assert statuses.count("scheduled") == 11


async def test_a_cancelled_contact_gives_its_place_back_at_once(gateway: Gateway) -> None:
    """What is cancelled or denied no longer speaks for a place."""
    first = await gateway.accept()
    await gateway.service.cancel_contact(gateway.caller, first.id, "paid")
    assert (await gateway.accept()).status == "queued"


async def test_a_contact_denied_at_hand_off_gives_its_place_back_at_once(gateway: Gateway) -> None:
    """After a contact is refused in the last moment, another of the same person need not wait for its place."""
    first = await gateway.accept()
    await gateway.reply("STOP")
    await gateway.hand_off(first.id)
    assert await gateway.state(first.id) == "denied"
    assert (await gateway.accept(address="+12025550144")).status == "queued"


async def test_without_redis_acceptance_decides_from_postgresql(
    gateway: Gateway, adapter: ScriptedAdapter, clock: MovedClock
) -> None:
    """With Redis away requests are accepted, and what was sent counts; only places spoken for are not seen."""
    sent = await gateway.accept()
    await gateway.hand_off(sent.id)
    async with open_gateway(gateway.site, clock, adapter, redis_url=NOWHERE) as blind:
        other = await blind.accept(borrower="B-2", address="+12025550144")
        again = await blind.accept()
    assert other.status == "queued"
    assert (again.status, again.code) == ("scheduled", "cap-reached")


async def test_an_emptied_redis_cannot_cause_a_contact(gateway: Gateway, adapter: ScriptedAdapter) -> None:
    """Losing every place spoken for makes an answer too hopeful; the hand-off still sends one."""
    first = await gateway.accept()
    await gateway.rt.ledger.forget(gateway.rt.vault.borrower_token("acme", "B-1").hex())
    await gateway.rt.ledger.drop(gateway.rt.vault.borrower_token("acme", "B-1").hex(), first.id)
    second = await gateway.accept()
    assert second.status == "queued"
    assert await gateway.hand_off(first.id, second.id) == 1
    assert len(adapter.sent) == 1
    assert await gateway.state(second.id) == "scheduled"


async def test_creditors_share_a_person_only_in_one_namespace(gateway: Gateway) -> None:
    """Caps span creditors where the operator says that their borrower ids mean the same people, and nowhere else."""
    await gateway.hand_off((await gateway.accept()).id)
    apart = await gateway.accept(creditor=OTHER, address="+12025550144")
    assert apart.status == "queued"
    shared = caller_for(namespace="group")
    first = await gateway.accept(caller=shared, borrower="B-9", address="+12025550145")
    await gateway.hand_off(first.id)
    second = await gateway.accept(caller=shared, borrower="B-9", address="+12025550145", creditor=OTHER)
    assert (second.status, second.code) == ("scheduled", "cap-reached")


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        ({"creditor": "nobody"}, {"/creditor"}),
        ({"address": "0202 555 0143"}, {"/address"}),
        ({"template": "no_such"}, {"/template"}),
        (
            {"variables": {"creditor": "Acme"}},
            {"/variables/due_on", "/variables/pay_url", "/variables/help_phone"},
        ),
        ({"expires_at": "2031-03-04T17:00:00Z"}, {"/expires_at"}),
        ({"not_before": "2031-05-04T17:00:00Z", "address": "x@y"}, {"/not_before", "/address"}),
        (
            {"borrower": REQUEST["borrower"] | {"region": "US-XX", "time_zone": "Etc/GMT+5"}},
            {"/borrower/region", "/borrower/time_zone"},
        ),
        ({"borrower": REQUEST["borrower"] | {"country": "GB"}}, {"/borrower/region"}),
    ],
)
async def test_what_cannot_be_carried_out_leaves_nothing(
    gateway: Gateway, changes: dict[str, Any], pointers: set[str]
) -> None:
    """Every fault of a request is named at once, and nothing of it is stored."""
    refused = await gateway.ask(**changes)
    assert isinstance(refused, Invalid)
    assert {fault.pointer for fault in refused.faults} >= pointers
    for table in ("contact", "idempotency", "borrower", "address"):
        assert await count(gateway, table) == 0


async def test_an_old_key_is_forgotten_after_the_contact_is_over(gateway: Gateway, clock: MovedClock) -> None:
    """An idempotency key is kept until 24 hours after the scheduled time, and then no longer."""
    asked = await gateway.accept(key="k", not_before=(clock.now() + timedelta(hours=20)).isoformat())
    assert asked.due_at is not None
    clock.move_to(asked.due_at + timedelta(hours=24))
    await gateway.sweep()
    assert await count(gateway, "idempotency") == 1
    clock.move(timedelta(seconds=1))
    await gateway.sweep()
    assert await count(gateway, "idempotency") == 0


async def test_nobody_hears_of_another_creditors_contact(gateway: Gateway) -> None:
    """A contact is not there for a caller whose creditor it is not."""
    answer = await gateway.accept()
    found = await gateway.service.get_contact(caller_for(OTHER), answer.id)
    assert type(found).__name__ == "Missing"
