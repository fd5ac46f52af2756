"""What callers tell: opt-outs, restrictions, consents, events elsewhere; and the questions that change nothing."""

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from channels.base import Message
from gateway.answers import (
    AvailabilityAnswer,
    ConsentList,
    DecisionBody,
    EventAnswer,
    OptOutAnswer,
    RestrictionAnswer,
    RestrictionList,
)
from gateway.flows import Conflict, Invalid, Missing
from gateway.wire import (
    ConsentRequest,
    ContactRequest,
    EventReport,
    HypotheticalFacts,
    LiftRequest,
    OptOutRequest,
    RestrictionKind,
    RestrictionRequest,
)
from tests.fakes.clock import MovedClock
from tests.fakes.scripted_adapter import ScriptedAdapter
from tests.gateway_world import ACME, OTHER, PHONE, Gateway, caller_for, request_body, until

MAIL = {"channel": "email", "address": "b1@example.com"}


async def stop(gateway: Gateway, **fields: Any) -> object:
    """What the API answers to an opt-out."""
    body = {"creditor": ACME, "source": "phone", "at": gateway.clock.now(), **fields}
    return await gateway.service.opt_out(gateway.caller, msgspec.convert(body, OptOutRequest))


async def restrict(gateway: Gateway, borrower: str = "B-1", **fields: Any) -> RestrictionAnswer:
    """A restriction that is taken."""
    body = {"creditor": ACME, "kind": "attorney", "source": "letter", "since": gateway.clock.now(), **fields}
    request = msgspec.convert(body, RestrictionRequest)
    answer = await gateway.service.add_restriction(gateway.caller, borrower, request)
    assert isinstance(answer, RestrictionAnswer)
    return answer


async def report(gateway: Gateway, key: str = "event-1", **fields: Any) -> object:
    """What the API answers to a reported event."""
    body = {
        "creditor": ACME, "borrower": "B-1", "kind": "attempt", "channel": "sms", "at": gateway.clock.now(), **fields,
    }  # fmt: skip
    raw = msgspec.json.encode(body)
    request = msgspec.json.decode(raw, type=EventReport)
    return await gateway.service.report_event(gateway.caller, request, idempotency_key=key, raw=raw)


async def dry(
    gateway: Gateway, *, facts: Any = None, at: Any = None, packs: Any = None, **changes: Any
) -> object:
    """What a dry run answers."""
    return await gateway.service.decide(
        gateway.caller,
        msgspec.convert(request_body(**changes), ContactRequest),
        at=at,
        packs=packs,
        facts=None if facts is None else msgspec.convert(facts, HypotheticalFacts),
    )


OPT_OUTS = [
    ({"scope": "address", "channel": "sms", "address": PHONE}, "suppressed-address", {}, MAIL),
    ({"scope": "channel", "channel": "sms", "borrower": "B-1"}, "suppressed-channel", {}, MAIL),
    ({"scope": "debt", "debt": "D-1", "borrower": "B-1"}, "suppressed-debt", {}, {"debts": "D-2"}),
    ({"scope": "all", "borrower": "B-1"}, "suppressed-all", MAIL, {"borrower": "B-2"}),
]


@pytest.mark.parametrize(("fields", "code", "closed", "open_still"), OPT_OUTS)
async def test_opt_outs_bind_what_they_say(
    gateway: Gateway, fields: dict[str, Any], code: str, closed: dict[str, Any], open_still: dict[str, Any]
) -> None:
    """An opt-out of an address, a channel, a debt or a person closes that at once, and nothing else."""
    waiting = await gateway.accept(**closed)
    answer = await stop(gateway, **fields)
    assert isinstance(answer, OptOutAnswer)
    assert await gateway.hand_off(waiting.id) == 0
    assert (await gateway.get(waiting.id)).code == code
    assert (await gateway.accept(**closed)).code == code
    assert (await gateway.accept(**open_still)).status == "queued"


