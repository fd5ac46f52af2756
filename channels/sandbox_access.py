"""Who may look at the handset page: whoever opened the link that the start-up printed."""

import hashlib
import hmac
from urllib.parse import urlsplit

from aiohttp import web

COOKIE = "forbear_sandbox"
COOKIE_LIFE_S = 12 * 3600

# No inline script or style, nothing from elsewhere, no frame around it: a message shown here is a stranger's text.
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}

LOCKED = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Forbear sandbox: locked</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"><link rel="stylesheet" href="style.css">
<main class="locked"><h1>This page needs its link</h1>
<p>The phones here show messages, so the page opens only with a secret link.
Forbear prints it in the terminal when it starts: look for an address
that ends in <code>enter?token=…</code> and open it once in this browser.</p></main></html>
"""

# A page and not a redirect: after a redirect from another site's link the browser would withhold a SameSite=Strict
# cookie, and the newcomer would stand before the locked page with the right link in hand.
OPENED = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Forbear sandbox</title><link rel="icon" href="data:,">
<meta http-equiv="refresh" content="0;url=./"><p><a href="./">Open the sandbox</a></p></html>
"""


def may_look(request: web.Request, page_token: str) -> bool:
    """True for a browser that has opened the link."""
    return hmac.compare_digest(request.cookies.get(COOKIE, "").encode(), _cookie_value(page_token).encode())


def has_bearer(request: web.Request, token: str) -> bool:
    """True for a client that knows the carrier's token."""
    given = request.headers.get("Authorization", "")
    return hmac.compare_digest(given.encode(), f"Bearer {token}".encode())


def is_own_page(request: web.Request) -> bool:
    """True unless a browser says that another site's page sent this request (forged cross-site requests)."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.host


def enter(request: web.Request, page_token: str) -> web.Response:
    """Trade the link's token for a cookie, so that the token leaves the address bar."""
    if not hmac.compare_digest(request.query.get("token", "").encode(), page_token.encode()):
        return locked()
    response = web.Response(text=OPENED, content_type="text/html")
    response.set_cookie(
        COOKIE,
        _cookie_value(page_token),
        max_age=COOKIE_LIFE_S,
        path=request.path.removesuffix("enter"),
        httponly=True,
        samesite="Strict",
        secure=request.secure,
    )
    return response


def locked() -> web.Response:
    """Say kindly where the link is."""
    return web.Response(status=401, text=LOCKED, content_type="text/html")


def _cookie_value(page_token: str) -> str:
    # Not the token itself: whoever reads a cookie jar does not learn the link.
    return hmac.new(page_token.encode(), b"forbear sandbox cookie", hashlib.sha256).hexdigest()
