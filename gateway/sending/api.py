"""One connection to the API, as a caller has it."""

import http.client
from urllib.parse import urlsplit

import msgspec

JSON, NDJSON = "application/json", "application/x-ndjson"
TIMEOUT_S = 30.0
BUSY = frozenset({429, 502, 503, 504})  # nothing was done, or the same key will hear what was: ask again


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What the API said; `again_s` is how long it asks us to wait, where it does."""

    status: int
    body: bytes
    again_s: float | None = None

    @property
    def ok(self) -> bool:
        """True if the request was handled, whatever was decided."""
        return self.status < http.client.BAD_REQUEST

    @property
    def busy(self) -> bool:
        """True if asking again is the answer."""
        return self.status in BUSY


class Away(msgspec.Struct, frozen=True, kw_only=True):
    """There was no answer; `reason` names the kind of failure. Whether the request arrived is not known."""

    reason: str


class Api:
    """Asks over one connection, opened when first needed and again after it broke. For one thread."""

    def __init__(self, url: str, key: str, *, timeout_s: float = TIMEOUT_S) -> None:
        """`url` is the base address, http or https; `key` the whole token."""
        parts = urlsplit(url)
        assert parts.hostname is not None  # the settings have checked it
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname, parts.port, timeout=timeout_s)
        self._base = parts.path
        self._key = key

    def get(self, path: str) -> Answered | Away:
        """Read."""
        return self._ask("GET", path, None, {})

    def post(
        self, path: str, body: bytes, *, content_type: str = JSON, idempotency_key: str | None = None
    ) -> Answered | Away:
        """Ask for something to be done."""
        headers = {"Content-Type": content_type}
        if idempotency_key is not None:
            headers["Idempotency-Key"] = idempotency_key
        return self._ask("POST", path, body, headers)

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def _ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answered | Away:
        try:
            return self._ask_once(method, path, body, headers)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            # An idle connection that the server has closed meanwhile: every request of ours may be repeated.
            self._connection.close()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            return Away(reason=type(error).__name__)
        try:
            return self._ask_once(method, path, body, headers)
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            return Away(reason=type(error).__name__)

    def _ask_once(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answered:
        own = {"Authorization": f"Bearer {self._key}", "User-Agent": "forbear"}
        self._connection.request(method, self._base + path, body, own | headers)
        answer = self._connection.getresponse()
        again = answer.headers.get("Retry-After", "")
        return Answered(
            status=answer.status,
            body=answer.read(),
            again_s=float(again) if again.isascii() and again.isdigit() else None,
        )
