"""The handset page in a real browser: what a newcomer sees and does."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from channels.base import EmailContent, PushContent, SmsContent, VoiceContent
from tests.sandbox_rig import LIVE, PAGE_TOKEN, Sandbox, message, running_sandbox

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
CALL = VoiceContent(
    script="Hello Sam, your payment is late. Press 9 to stop these calls.",
    voicemail="Please call us back at 202 555 0100.",
    digits=(("1", "agent"), ("9", "stop")),
)

# One browser for the whole file, hence one event loop: starting it costs more than most of these tests.
pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def box() -> AsyncIterator[Sandbox]:
    async with running_sandbox() as sandbox:
        yield sandbox


@pytest_asyncio.fixture(loop_scope="module")
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A browser that has never been here."""
    context = await browser.new_context(viewport={"width": 1280, "height": 900})
    yield context
    await context.close()


@pytest_asyncio.fixture(loop_scope="module")
async def page(box: Sandbox, context: BrowserContext) -> AsyncIterator[Page]:
    """The page, opened by its link; a script error or a blocked resource fails the test."""
    complaints: list[str] = []
    page = await context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None
    )
    await page.goto(f"{box.url}/enter?token={PAGE_TOKEN}")
    await expect(page.get_by_text("live", exact=True)).to_be_visible()
    yield page
    assert complaints == []


async def test_without_the_link_a_browser_is_told_where_it_is(box: Sandbox, context: BrowserContext):
    """Somebody who only guesses the address sees no message, but learns how to come in."""
    page = await context.new_page()
    await page.goto(box.url)
    await expect(page.get_by_role("heading", name="This page needs its link")).to_be_visible()


async def test_an_empty_page_explains_itself(page: Page, box: Sandbox):
    """Before the first message the page says what it is for; the link's token is no longer in the address bar."""
    await expect(page.get_by_role("heading", name="Nothing has arrived yet")).to_be_visible()
    await expect(page.get_by_text("Pretend phones and inboxes.")).to_be_visible()
    assert page.url == f"{box.url}/"


async def test_a_text_arrives_live_and_stop_goes_back(page: Page, box: Sandbox):
    """A text appears without a reload; one press on STOP reaches the gateway, and the page says so."""
    await box.adapter.send(message(1, "+12025550114"), LIVE)
    phone = page.get_by_role("region", name="Text: +12025550114")
    await expect(phone.get_by_text("Reply STOP to opt out")).to_be_visible()
    await phone.get_by_role("button", name="STOP").click()
    await expect(phone.get_by_text("STOP delivered to the gateway: 200")).to_be_visible()
    assert [(inbound.sender, inbound.text) for inbound in box.inbound] == [("+12025550114", "STOP")]


async def test_a_free_reply_by_keyboard(page: Page, box: Sandbox):
    """A person without a mouse writes a reply, sends it with Enter, and finds the box empty again."""
    await box.adapter.send(message(1, "+12025550114"), LIVE)
    field = page.get_by_role("textbox", name="Reply from +12025550114")
    await field.focus()
    await page.keyboard.type("please call me on Monday")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("please call me on Monday delivered to the gateway: 200")).to_be_visible()
    await expect(field).to_have_value("")
    assert [inbound.text for inbound in box.inbound] == ["please call me on Monday"]


async def test_a_refused_reply_is_not_shown_as_delivered(page: Page, box: Sandbox):
    """When the gateway refuses a reply the page says refused."""
    await box.adapter.send(message(1, "+12025550112"), LIVE)
    box.answer_with = 503
    await page.get_by_role("button", name="STOP").click()
    await expect(page.locator(".fate.bad")).to_contain_text("STOP refused by the gateway: 503")


async def test_a_call_tells_person_and_machine_apart(page: Page, box: Sandbox):
    """Voicemail hears the limited message only; a person hears all of it and can press a digit."""
    await box.adapter.send(message(1, "+12025550114", CALL), LIVE)
    await box.adapter.send(message(2, "+12025550115", CALL), LIVE)
    machine = page.get_by_role("region", name="Call: +12025550115")
    await expect(machine.get_by_text("Incoming call")).to_be_visible()
    await expect(page.get_by_text("your payment is late")).to_have_count(0)
    await machine.get_by_role("button", name="Let voicemail take it").click()
    await expect(machine.get_by_text("Please call us back at 202 555 0100.")).to_be_visible()
    await expect(machine.get_by_text("your payment is late")).to_have_count(0)
    await expect(machine.get_by_role("button")).to_have_count(0)
    person = page.get_by_role("region", name="Call: +12025550114")
    await person.get_by_role("button", name="Answer as a person").click()
    await expect(person.get_by_text("your payment is late")).to_be_visible()
    await person.get_by_role("button", name="9 stop").click()
    await expect(person.get_by_text("pressed 9 (stop) delivered to the gateway: 200")).to_be_visible()
    assert [inbound.text for inbound in box.inbound] == ["stop"]


