"""The sandbox carrier: a carrier with its handsets, for demonstrations and tests, as an aiohttp application.

It is mounted under `/sandbox` of the API server or run alone. Like a real carrier it knows nothing of idempotency:
an attempt submitted twice arrives twice, and is counted twice, so that tests can see it.
"""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from importlib import resources
from itertools import islice

import aiohttp
import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from channels.base import Message, VoiceContent
from channels.sandbox_access import SECURITY_HEADERS, enter, has_bearer, is_own_page, locked, may_look
from channels.sandbox_bodies import Answer, Digit, Reply, read_body, read_bytes
from channels.sandbox_callbacks import Callbacks
from channels.sandbox_feed import Feed
from channels.sandbox_handsets import AnsweredBy, Handsets, HandsetView
from channels.sandbox_scripts import SCRIPTS, USUAL, AnswerPlay
from channels.sandbox_switchboard import Played, Switchboard
from channels.sandbox_wire import ACCOUNT_HEADER, NDJSON, SUBMIT_PATH, Declined, decode_messages, encode

BODY_BYTES_MAX = 8 * 1024 * 1024
VIEWS_MAX = 120
EARLY_S = 2.0
"""How long an answer waits for its early receipts to be taken."""

_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_SWITCHBOARD = web.AppKey("switchboard", Switchboard)


class CarrierSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the carrier needs to know.

    `token` is the bearer of `POST /carrier/messages`, `webhook_secret` signs callbacks, `page_token` opens the page
    by `enter?token=`. `webhook_url` is the gateway's callback address, with `{account}` where the name goes.
    """

    token: str
    webhook_secret: str
    page_token: str
    webhook_url: str

    def __repr__(self) -> str:
        """Say nothing of the secrets."""
        return f"CarrierSettings(webhook_url={self.webhook_url!r})"


class State(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the page shows; `repeated` are the attempts that were submitted more than once."""

    handsets: tuple[HandsetView, ...]
    scripts: tuple[tuple[str, str, str], ...]
    submissions_total: int
    callbacks_given_up: int
    repeated: dict[str, int]
    submissions: dict[str, int] | None


def build_carrier(settings: CarrierSettings, *, clock: Callable[[], datetime]) -> web.Application:
    """The carrier as an application, to be run or mounted with `add_subapp`.

    `clock` gives the time of receipts and signatures, aware UTC. Raises `ValueError` when a secret is empty: the
    page would be open to anyone.
    """
    if not (settings.token and settings.webhook_secret and settings.page_token):
        raise ValueError("the sandbox carrier needs a token, a webhook secret and a page token; one is empty")

    async def submit(request: web.Request) -> web.StreamResponse:
        if not has_bearer(request, settings.token):
            return _problem(401, "the bearer token is missing or wrong")
        return await _submit(request)

    async def open_page(request: web.Request) -> web.StreamResponse:
        return enter(request, settings.page_token)

    # Open are the link, what the locked page needs, and submissions, which bring their own bearer.
    app = web.Application(middlewares=[_guard(settings, frozenset({submit, open_page, _style, _slash}))])
    app.cleanup_ctx.append(_life(settings, clock))
    app.on_shutdown.append(_close_feed)
    app.add_routes(
        [
            web.post(SUBMIT_PATH, submit),
            web.get("/enter", open_page),
            web.get("", _slash),
            web.get("/", _page),
            web.get("/app.js", _script),
            web.get("/style.css", _style),
            web.get("/state", _state),
            web.get("/events", _events),
            web.post("/handsets/{id}/reply", _reply),
            web.post("/calls/{id}/answer", _answer),
            web.post("/calls/{id}/digit", _digit),
        ]
    )
    return app


def _guard(settings: CarrierSettings, open_handlers: frozenset[Handler]) -> Middleware:
    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.match_info.handler in open_handlers:
            response = await handler(request)
        elif request.method == "POST" and not is_own_page(request):
            response = _problem(403, "another site's page sent this")
        elif may_look(request, settings.page_token) or has_bearer(request, settings.token):
            response = await handler(request)
        else:
            response = locked()
        if not response.prepared:
            response.headers.update(SECURITY_HEADERS)
        return response

    return guard


def _life(
    settings: CarrierSettings, clock: Callable[[], datetime]
) -> Callable[[web.Application], AsyncIterator[None]]:
    async def life(app: web.Application) -> AsyncIterator[None]:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
            callbacks = Callbacks(
                session,
                url_of=lambda account: settings.webhook_url.replace("{account}", account),
                secret=settings.webhook_secret,
                clock=clock,
            )
            app[_SWITCHBOARD] = Switchboard(Handsets(), Feed(), callbacks, clock)
            running = asyncio.create_task(callbacks.run())
            yield
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running

    return life


async def _close_feed(app: web.Application) -> None:
    app[_SWITCHBOARD].feed.close()


