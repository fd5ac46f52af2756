"""The sealing process: `forbear seal`."""

import asyncio
import signal
import sys

from config.settings import Settings
from gateway import exit_codes
from gateway.clock import SystemClock
from gateway.errors import StoreRefused
from gateway.key_file import KeyFileError
from gateway.logs import get_logger
from gateway.seal_key import read_sealer_key
from gateway.seal_state import SealStateError
from gateway.sealer import run_sealer


def main(settings: Settings, *, adopt_seals: bool = False) -> int:
    """Seal until SIGTERM or SIGINT. Returns the exit code: 0, or 2 with the reason on standard error."""
    try:
        asyncio.run(_run(settings, adopt_seals=adopt_seals))
    except (KeyFileError, SealStateError) as error:
        sys.stderr.write(f"forbear seal: {error}\n")
        return exit_codes.OPERATOR
    except StoreRefused:
        sys.stderr.write(
            "forbear seal: the database refuses the sealer's statements. Run `forbear migrate`, and check that"
            " SEAL_DATABASE_URL names the role forbear_sealer.\n"
        )
        return exit_codes.OPERATOR
    return 0


async def _run(settings: Settings, *, adopt_seals: bool) -> None:
    assert settings.seal_database_url is not None  # the command has checked it
    signer = read_sealer_key(settings.seal_key_file)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    log = get_logger(part="seal")
    log.info("sealer.started")
    await run_sealer(
        settings.seal_database_url,
        settings.seal_state_file,
        signer,
        clock=SystemClock(),
        log=log,
        stop=stop,
        adopt_seals=adopt_seals,
    )
    log.info("sealer.stopped")