async def test_a_locked_phone_shows_the_neutral_line_only(page: Page, box: Sandbox):
    """A debt on a lock screen is disclosure: the body shows after the tap that unlocks."""
    push = PushContent(title="Payment due", body="Your payment of $84.20", lock_screen="You have a message")
    await box.adapter.send(message(1, "token-example", push, sender="Harbor Lending"), LIVE)
    phone = page.get_by_role("region", name="Push: token-example")
    await expect(phone.get_by_text("You have a message")).to_be_visible()
    await expect(phone.get_by_text("$84.20")).not_to_be_visible()
    await expect(phone.get_by_text("Payment due")).not_to_be_visible()
    await phone.get_by_text("You have a message").click()
    await expect(phone.get_by_text("$84.20")).to_be_visible()


async def test_a_mail_offers_its_unsubscribe(page: Page, box: Sandbox):
    """A mail with a List-Unsubscribe header has a button for it, which opts the person out."""
    mail = EmailContent(
        subject="Your account", text="Hello", headers=(("List-Unsubscribe", "<mailto:x@example.org>"),)
    )
    await box.adapter.send(message(1, "jordan@example.com", mail), LIVE)
    inbox = page.get_by_role("region", name="Mail: jordan@example.com")
    await expect(inbox.get_by_text("Your account")).to_be_visible()
    await inbox.get_by_role("button", name="Unsubscribe").click()
    await expect(inbox.get_by_text("UNSUBSCRIBE delivered to the gateway: 200")).to_be_visible()


async def test_a_message_is_text_and_never_markup(page: Page, box: Sandbox):
    """A text full of markup shows as it was written: nothing in it runs or loads."""
    evil = "<img src=x onerror=alert(1)><script>alert(2)</script><b>bold</b>"
    await box.adapter.send(message(1, "+12025550114", SmsContent(text=evil), sender="<b>x</b>"), LIVE)
    await expect(page.get_by_text(evil)).to_be_visible()
    await expect(page.locator("#cards img, #cards script, #cards b")).to_have_count(0)


async def test_what_did_not_arrive_says_why(page: Page, box: Sandbox):
    """A scripted address that refuses shows no message but the reason, which the legend explains."""
    await box.adapter.send(message(1, "+12025550105"), LIVE)
    await expect(page.get_by_text("A message did not arrive: no such subscriber")).to_be_visible()
    await page.get_by_text("Addresses that misbehave on purpose").click()
    await expect(page.get_by_role("row", name="05 bad address")).to_be_visible()
    await expect(page.locator("#scripts tr")).to_have_count(14)


async def test_many_phones_stay_findable(page: Page, box: Sandbox):
    """Of forty phones the latest are shown, the rest on request, and any is found by its number or channel."""
    for number in range(40):
        await box.adapter.send(message(number, f"+12025550{114 + number}"), LIVE)
    await expect(page.get_by_text("40 messages taken")).to_be_visible()
    await expect(page.locator(".card:visible")).to_have_count(24)
    await page.get_by_role("button", name="Show more (16)").click()
    await expect(page.locator(".card:visible")).to_have_count(40)
    await page.get_by_role("searchbox").fill("0120")
    await expect(page.locator(".card:visible")).to_have_count(1)
    await page.get_by_role("searchbox").fill("")
    await page.get_by_role("button", name="Calls").click()
    await expect(page.get_by_text("No phone or inbox fits.")).to_be_visible()


async def test_a_reload_loses_nothing(page: Page, box: Sandbox):
    """Messages, replies and what came of them are there again after a reload."""
    await box.adapter.send(message(1, "+12025550114"), LIVE)
    await page.get_by_role("button", name="STOP").click()
    await expect(page.locator(".fate.good")).to_contain_text("STOP delivered to the gateway: 200")
    await page.reload()
    await expect(page.get_by_text("Reply STOP to opt out")).to_be_visible()
    await expect(page.locator(".fate.good")).to_contain_text("STOP delivered to the gateway: 200")


@pytest.mark.parametrize("width", [320, 768, 1280])
async def test_the_page_fits_its_window(page: Page, box: Sandbox, width: int):
    """On a phone, a tablet and a desk nothing runs out of the window."""
    await box.adapter.send(message(1, "+12025550114", SmsContent(text="w" * 300)), LIVE)
    await box.adapter.send(
        message(2, f"{'long' * 15}@example.com", EmailContent(subject="S" * 90, text="T")), LIVE
    )
    await page.set_viewport_size({"width": width, "height": 800})
    await expect(page.locator(".card")).to_have_count(2)
    box_model = await page.locator("body").bounding_box()
    assert box_model is not None
    for card in await page.locator(".card").all():
        rectangle = await card.bounding_box()
        assert rectangle is not None
        assert rectangle["x"] >= 0
        assert rectangle["x"] + rectangle["width"] <= width