async def test_an_opt_out_of_a_person_binds_its_creditor_unless_all_are_meant(gateway: Gateway) -> None:
    """A person who wants nothing of one creditor may still hear from another, unless the opt-out says all."""
    shared = caller_for(namespace="group")
    gateway.caller = shared
    await stop(gateway, scope="all", borrower="B-1")
    assert (await gateway.accept(creditor=OTHER)).status == "queued"
    await stop(gateway, scope="all", borrower="B-1", all_creditors=True)
    assert (await gateway.accept(creditor=OTHER)).code == "suppressed-all"


@pytest.mark.parametrize("scope", ["address", "channel", "debt", "all"])
async def test_an_incomplete_opt_out_says_what_is_missing(gateway: Gateway, scope: str) -> None:
    """An opt-out that does not say of what is refused with every missing field, and stores nothing."""
    refused = await stop(gateway, scope=scope)
    assert isinstance(refused, Invalid)
    assert await gateway.owner.fetchval("SELECT count(*) FROM suppression") == 0


async def test_the_answer_waits_for_live_permits(
    gateway: Gateway, adapter: ScriptedAdapter, clock: MovedClock
) -> None:
    """The API's 200 to an opt-out means that nothing can leave any more: it waits for the permit that is being used."""
    asked: list[asyncio.Task[object]] = []

    async def ask(_message: Message) -> None:
        asked.append(asyncio.create_task(stop(gateway, scope="all", borrower="B-1")))
        await until(lambda: gateway.owner.fetchval("SELECT count(*) FROM suppression"))
        await asyncio.sleep(0.03)
        assert not asked[0].done()

    adapter.before = ask
    await gateway.hand_off((await gateway.accept()).id)
    assert isinstance(await asyncio.wait_for(asked[0], 5), OptOutAnswer)
    assert len(adapter.sent) == 1


async def test_restrictions_bind_until_lifted_or_over(gateway: Gateway, clock: MovedClock) -> None:
    """A recorded restriction denies at once, ends on its date or when it is lifted, and both are listed."""
    await restrict(gateway, kind="dispute", until=clock.now() + timedelta(hours=1))
    clock.move(timedelta(seconds=1))
    attorney = await restrict(gateway)
    assert (await gateway.accept()).status == "denied"
    clock.move(timedelta(hours=1))
    assert (await gateway.accept()).status == "denied"
    lift = LiftRequest(creditor=ACME, source="letter")
    for _ in range(2):
        lifted = await gateway.service.lift_restriction(gateway.caller, "B-1", attorney.id, lift)
        assert isinstance(lifted, RestrictionAnswer)
        assert lifted.lifted_at == clock.now()
    assert (await gateway.accept()).status == "queued"
    listed = await gateway.service.list_restrictions(gateway.caller, "B-1", ACME)
    assert isinstance(listed, RestrictionList)
    assert [one.kind.value for one in listed.items] == ["dispute", "attorney"]
    kinds = [type(leaf).__name__ for leaf in await gateway.leaves()]
    assert kinds.count("RestrictionLifted") == 1


async def test_a_restriction_in_between_denies(gateway: Gateway, adapter: ScriptedAdapter) -> None:
    """An attorney who is named while a contact waits is heeded in the last moment."""
    waiting = await gateway.accept()
    await restrict(gateway)
    await gateway.hand_off(waiting.id)
    assert await gateway.state(waiting.id) == "denied"
    assert adapter.sent == []


async def test_other_creditors_restrictions_are_not_there(gateway: Gateway) -> None:
    """A restriction towards one creditor can neither be seen nor lifted by another that shares the person."""
    gateway.caller = caller_for(namespace="group")
    mine = await restrict(gateway)
    listed = await gateway.service.list_restrictions(gateway.caller, "B-1", OTHER)
    assert listed == RestrictionList(items=())
    lift = LiftRequest(creditor=OTHER, source="letter")
    assert await gateway.service.lift_restriction(gateway.caller, "B-1", mine.id, lift) == Missing()
    assert await gateway.service.lift_restriction(gateway.caller, "B-1", "nonsense", lift) == Missing()
    assert await gateway.service.list_restrictions(gateway.caller, "nobody", ACME) == Missing()


