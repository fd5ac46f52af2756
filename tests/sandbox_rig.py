"""The sandbox as the gateway sees it: our carrier and our adapter for real, and a gateway that notes callbacks."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import aiohttp
from aiohttp import web

from channels.base import (
    Account,
    Adapter,
    ChannelName,
    Content,
    Inbound,
    Message,
    Receipt,
    SmsContent,
    WebhookEvents,
)
from channels.sandbox import open_channel
from channels.sandbox_carrier import CarrierSettings, build_carrier
from channels.sandbox_webhooks import webhook_reader

AT = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
MOUNT = "/sandbox"
TOKEN, PAGE_TOKEN, WEBHOOK_SECRET = "carrier-token", "page-token", "webhook-secret"


class LiveLease:
    """A permit that outlasts every test."""

    def live(self) -> bool:
        return True


LIVE = LiveLease()


def message(number: int, destination: str, content: Content | None = None, **changes: str) -> Message:
    """A message; a text unless `content` says otherwise."""
    content = content or SmsContent(text="Your payment is due. Reply STOP to opt out")
    channel = ChannelName(type(content).__name__.removesuffix("Content").lower())
    given = {"attempt_id": f"a{number}", "sender": "+12025550100", "locale": "en-US", **changes}
    return Message(channel=channel, destination=destination, content=content, **given)


class Sandbox:
    """Everything that runs, and what the gateway has been told."""

    def __init__(self, url: str, account: Account, adapter: Adapter, browser: aiohttp.ClientSession) -> None:
        self.url = url
        self.account = account
        self.adapter = adapter
        self.browser = browser
        self.receipts: list[Receipt] = []
        self.inbound: list[Inbound] = []
        self.posts = 0
        self.answer_with = 200
        self._told = asyncio.Event()

    def count_post(self) -> None:
        self.posts += 1
        self._told.set()

    def take(self, events: WebhookEvents) -> None:
        self.receipts += events.receipts
        self.inbound += events.inbound
        self._told.set()

    async def until(self, done: Callable[[], bool], timeout_s: float = 10.0) -> None:
        """Wait until the gateway has been told enough."""
        async with asyncio.timeout(timeout_s):
            while not done():
                self._told.clear()
                await self._told.wait()


@asynccontextmanager
async def running_sandbox() -> AsyncIterator[Sandbox]:
    """A carrier mounted as the API server mounts it, an adapter open to it, a gateway for its callbacks."""
    box: Sandbox

    async def webhook(request: web.Request) -> web.Response:
        box.count_post()
        if box.answer_with != 200:
            return web.Response(status=box.answer_with)
        events = webhook_reader(box.account).read(request.headers, await request.read(), AT)
        assert isinstance(events, WebhookEvents), "the carrier's own callback was refused"
        assert request.match_info["account"] == box.account.name
        box.take(events)
        return web.Response()

    gateway = web.Application()
    gateway.router.add_post("/v1/webhooks/{account}", webhook)
    async with _serving(gateway) as gateway_url:
        settings = CarrierSettings(
            token=TOKEN,
            webhook_secret=WEBHOOK_SECRET,
            page_token=PAGE_TOKEN,
            webhook_url=f"{gateway_url}/v1/webhooks/{{account}}",
        )
        front = web.Application()
        front.add_subapp(MOUNT, build_carrier(settings, clock=lambda: AT))
        jar = aiohttp.CookieJar(unsafe=True)  # 127.0.0.1 is an address; a browser keeps its cookies too
        async with _serving(front) as front_url, aiohttp.ClientSession(cookie_jar=jar) as browser:
            account = _account(front_url + MOUNT)
            async with open_channel(account) as adapter:
                box = Sandbox(front_url + MOUNT, account, adapter, browser)
                yield box


@asynccontextmanager
async def _serving(app: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def _account(url: str) -> Account:
    return Account(
        name="sandbox",
        provider="sandbox",
        channels=frozenset(ChannelName),
        settings={"url": url, "answer_deadline_s": "3"},
        secrets={"token": TOKEN, "webhook": WEBHOOK_SECRET},
        rate_per_s=1000.0,
        burst=100,
        concurrency=4,
    )
