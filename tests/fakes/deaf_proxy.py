"""A way to PostgreSQL that can lose an answer: the statement arrives and is carried out, and nobody hears of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

SOCKET = ".s.PGSQL.{}"


class DeafProxy:
    """Passes bytes both ways; after `lose_next_answer` the server's next bytes are dropped with the connection."""

    def __init__(self, url: str, folder: Path) -> None:
        parts = urlsplit(url)
        host = parse_qs(parts.query)["host"][0]
        self._server = Path(host) / SOCKET.format(parse_qs(parts.query).get("port", ["5432"])[0])
        self._folder = folder
        self.url = url.replace(quote(host), quote(str(folder))).replace(f"host={host}", f"host={folder}")
        assert self.url != url
        self._armed = False
        self.lost = 0
        self.refusing = False

    def lose_next_answer(self) -> None:
        """Lose one answer, to whatever is asked next."""
        self._armed = True

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["DeafProxy"]:
        """Serve until left."""
        server = await asyncio.start_unix_server(self._serve, str(self._folder / self._server.name))
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        if self.refusing:
            back.close()
            return
        server, onward = await asyncio.open_unix_connection(str(self._server))
        with suppress(ConnectionError):
            await asyncio.gather(
                self._pass(client, onward, listening=True), self._pass(server, back, listening=False)
            )
        for end in (onward, back):
            end.close()

    async def _pass(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, listening: bool
    ) -> None:
        while content := await source.read(65_536):
            if not listening and self._armed:
                self._armed, self.lost = False, self.lost + 1
                raise ConnectionResetError
            target.write(content)
            await target.drain()
        target.close()