async def test_consents_are_kept_with_their_words(gateway: Gateway, clock: MovedClock) -> None:
    """A consent is stored with its wording and evidence, and told back; an address needs its channel."""
    body = {
        "creditor": ACME, "purpose": "texts", "given_at": clock.now(), "source": "web", "channel": "sms",
        "address": PHONE, "wording": "I agree", "evidence": "file-7",
    }  # fmt: skip
    await gateway.service.add_consent(gateway.caller, "B-1", msgspec.convert(body, ConsentRequest))
    listed = await gateway.service.list_consents(gateway.caller, "B-1", ACME)
    assert isinstance(listed, ConsentList)
    assert [(one.wording, one.evidence) for one in listed.items] == [("I agree", "file-7")]
    del body["channel"]
    refused = await gateway.service.add_consent(gateway.caller, "B-1", msgspec.convert(body, ConsentRequest))
    assert isinstance(refused, Invalid)


async def test_what_happened_elsewhere_counts(gateway: Gateway, clock: MovedClock) -> None:
    """A text that an agent sent from elsewhere takes the place of the day; reported twice it counts once."""
    first = await report(gateway)
    assert isinstance(first, EventAnswer)
    assert await report(gateway) == first
    assert await report(gateway, kind="letter") == Conflict()
    assert await gateway.counted() == 1
    assert (await gateway.accept()).code == "cap-reached"
    assert isinstance(await report(gateway, key="2", at=clock.now() + timedelta(seconds=1)), Invalid)


async def test_an_event_in_between_defers(gateway: Gateway, adapter: ScriptedAdapter) -> None:
    """An event reported while a contact waits is counted before it leaves."""
    waiting = await gateway.accept()
    await report(gateway)
    await gateway.hand_off(waiting.id)
    assert await gateway.state(waiting.id) == "scheduled"
    assert adapter.sent == []


async def test_two_first_facts_about_one_person(gateway: Gateway) -> None:
    """Facts about somebody never heard of make one person, and every record names the person that was made."""
    await asyncio.gather(*(report(gateway, key=str(n)) for n in range(4)), restrict(gateway))
    subject = await gateway.owner.fetchval("SELECT subject FROM borrower")
    leaves = [leaf for leaf in await gateway.leaves() if hasattr(leaf, "subj")]
    assert len(leaves) == 5
    assert {leaf.subj for leaf in leaves} == {subject}


async def test_a_dry_run_leaves_nothing(gateway: Gateway, clock: MovedClock) -> None:
    """A dry run answers what acceptance would, and writes, reserves and records nothing at all."""
    before = len(await gateway.leaves())
    asked = await dry(gateway)
    assert isinstance(asked, DecisionBody)
    assert asked.verdict == "allow"
    assert any(rule.outcome == "not_applicable" for rule in asked.rules)
    for table in ("contact", "borrower", "address", "idempotency"):
        assert await gateway.owner.fetchval(f"SELECT count(*) FROM {table}") == 0
    assert len(await gateway.leaves()) == before
    assert (await gateway.accept()).status == "queued"


async def test_a_dry_run_knows_what_is_stored(gateway: Gateway) -> None:
    """Without facts of its own a dry run is decided on the stored ones."""
    await gateway.hand_off((await gateway.accept()).id)
    asked = await dry(gateway)
    assert isinstance(asked, DecisionBody)
    assert (asked.verdict, asked.code) == ("defer", "cap-reached")