async def _submit(request: web.Request) -> web.StreamResponse:
    account = request.headers.get(ACCOUNT_HEADER, "")
    if _ACCOUNT.fullmatch(account) is None:
        return _problem(400, f"the header {ACCOUNT_HEADER} names no account")
    raw = await read_bytes(request, BODY_BYTES_MAX)
    if raw is None:
        return _problem(413, f"more than {BODY_BYTES_MAX} bytes")
    try:
        messages: list[Message] = decode_messages(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _problem(400, "a line is not a message")
    board = request.app[_SWITCHBOARD]
    played = [board.take(account, message) for message in messages]
    overtaking = [board.callbacks.soon(account, each.early) for each in played if each.early is not None]
    if overtaking:
        await asyncio.wait(overtaking, timeout=EARLY_S)
    answer = b"".join(encode(each.result) + b"\n" for each in played if _is_told(each))
    if any(each.answer is AnswerPlay.CUT for each in played):
        return await _cut(request, answer)
    return web.Response(body=answer, content_type=NDJSON)


def _is_told(played: Played) -> bool:
    return isinstance(played.result, Declined) or played.answer is AnswerPlay.GIVEN


async def _cut(request: web.Request, answer: bytes) -> web.StreamResponse:
    """Give the results of the others, then break the connection."""
    response = web.StreamResponse(headers={"Content-Type": NDJSON})
    await response.prepare(request)
    await response.write(answer or b"\n")
    if request.transport is not None:
        request.transport.close()
    return response


async def _state(request: web.Request) -> web.StreamResponse:
    board = request.app[_SWITCHBOARD]
    submissions = board.handsets.submissions()
    state = State(
        handsets=tuple(islice(board.handsets.views(), VIEWS_MAX)),
        scripts=tuple((script.ending, script.title, script.shows) for script in (*SCRIPTS, USUAL)),
        submissions_total=board.handsets.submissions_total,
        callbacks_given_up=board.callbacks.given_up,
        repeated={attempt: times for attempt, times in submissions.items() if times > 1},
        submissions=submissions if request.query.get("submissions") == "all" else None,
    )
    return web.Response(body=encode(state), content_type="application/json")


async def _events(request: web.Request) -> web.StreamResponse:
    return await request.app[_SWITCHBOARD].feed.stream(request, SECURITY_HEADERS)


async def _reply(request: web.Request) -> web.StreamResponse:
    board = request.app[_SWITCHBOARD]
    handset = board.handsets.find(request.match_info["id"])
    reply = await read_body(request, Reply)
    if handset is None:
        return _problem(404, "this handset is no longer remembered")
    if reply is None:
        return _problem(400, "a reply is 1 to 1,000 characters of text")
    return _json(await board.reply(handset, reply.text))


async def _answer(request: web.Request) -> web.StreamResponse:
    board = request.app[_SWITCHBOARD]
    found = board.handsets.find_item(request.match_info["id"])
    answer = await read_body(request, Answer)
    if found is None or not isinstance(found[1].content, VoiceContent):
        return _problem(404, "this call is no longer remembered")
    if answer is None:
        return _problem(400, "a call is answered by `person` or `machine`")
    return _json(board.answer(*found, answer.by))


async def _digit(request: web.Request) -> web.StreamResponse:
    board = request.app[_SWITCHBOARD]
    found = board.handsets.find_item(request.match_info["id"])
    pressed = await read_body(request, Digit)
    if found is None or not isinstance(found[1].content, VoiceContent):
        return _problem(404, "this call is no longer remembered")
    if pressed is None:
        return _problem(400, "a digit is one of 0-9, * and #")
    if found[1].answered_by is not AnsweredBy.PERSON:
        return _problem(409, "no person has answered this call, so no digit can be pressed")
    return _json(await board.press(*found, found[1].content, pressed.digit))


async def _slash(request: web.Request) -> web.StreamResponse:
    raise web.HTTPPermanentRedirect(f"{request.path}/")  # the page's links are relative


async def _page(_request: web.Request) -> web.StreamResponse:
    return _file("index.html", "text/html")


async def _script(_request: web.Request) -> web.StreamResponse:
    return _file("app.js", "text/javascript")


async def _style(_request: web.Request) -> web.StreamResponse:
    return _file("style.css", "text/css")


def _file(name: str, content_type: str) -> web.Response:
    text = resources.files("channels.sandbox_page").joinpath(name).read_text(encoding="utf-8")
    return web.Response(text=text, content_type=content_type)


def _json(value: msgspec.Struct) -> web.Response:
    return web.Response(body=encode(value), content_type="application/json")


def _problem(status: int, detail: str) -> web.Response:
    return web.Response(
        status=status, body=encode({"detail": detail}), content_type="application/problem+json"
    )
