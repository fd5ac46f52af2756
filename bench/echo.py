"""The limit of HTTP in Python: aiohttp on uvloop that reads a body and sends the same bytes back."""

import asyncio
import sys

import uvloop
from aiohttp import web


async def echo(request: web.Request) -> web.Response:
    """Answer with the body."""
    return web.Response(status=202, body=await request.read(), content_type="application/json")


async def serve(port: int) -> None:
    """Serve until killed."""
    app = web.Application()
    app.router.add_post("/v1/contacts", echo)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
