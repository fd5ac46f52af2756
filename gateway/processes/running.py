"""What the long-running processes share: how they are asked to stop, and how they say that they cannot start."""

import asyncio
import gc
import signal
import sys
from collections.abc import Callable
from importlib.metadata import version

from channels.base import AccountError
from channels.registry import RegistryError
from gateway import exit_codes
from gateway.accounts import AccountsFault
from gateway.key_file import KeyFileError
from gateway.policy import PolicyMissing
from gateway.store.faults import AWAY, NO_TABLES
from gateway.vault import VaultError
from gateway.wiring import REDIS_AWAY

RELEASE = version("forbear")
YOUNG_MAX = 20_000  # new objects between two collections; some megabytes
FOR_A_PERSON = (PolicyMissing, VaultError, KeyFileError, AccountsFault, AccountError, RegistryError)


def exit_code_of(part: str, run: Callable[[], None]) -> int:
    """Run a part to its end: 0 when it was stopped; else an exit code, and on standard error a line that says why."""
    try:
        run()
    except FOR_A_PERSON as fault:
        sys.stderr.write(f"forbear {part}: {fault}\n")
        return exit_codes.OPERATOR
    except NO_TABLES:
        sys.stderr.write(f"forbear {part}: the database has no tables; run `forbear migrate` first\n")
        return exit_codes.OPERATOR
    except (*AWAY, *REDIS_AWAY) as fault:
        sys.stderr.write(f"forbear {part}: a server is away ({type(fault).__name__})\n")
        return exit_codes.AWAY
    return 0


def spare_the_collector() -> None:
    """Take what start-up made (rules, texts, zone tables) out of garbage collection, and look rarely.

    A request leaves no cycles worth hunting for; without this a twelfth of the time went into looking for them.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_MAX, 20, 20)


async def until_stopped() -> None:
    """Wait for SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
