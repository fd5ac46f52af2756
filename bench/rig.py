"""An installation to measure: own servers with fsync on, own folder and ports, every part a process of its own."""

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import asyncpg
import msgspec

from bench.bodies import CREDITOR
from bench.load import Orders, Report
from bench.processes import Meter
from config.files import read_packs
from config.settings import Settings, environment_for
from gateway.accounts import make_sandbox_secrets
from gateway.commands.keys import make_key_files
from gateway.embedded.stack import Stack
from gateway.key_making import make_key
from gateway.keys import PrincipalKind
from gateway.policy_applying import apply_policy, read_documents
from gateway.schema import migrate
from gateway.store.creditors import add_creditor
from gateway.vault import open_vault

READY_S: Final = 20.0
STOP_S: Final = 30.0
PROVIDERS: Final = """
accounts:
  - name: sandbox
    provider: sandbox
    channels: [sms]
    rate_per_s: 20000
    burst: 2000
    concurrency: 8
    settings: {{url: "http://127.0.0.1:{port}/sandbox"}}
    secrets: {{token: sandbox-token, webhook: sandbox-webhook}}
    senders:
      - {{channel: sms, sender: "+12025550100"}}
"""


class BenchError(Exception):
    """What was to be measured did not work; a figure would mean nothing."""


class Rig:
    """A running installation. Parts are started by name and stopped at the end, whatever happens."""

    def __init__(self, folder: Path, stack: Stack, settings: Settings, carrier_port: int) -> None:
        self.folder, self.stack, self.settings, self._carrier_port = folder, stack, settings, carrier_port
        self.environment = environment_for(settings)
        self.token = ""
        self.borrowers = 0
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def reserve(self, count: int) -> int:
        """The first of `count` borrowers that nobody has used yet."""
        first, self.borrowers = self.borrowers, self.borrowers + count
        return first

    def start(self, *parts: str) -> None:
        """Start parts of Forbear, or `carrier`; return when `serve` answers."""
        for part in parts:
            command = ["-m", "gateway.cli", part]
            if part == "carrier":
                command = ["-m", "bench.carrier", str(self._carrier_port)]
            log = (self.folder / f"{part}.log").open("ab")
            self._running[part] = subprocess.Popen(
                [sys.executable, *command], env=self.environment, stdout=log, stderr=log
            )
        if "serve" in parts:
            self._wait_ready()

    def stop(self, *parts: str) -> None:
        """Stop parts in this order (all, if none is named) and wait for each."""
        for part in parts or tuple(self._running):
            process = self._running.pop(part)
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def meter(self) -> Meter:
        """Measure from now on what every process of the installation uses."""
        parts = {name: process.pid for name, process in self._running.items()}
        return Meter({**parts, **self.stack.pids})

    def inside(self, module: str, *arguments: object) -> Any:
        """Run a measurement that works with the product's own parts in a process of its own; its JSON answer."""
        command = [sys.executable, "-m", module, *(str(argument) for argument in arguments)]
        done = subprocess.run(command, env=self.environment, stdout=subprocess.PIPE, check=False)
        if done.returncode != 0:
            raise BenchError(f"{module} ended with code {done.returncode}")
        return msgspec.json.decode(done.stdout)

    def _wait_ready(self) -> None:
        url = f"http://{self.settings.listen}/readyz"
        give_up = time.monotonic() + READY_S
        while time.monotonic() < give_up:
            try:
                with urllib.request.urlopen(url, timeout=1) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                time.sleep(0.05)
        log = (self.folder / "serve.log").read_text(errors="replace")
        raise BenchError(f"serve did not become ready; its log ends:\n{log[-2000:]}")


class Load:
    """A load generator that has made its requests and waits for the word."""

    def __init__(self, orders: Orders) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.load"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._write(msgspec.json.encode(orders) + b"\n")
        self._read()
        self.pid = self._process.pid

    def run(self) -> Report:
        """Go, and tell what came of it."""
        try:
            self._write(b"go\n")
            report = msgspec.json.decode(self._read(), type=Report)
        except BaseException:  # also when somebody stops the bench: nothing may be left running
            self._process.kill()
            raise
        finally:
            self._process.wait()
        return report

    def _write(self, line: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line)
        self._process.stdin.flush()

    def _read(self) -> bytes:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise BenchError("the load generator ended early")
        return line


@contextmanager
def open_rig() -> Iterator[Rig]:
    """An installation in a temporary folder: schema, keys, policy, creditor and API key; no part is started."""
    with tempfile.TemporaryDirectory(prefix="forbear-bench-") as name:
        folder = Path(name)
        carrier_port = free_port()
        with Stack(folder, durable=True) as stack:
            settings = _settings(folder, stack, carrier_port)
            rig = Rig(folder, stack, settings, carrier_port)
            rig.token = asyncio.run(_set_up(settings))
            try:
                yield rig
            finally:
                rig.stop()


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _settings(folder: Path, stack: Stack, carrier_port: int) -> Settings:
    policy = folder / "policy"
    policy.mkdir()
    for name, text in read_packs().items():
        (policy / name).write_text(always_open(text), encoding="utf-8")
    providers = folder / "providers.yaml"
    providers.write_text(PROVIDERS.format(port=carrier_port), encoding="utf-8")
    urls = stack.urls
    settings = Settings.from_env(
        {
            "FORBEAR_DATA_DIR": str(folder),
            "FORBEAR_LISTEN": f"127.0.0.1:{free_port()}",
            "FORBEAR_POLICY_DIR": str(policy),
            "FORBEAR_PROVIDERS_FILE": str(providers),
            "DATABASE_URL": urls.database_url,
            "DATABASE_OWNER_URL": urls.database_owner_url,
            "SEAL_DATABASE_URL": urls.seal_database_url,
            "REDIS_URL": urls.redis_url,
            "QUEUE_URL": urls.queue_url,
        }
    )
    if isinstance(settings, list):
        raise BenchError("; ".join(str(fault) for fault in settings))
    return settings


def always_open(pack: str) -> str:
    """The pack with hours that never close, so that the same figures come out at any time of day.

    Every rule still answers; only what it answers does not depend on the clock on the wall.
    """
    kept: list[str] = []
    for line in pack.split("\n"):
        indent, window, _ = line.partition("- {open:")
        opened = f"{indent}- {{open: 00:00, close: 24:00}}"
        if not window:
            kept.append(line)
        elif kept[-1] != opened:  # of several windows one is left
            kept.append(opened)
    return "\n".join(kept)


async def _set_up(settings: Settings) -> str:
    assert settings.database_owner_url is not None
    await migrate(settings.database_owner_url)
    make_key_files(settings)
    make_sandbox_secrets(settings, os.urandom)
    owner = await asyncpg.connect(settings.database_owner_url)
    at = datetime.now(UTC)  # noqa: TID251 - the installation's first records need a time, and this is a program
    applied = await apply_policy(owner, read_documents(settings.policy_dir), at=at)
    if isinstance(applied, list):
        raise BenchError("; ".join(str(fault) for fault in applied))
    await add_creditor(owner, open_vault(settings.master_key_file), CREDITOR, "Acme Lending")
    key = await make_key(owner, subject="bench", kind=PrincipalKind.MACHINE, creditors=(CREDITOR,), at=at)
    await owner.close()
    return key.token
