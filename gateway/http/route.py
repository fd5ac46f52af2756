"""What is said of one route, once: everything that serving it and publishing it need."""

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct

from gateway.flows import Flows
from gateway.http.call import Call, Lines
from gateway.http.problems import Refusal
from gateway.http.reply import Reply
from gateway.keys import Action

Handler = Callable[[Flows, Call[Any, Any]], Awaitable[Reply | Refusal | Lines]]

SINGLE_BYTES_MAX: Final = 64 * 1024
BATCH_BYTES_MAX: Final = 4 * 1024 * 1024


class Open(Struct, frozen=True, kw_only=True):
    """Nobody is asked who they are, and this is why that is right."""

    because: str


class Signed(Struct, frozen=True, kw_only=True):
    """The bytes themselves prove who sent them; the flow verifies that before anything else."""

    because: str


class Reading(StrEnum):
    """How the body is read."""

    NOTHING = "nothing"
    ONE = "one"
    MANY = "many"
    BYTES = "bytes"


class Route(Struct, frozen=True, kw_only=True):
    """One row of the route table. `access` has no default: a route without an authenticator does not exist.

    `body` is the type of the body, or of one item of a batch; `answers` maps each good status to its type (None for
    an answer that is not JSON); `problems` are the codes beyond those that every route of its kind can answer.
    """

    method: str
    path: str
    name: str
    handler: Handler
    access: Action | Open | Signed
    tag: str
    summary: str
    answers: dict[int, Any]
    description: str = ""
    reading: Reading = Reading.NOTHING
    body: Any = None
    query: Any = None
    idempotent: bool = False
    bytes_max: int = SINGLE_BYTES_MAX
    problems: tuple[str, ...] = ()
