"""A whole installation on one machine: the servers, the schema, the keys, and the parts as watched children."""

import http.client
import secrets
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from types import FrameType

import msgspec
import typer

from config.settings import Settings, environment_for
from config.variables import Listen
from gateway.accounts import make_sandbox_secrets, read_secret
from gateway.commands.keys import make_key_files
from gateway.commands.migrate import apply_migrations
from gateway.commands.part import COMMAND, Part
from gateway.commands.policy import put_into_force
from gateway.commands.read_settings import EXIT_SETTINGS, with_embedded
from gateway.commands.screen import fail, say
from gateway.embedded.binaries import find_binaries
from gateway.embedded.ready import tail
from gateway.embedded.stack import Stack

# In the order of their start; they stop in this order too: first nothing new is accepted, then what is under way ends,
# and the seal comes after the last record. Seconds: how long each may take to stop by itself.
PARTS = {"serve": 10.0, "work": 30.0, "seal": 5.0}
READY_TIMEOUT_S = 30.0
POLL_S = 0.1


class Installation:
    """Everything that runs, from the servers to the parts. Made by `open_installation`, in the main thread."""

    def __init__(self, settings: Settings, *, command: tuple[str, ...] = COMMAND) -> None:
        self.settings = settings
        self._command = command
        self.logs = settings.data_dir / "logs"
        self._stack: Stack | None = None
        self._parts: list[Part] = []
        self._stop = Event()

    def start(self, meanwhile: Callable[[Settings], None] | None = None) -> None:
        """Start everything and return when the API answers. Raises typer.Exit, having said why, when it cannot.

        `meanwhile` is called while the parts load. An end asked for during the start is kept at the next step.
        """
        refuse_taken(self.settings.listen)
        for step in (self._start_servers, self._bring_up_to_date, self._start_parts):
            step()
            self._end_if_asked()
        if meanwhile is not None:
            meanwhile(self.settings)
        self._wait_ready()

    def watch(self, each: Callable[[], None] | None = None) -> None:
        """Keep everything running until somebody asks for an end; a part that ends is started again.

        `each` is called about ten times a second; it must be quick, for nobody looks after the parts meanwhile.
        """
        while not self._stop.wait(POLL_S):
            self._look_after_parts()
            if each is not None:
                each()
            if self._stack is not None and (fallen := self._stack.fallen()):
                fail(f"{' and '.join(fallen)} ended by itself; starting the servers again.")
                self._stack.stop()
                self._stack.start()

    def ask_stop(self, number: int = 0, frame: FrameType | None = None) -> None:
        """End `watch`; a second request ends the parts without waiting. A signal handler."""
        del frame
        if self._stop.is_set() and number:
            for part in self._parts:
                part.kill()
        self._stop.set()

    def stop(self) -> None:
        """Stop all parts in order, then the servers. Safe to call twice."""
        # The sandbox's carrier lives in serve: work has to end first, or its last sends would find nobody.
        parts = (
            sorted(self._parts, key=lambda part: part.name != "work")
            if self.settings.sandbox
            else self._parts
        )
        for part in parts:
            if part.running:
                say(f"Stopping {part.name} ...")
            part.stop()
        self._parts = []
        if self._stack is not None:
            self._stack.stop()
            self._stack = None

    def _end_if_asked(self) -> None:
        if self._stop.is_set():
            raise typer.Exit(0)

    def _bring_up_to_date(self) -> None:
        if self.settings.database_owner_url is not None:
            apply_migrations(self.settings)
            put_into_force(self.settings)
        for path in make_key_files(self.settings):
            say(f"Keys: made {path}. Back it up.")
        if self.settings.sandbox:
            make_sandbox_secrets(self.settings, secrets.token_bytes)  # both serve and work read them

    def _start_servers(self) -> None:
        settings = self.settings
        if settings.external:
            return
        binaries = find_binaries(valkey=settings.valkey_bin, postgres_dir=settings.postgres_bin)
        self._stack = Stack(settings.data_dir, binaries=binaries)
        self._stack.start()
        self.settings = with_embedded(settings)
        say("Servers: PostgreSQL and Valkey are up.")

    def _start_parts(self) -> None:
        self.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        environment = environment_for(self.settings)
        for name, grace_s in PARTS.items():
            log = self.logs / f"{name}.log"
            part = Part(name, log=log, grace_s=grace_s, environment=environment, command=self._command)
            self._parts.append(part)
            part.start(time.monotonic())

    def _look_after_parts(self) -> None:
        for part in self._parts:
            ended = part.look(time.monotonic())
            if ended is None:
                continue
            fail(*ended.lines)
            if ended.final:
                raise typer.Exit(1)

    def _wait_ready(self) -> None:
        give_up = time.monotonic() + READY_TIMEOUT_S
        while not answers(self.settings):
            self._end_if_asked()
            self._look_after_parts()
            if time.monotonic() > give_up:
                log = self.logs / "serve.log"
                fail(f"serve did not answer within {READY_TIMEOUT_S:.0f} s. Its log {log} ends:", tail(log))
                raise typer.Exit(1)
            time.sleep(POLL_S)


@contextmanager
def open_installation(
    settings: Settings,
    *,
    command: tuple[str, ...] = COMMAND,
    meanwhile: Callable[[Settings], None] | None = None,
) -> Iterator[Installation]:
    """A running installation, stopped in order at the end of the block, at Ctrl-C and at SIGTERM."""
    installation = Installation(settings, command=command)
    _answer_signals(installation.ask_stop)
    try:
        installation.start(meanwhile)
        yield installation
    finally:
        installation.stop()
        # For good: the process ends here, and Ctrl-C pressed once more must not turn a clean end into a broken one.
        _answer_signals(signal.SIG_IGN)
        say("Stopped. Your data is in " + str(settings.data_dir.resolve()) + ".")


def _answer_signals(answer: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, answer)


def refuse_taken(listen: Listen) -> None:
    """End the command when another program listens there: serve could only fail, again and again."""
    try:
        socket.create_server((listen.host, listen.port), reuse_port=False).close()
    except OSError as error:
        fail(
            f"{listen} cannot be listened on: {error.strerror}.",
            "  Another address: FORBEAR_LISTEN=127.0.0.1:8090",
        )
        raise typer.Exit(EXIT_SETTINGS) from error


def answers(settings: Settings) -> bool:
    """True once serve says that it and all it needs is ready."""
    connection = http.client.HTTPConnection(settings.listen.host, settings.listen.port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()


def with_sandbox(settings: Settings) -> Settings:
    """The settings with the handset page on when no real provider is configured, so that nobody can be disturbed."""
    return settings if settings.providers_file else msgspec.structs.replace(settings, sandbox=True)


def where_to_look(settings: Settings, logs: Path) -> list[str]:
    """What to open next, a line each."""
    url = settings.public_url
    lines = {
        "API": f"{url}/docs",
        "handset page": handset_page(settings),
        "logs": str(logs),
        "data": str(settings.data_dir.resolve()),
    }
    if not settings.sandbox:
        del lines["handset page"]
    return [f"  {name:<13} {place}" for name, place in lines.items()]


def handset_page(settings: Settings) -> str:
    """The link that opens the handset page, with the token that it asks for."""
    if not settings.sandbox:
        return ""
    return f"{settings.public_url}/sandbox/enter?token={read_secret(settings, 'sandbox-page')}"
