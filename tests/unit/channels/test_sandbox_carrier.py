"""The sandbox carrier, its adapter and its callbacks together: each scripted address does what the legend says."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from channels.base import (
    EmailContent,
    PushContent,
    ReceiptStatus,
    RefusalKind,
    Refused,
    Submitted,
    Unknown,
    VoiceContent,
)
from tests.sandbox_rig import LIVE, TOKEN, Sandbox, message, running_sandbox

DELIVERED, UNDELIVERED, PENDING = ReceiptStatus.DELIVERED, ReceiptStatus.UNDELIVERED, ReceiptStatus.PENDING
CALL = VoiceContent(
    script="The full message", voicemail="Please call back", digits=(("9", "stop"), ("1", "agent"))
)


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with running_sandbox() as sandbox:
        yield sandbox


async def state(box: Sandbox, query: str = "") -> dict:
    async with box.browser.get(
        f"{box.url}/state{query}", headers={"Authorization": f"Bearer {TOKEN}"}
    ) as answer:
        assert answer.status == 200
        return await answer.json()


async def act(box: Sandbox, path: str, body: object, **headers: str) -> tuple[int, dict]:
    headers = {"Authorization": f"Bearer {TOKEN}", **headers}
    async with box.browser.post(f"{box.url}/{path}", json=body, headers=headers) as answer:
        return answer.status, json.loads(await answer.text())


@pytest.mark.parametrize(
    ("ending", "kind", "code"),
    [
        ("04", RefusalKind.PERMANENT, "REJECTD"),
        ("05", RefusalKind.PERMANENT, "BADADDR"),
        ("06", RefusalKind.TRANSIENT, "SYSERR"),
        ("13", RefusalKind.CONSENT, "OPTOUT"),
    ],
)
async def test_refusals(box: Sandbox, ending: str, kind: RefusalKind, code: str):
    """An address scripted to refuse is refused with its reason, and its message reaches no screen."""
    outcome = await box.adapter.send(message(1, f"+120255501{ending}"), LIVE)
    assert isinstance(outcome, Refused)
    assert (outcome.kind, outcome.code) == (kind, code)
    (handset,) = (await state(box))["handsets"]
    assert [item["content"] for item in handset["items"]] == [None]


@pytest.mark.parametrize(
    ("ending", "statuses"),
    [
        ("01", [DELIVERED]),
        ("02", [UNDELIVERED]),
        ("03", [UNDELIVERED]),
        ("10", [DELIVERED]),
        ("11", [PENDING, DELIVERED, DELIVERED]),
        ("14", [DELIVERED]),
        ("00", [DELIVERED]),
    ],
)
async def test_receipts(box: Sandbox, ending: str, statuses: list[ReceiptStatus]):
    """A message that is taken is followed by the receipts of its script, in their order."""
    outcome = await box.adapter.send(message(1, f"+120255501{ending}"), LIVE)
    assert isinstance(outcome, Submitted)
    await box.until(lambda: len(box.receipts) >= len(statuses))
    assert [receipt.status for receipt in box.receipts] == statuses
    assert {receipt.provider_id for receipt in box.receipts} == {outcome.provider_id}
    assert {receipt.attempt_id for receipt in box.receipts} == {"a1"}


async def test_a_receipt_can_overtake_the_answer(box: Sandbox):
    """Ending 10: the gateway hears that the message was delivered before it hears that it was taken."""
    outcome = await box.adapter.send(message(1, "+12025550110"), LIVE)
    assert isinstance(outcome, Submitted)
    assert [receipt.status for receipt in box.receipts] == [DELIVERED]


async def test_a_repeated_receipt_is_the_same_event(box: Sandbox):
    """Ending 11: the carrier reports the delivery twice under one event id, so that it can be counted once."""
    await box.adapter.send(message(1, "+12025550111"), LIVE)
    await box.until(lambda: len(box.receipts) == 3)
    assert box.receipts[1] == box.receipts[2]
    assert box.receipts[0].event_id != box.receipts[1].event_id


async def test_throttled_twice_then_taken(box: Sandbox):
    """Ending 07: two attempts are refused for now, the third goes through, and the next message starts anew."""
    kinds = [type(await box.adapter.send(message(number, "+12025550107"), LIVE)) for number in range(4)]
    assert kinds == [Refused, Refused, Submitted, Refused]


async def test_silence_and_cut_leave_unknown_and_harm_no_other(box: Sandbox):
    """Endings 08 and 09: the message arrives, its answer does not; those beside it in the request are told theirs."""
    endings = ["14", "08", "15", "09", "16"]
    outcomes = await asyncio.gather(
        *(box.adapter.send(message(n, f"+120255501{ending}"), LIVE) for n, ending in enumerate(endings))
    )
    assert [type(outcome) for outcome in outcomes] == [Submitted, Unknown, Submitted, Unknown, Submitted]
    await box.until(lambda: any(receipt.attempt_id == "a3" for receipt in box.receipts))
    assert len((await state(box))["handsets"]) == 5


async def test_a_carrier_counts_what_it_gets_twice(box: Sandbox):
    """A carrier knows no idempotency: an attempt submitted twice arrives twice, and the count shows it."""
    for number in (1, 1, 2):
        await box.adapter.send(message(number, "+12025550114"), LIVE)
    seen = await state(box, "?submissions=all")
    assert seen["repeated"] == {"a1": 2}
    assert seen["submissions"] == {"a1": 2, "a2": 1}
    assert seen["submissions_total"] == 3


async def test_a_reply_reaches_the_gateway(box: Sandbox):
    """What a person writes on a handset comes to the gateway signed, as an answer to the last message."""
    await box.adapter.send(message(1, "+12025550112", sender="+12025550199"), LIVE)
    status, item = await act(box, "handsets/h1/reply", {"text": "STOP"})
    assert (status, item["status"], item["text"]) == (200, 200, "STOP")
    (inbound,) = box.inbound
    assert (inbound.sender, inbound.recipient, inbound.text) == ("+12025550112", "+12025550199", "STOP")
    assert inbound.in_reply_to == "a1"


async def test_the_page_learns_what_the_gateway_said(box: Sandbox):
    """A reply that the gateway refuses is shown as refused, not as delivered."""
    await box.adapter.send(message(1, "+12025550112"), LIVE)
    box.answer_with = 503
    _, item = await act(box, "handsets/h1/reply", {"text": "STOP"})
    assert item["status"] == 503


async def test_a_failed_callback_is_tried_again(box: Sandbox):
    """A receipt that the gateway could not take is brought again."""
    box.answer_with = 500
    await box.adapter.send(message(1, "+12025550101"), LIVE)
    await box.until(lambda: box.posts > 0)
    box.answer_with = 200
    await box.until(lambda: len(box.receipts) == 1)
    assert box.posts >= 2


async def test_a_call_takes_digits_only_from_a_person(box: Sandbox):
    """A machine presses no digits: until a person has answered, a digit is refused; then its meaning arrives."""
    await box.adapter.send(message(1, "+12025550112", CALL), LIVE)
    (handset,) = (await state(box))["handsets"]
    call = handset["items"][0]["id"]
    assert (await act(box, f"calls/{call}/digit", {"digit": "9"}))[0] == 409
    assert (await act(box, f"calls/{call}/answer", {"by": "person"}))[1]["answered_by"] == "person"
    assert (await act(box, f"calls/{call}/answer", {"by": "machine"}))[1]["answered_by"] == "person"
    for _ in range(2):
        status, item = await act(box, f"calls/{call}/digit", {"digit": "9"})
        assert (status, item["text"]) == (200, "pressed 9 (stop)")
    assert [inbound.text for inbound in box.inbound] == ["stop", "stop"]
    assert len({inbound.event_id for inbound in box.inbound}) == 1, "one key of one call is one event"


async def test_every_channel_has_its_screen(box: Sandbox):
    """Texts, mails, calls and notifications arrive with all their parts."""
    contents = [
        EmailContent(
            subject="Subject", text="Text", headers=(("List-Unsubscribe", "<mailto:x@example.org>"),)
        ),
        PushContent(title="Title", body="Body", lock_screen="You have a message"),
        CALL,
    ]
    for number, (content, address) in enumerate(
        zip(contents, ("jordan@example.com", "token-example", "+12025550114"), strict=True)
    ):
        assert isinstance(await box.adapter.send(message(number, address, content), LIVE), Submitted)
    shown = {h["channel"]: h["items"][0]["content"] for h in (await state(box))["handsets"]}
    assert shown["email"]["subject"] == "Subject"
    assert shown["email"]["headers"] == [["List-Unsubscribe", "<mailto:x@example.org>"]]
    assert shown["push"]["lock_screen"] == "You have a message"
    assert shown["voice"]["voicemail"] == "Please call back"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("handsets/h99/reply", {"text": "STOP"}, 404),
        ("handsets/h1/reply", {"text": ""}, 400),
        ("handsets/h1/reply", {"text": "x" * 1001}, 400),
        ("handsets/h1/reply", {"text": "x" * 10_000}, 400),
        ("handsets/h1/reply", {"text": "STOP", "more": 1}, 400),
        ("calls/none/answer", {"by": "person"}, 404),
        ("calls/none/digit", {"digit": "9"}, 404),
    ],
)
async def test_nonsense_from_the_page_is_refused(box: Sandbox, path: str, body: dict, status: int):
    """A reply out of bounds, or from a handset that is gone, is refused and reaches no gateway."""
    await box.adapter.send(message(1, "+12025550112"), LIVE)
    assert (await act(box, path, body))[0] == status
    assert box.inbound == []


@pytest.mark.parametrize("raw", [b"", b"{}\n", b"\xff\n", b'{"attempt_id":"a1"}\n'])
async def test_a_submission_that_cannot_be_read_is_refused(box: Sandbox, raw: bytes):
    """The carrier takes whole requests of whole messages; an empty one is none."""
    headers = {"Authorization": f"Bearer {TOKEN}", "X-Sandbox-Account": "sandbox"}
    async with box.browser.post(f"{box.url}/carrier/messages", data=raw, headers=headers) as answer:
        assert answer.status == (400 if raw else 200)
        assert await answer.read() == b"" or answer.status == 400


async def test_a_thousand_at_once(box: Sandbox):
    """A thousand sends at the same time share few requests; each has its outcome, its own id and one receipt."""
    outcomes = await asyncio.gather(
        *(box.adapter.send(message(n, f"+1202555{n % 80 + 120:04d}"), LIVE) for n in range(1000))
    )
    assert Counter(type(outcome) for outcome in outcomes) == {Submitted: 1000}
    assert len({outcome.provider_id for outcome in outcomes if isinstance(outcome, Submitted)}) == 1000
    await box.until(lambda: len(box.receipts) == 1000)
    assert len({receipt.attempt_id for receipt in box.receipts}) == 1000
