"""Who may look at the handset page and act on it."""

from collections.abc import AsyncIterator

import pytest

from channels.sandbox_carrier import CarrierSettings, build_carrier
from tests.sandbox_rig import AT, LIVE, PAGE_TOKEN, Sandbox, message, running_sandbox


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with running_sandbox() as sandbox:
        yield sandbox


async def enter(box: Sandbox) -> None:
    async with box.browser.get(f"{box.url}/enter?token={PAGE_TOKEN}") as answer:
        assert answer.status == 200


@pytest.mark.parametrize("path", ["/", "/state", "/events", "/app.js", "/enter", "/enter?token=wrong"])
async def test_without_the_link_the_page_stays_shut(box: Sandbox, path: str):
    """Messages are personal: without the printed link nobody sees them, and is told where the link is."""
    async with box.browser.get(box.url + path) as answer:
        assert answer.status == 401
        assert "Forbear prints it in the terminal" in await answer.text()
        assert box.browser.cookie_jar.filter_cookies(answer.url) == {}


async def test_the_link_opens_the_page_and_leaves_the_address_bar(box: Sandbox):
    """The link's token becomes a cookie that scripts cannot read and other sites cannot use."""
    async with box.browser.get(f"{box.url}/enter?token={PAGE_TOKEN}") as answer:
        cookie = answer.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert "Path=/sandbox/" in cookie
        assert PAGE_TOKEN not in cookie
        assert answer.headers["Referrer-Policy"] == "no-referrer"
    for path in ("", "/", "/state", "/app.js", "/style.css"):
        async with box.browser.get(box.url + path) as answer:
            assert answer.status == 200
            assert "'unsafe" not in answer.headers["Content-Security-Policy"]
            assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
            assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({}, 200),
    ],
)
async def test_another_sites_page_cannot_answer_for_a_person(
    box: Sandbox, headers: dict[str, str], status: int
):
    """A forged request from another site sends no STOP in a person's name."""
    await enter(box)
    await box.adapter.send(message(1, "+12025550112"), LIVE)
    body = {"text": "STOP"}
    async with box.browser.post(f"{box.url}/handsets/h1/reply", json=body, headers=headers) as answer:
        assert answer.status == status
    assert len(box.inbound) == (1 if status == 200 else 0)


async def test_a_cookie_does_not_submit_messages(box: Sandbox):
    """Who may look may not send: submissions need the carrier's own token."""
    await enter(box)
    async with box.browser.post(f"{box.url}/carrier/messages", data=b"") as answer:
        assert answer.status == 401


@pytest.mark.parametrize("empty", ["token", "webhook_secret", "page_token"])
def test_a_carrier_without_a_secret_does_not_start(empty: str):
    """Empty means no: an empty secret would open the page or the callbacks to anyone."""
    secrets = {"token": "t", "webhook_secret": "w", "page_token": "p", empty: ""}
    with pytest.raises(ValueError, match="one is empty"):
        build_carrier(CarrierSettings(**secrets, webhook_url="http://127.0.0.1:1/"), clock=lambda: AT)