async def test_a_hypothetical_run_knows_only_what_it_is_given(gateway: Gateway, clock: MovedClock) -> None:
    """Given facts replace the stored ones; given packs and a given instant replace all rules and now."""
    now = clock.now()
    await gateway.hand_off((await gateway.accept()).id)
    told = {"events": [{"kind": "attempt", "channel": "sms", "at": now.isoformat(), "debts": ["D-1"]}]}
    cases: list[tuple[dict[str, Any], tuple[str, str]]] = [
        ({"facts": {}}, ("allow", "ok")),
        ({"facts": told}, ("defer", "cap-reached")),
        ({"facts": {"suppressions": [{"scope": "all", "since": now}]}}, ("deny", "suppressed-all")),
        (
            {"facts": {"suppressions": [{"scope": "debt", "since": now, "debt": "D-1"}]}},
            ("deny", "suppressed-debt"),
        ),
        ({"facts": {"restrictions": [{"kind": "cease", "since": now}]}}, ("deny", "restricted-cease")),
        ({"facts": {}, "at": now + timedelta(hours=10)}, ("defer", "outside-hours")),
        ({"facts": told, "packs": ("US-FED-REGF",)}, ("allow", "ok")),
    ]
    for arguments, expected in cases:
        asked = await dry(gateway, **arguments)
        assert isinstance(asked, DecisionBody), asked
        assert (asked.verdict, asked.code) == expected, arguments
    for packs in ((), ("NO-SUCH",)):
        assert isinstance(await dry(gateway, packs=packs), Invalid)


async def test_availability_per_channel(gateway: Gateway, clock: MovedClock) -> None:
    """After a text of today, texts are next allowed tomorrow morning, mail at once, with what is left of each cap."""
    assert await gateway.service.availability(gateway.caller, "B-1", ACME) == Missing()
    await gateway.hand_off((await gateway.accept()).id)
    found = await gateway.service.availability(gateway.caller, "B-1", ACME)
    assert isinstance(found, AvailabilityAnswer)
    by_channel = {one.channel.value: one for one in found.channels}
    assert set(by_channel) == {"sms", "voice", "email", "push"}
    assert (by_channel["sms"].verdict, by_channel["sms"].rule) == ("defer", "HOUSE.sms-per-day")
    assert by_channel["sms"].next_allowed == clock.now().replace(hour=14) + timedelta(days=1)
    assert by_channel["email"].verdict == "allow"
    used = {budget.rule: (budget.used, budget.limit) for budget in by_channel["sms"].budgets}
    assert used["HOUSE.sms-per-day"] == (1, 1)
    assert used["HOUSE.all-per-week"] == (1, 7)
    assert await gateway.service.availability(gateway.caller, "B-1", OTHER) == Missing()


async def test_availability_knows_a_closed_number(gateway: Gateway) -> None:
    """A number that said STOP is closed for texts and calls; mail is open."""
    await gateway.accept()
    await gateway.reply("STOP")
    found = await gateway.service.availability(gateway.caller, "B-1", ACME)
    assert isinstance(found, AvailabilityAnswer)
    verdicts = {one.channel.value: one.verdict.value for one in found.channels}
    assert verdicts["sms"] == "deny"
    assert verdicts["voice"] == "deny"
    assert verdicts["email"] == "allow"


async def test_only_who_recorded_a_restriction_may_lift_it(gateway: Gateway) -> None:
    """In a shared namespace another creditor sees an attorney's restriction, is bound by it, and cannot lift it."""
    ours, theirs = caller_for(ACME, namespace="shared"), caller_for(OTHER, namespace="shared")
    at = gateway.clock.now()
    request = RestrictionRequest(
        creditor=ACME, kind=RestrictionKind.ATTORNEY, since=at, source="letter", all_creditors=True
    )
    made = await gateway.service.add_restriction(ours, "B-1", request)
    assert isinstance(made, RestrictionAnswer)
    lift = LiftRequest(creditor=OTHER, source="agent")
    assert await gateway.service.lift_restriction(theirs, "B-1", made.id, lift) == Missing()
    found = await gateway.service.list_restrictions(theirs, "B-1", OTHER)
    assert isinstance(found, RestrictionList)
    assert [one.lifted_at for one in found.items] == [None]
    own = LiftRequest(creditor=ACME, source="agent")
    assert isinstance(await gateway.service.lift_restriction(ours, "B-1", made.id, own), RestrictionAnswer)
