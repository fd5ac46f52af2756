"""`forbear demo`: everything up, a realistic day played, and where to look."""

import shlex
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import msgspec
import typer

from config.settings import Settings, from_process
from gateway.clock import SystemClock
from gateway.commands.demo_keys import DESK, ENGINE, demo_folder, make_demo_keys
from gateway.commands.installation import Installation, open_installation, where_to_look
from gateway.commands.read_settings import EXIT_SETTINGS
from gateway.commands.screen import fail, out, say

if TYPE_CHECKING:
    from gateway.demo.tries import Try
    from gateway.sending.tally import Tally

SEED = 2026
API_TIMEOUT_S = 5.0
TELL_EVERY_S = 60.0
HEADINGS = {"allow": "allowed now", "defer": "deferred", "deny": "denied"}


def demo() -> None:
    """Start everything as `forbear up` does, and play a realistic day of requests to people who do not exist.

    Every message goes to the sandbox; its handset page shows them as they arrive. Runs on its own servers, in
    FORBEAR_DATA_DIR. Ctrl-C stops everything in order and ends with a table.
    """
    began_s = time.monotonic()
    settings = _with_demo_providers(_settings())
    with open_installation(settings, meanwhile=make_demo_keys) as installation:
        _play(installation, began_s)


def _settings() -> Settings:
    settings = from_process()
    if isinstance(settings, list):
        fail("The settings are not usable:", *(f"  {fault}" for fault in settings))
        raise typer.Exit(EXIT_SETTINGS)
    if settings.external or settings.providers_file:
        fail(
            "The demo invents people, so it runs on its own servers and its own sandbox only.",
            "  Unset DATABASE_URL, REDIS_URL and FORBEAR_PROVIDERS_FILE, or use `forbear up`.",
        )
        raise typer.Exit(EXIT_SETTINGS)
    return settings


def _with_demo_providers(settings: Settings) -> Settings:
    """The sandbox for every channel, under the names of the invented creditors."""
    from gateway.demo.providers import demo_providers

    path = demo_folder(settings) / "providers.json"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_bytes(demo_providers())
    return msgspec.structs.replace(settings, providers_file=path, sandbox=True)


def _play(installation: Installation, began_s: float) -> None:
    from gateway.commands.send_report import report
    from gateway.demo.traffic import Traffic
    from gateway.demo.tries import find_tries
    from gateway.sending.api import Api
    from gateway.sending.tally import Tally

    settings, now = installation.settings, SystemClock().now
    keys = demo_folder(settings)
    api = Api(f"http://{settings.listen}", (keys / DESK).read_text("ascii").strip(), timeout_s=API_TIMEOUT_S)
    random, run = Random(SEED), f"{now():%m%d-%H%M%S}"  # noqa: S311  (the same day each time, on purpose)
    tries = find_tries(api, random, run=run, at=now())
    say("", f"[bold]Forbear is up[/bold], {time.monotonic() - began_s:.1f} s after the start.")
    say(*where_to_look(settings, installation.logs), f"  {'keys':<13} {keys}")
    for line in curl_lines(settings.public_url, keys / ENGINE, tries, run):
        out.print(line, markup=False)
    say("", "Playing a realistic day to people who do not exist. Ctrl-C stops everything.")
    tally = Tally()
    traffic = Traffic(api, tally, random, now=now, run=run)
    with out.status("", spinner="dots") as status:
        teller = Teller(tally, status.update)

        def each() -> None:
            traffic.step(time.monotonic())
            teller.look(time.monotonic(), in_burst=traffic.in_burst)

        installation.watch(each)
    out.print()
    out.print(report(tally))


def curl_lines(url: str, key: Path, tries: "list[Try]", run: str) -> list[str]:
    """A heading and a command to paste for each try. Pasting one again shows the stored answer: same key, same body."""
    headers = f'-H "Authorization: Bearer $(cat {shlex.quote(str(key))})" -H "Content-Type: application/json"'
    lines = []
    for each in tries:
        verdict = each.verdict.value
        body = each.body.decode()
        own = f"-H 'Idempotency-Key: try-{run}-{verdict}' -d '{body}'"
        lines += [
            "",
            f"# {HEADINGS[verdict]}: {each.why}",
            f"curl -sS {url}/v1/contacts {headers} {own} | python3 -m json.tool",
        ]
    return lines


class Teller:
    """Says how the day goes: in one line that stays where it is, and now and then in one that remains."""

    def __init__(self, tally: "Tally", update: Callable[[str], None]) -> None:
        self._tally, self._update = tally, update
        self._tell_at_s: float | None = None

    def look(self, now_s: float, *, in_burst: bool) -> None:
        """Bring the line up to date; once the burst is over, and each minute after, leave one behind."""
        words = self._words()
        self._update(words)
        if in_burst:
            return
        if self._tell_at_s is None or now_s >= self._tell_at_s:
            self._tell_at_s = now_s + TELL_EVERY_S
            say(words)

    def _words(self) -> str:
        verdicts = {verdict.value: count for verdict, count in self._tally.verdicts.items()}
        states = {state.value: count for state, count in self._tally.states().items()}
        parts = (
            ("asked", self._tally.lines),
            ("allowed", verdicts.get("allow", 0)),
            ("deferred", verdicts.get("defer", 0)),
            ("denied", verdicts.get("deny", 0)),
            ("delivered", states.get("delivered", 0)),
            ("unknown", states.get("unknown", 0)),
        )
        return "  ".join(f"{name} {count:,}" for name, count in parts)
