"""The sealer's memory, in a file outside PostgreSQL: whoever rewrites the database does not rewrite this."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from audit.seal_values import SealerState
from gateway.key_file import sync_folder


class SealStateError(Exception):
    """The state file is damaged, or another sealer holds it. Says which file and what to do."""


class StateFile:
    """Loads and saves the state; a save that was answered survives a power cut, one that was not changes nothing."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> SealerState | None:
        """The state as last saved; None when there has never been one. Raises SealStateError."""
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=SealerState)
        except FileNotFoundError:
            return None
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise SealStateError(
                f"{self.path} is damaged. Put back a copy that is no older than the last seal, or move it away and"
                " start the sealer with --adopt."
            ) from None

    def save(self, state: SealerState) -> None:
        """Replace the file as a whole: written beside it, flushed to the disk, renamed."""
        beside = self.path.with_name(self.path.name + ".new")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(state))
            file.flush()
            os.fsync(file.fileno())
        beside.rename(self.path)
        sync_folder(self.path.parent)


@contextmanager
def hold_state_file(path: Path) -> Iterator[StateFile]:
    """The state file, ours alone as long as the block runs. Raises SealStateError when another sealer has it."""
    lock = path.with_name(path.name + ".lock")
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise SealStateError(
            f"{lock} cannot be opened: {error.strerror}. FORBEAR_SEAL_STATE_FILE must lie in a folder of the sealer's."
        ) from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SealStateError(f"another sealer is running on {path}; one log has one sealer.") from None
        yield StateFile(path)
    finally:
        os.close(descriptor)
