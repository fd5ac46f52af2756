"""One set of servers per data folder: Valkey by itself would let two servers write one file."""

import fcntl
import os
import time
from pathlib import Path

from gateway.embedded.errors import EmbeddedError

ORPHAN_WAIT_S = 20.0  # the servers of a killed parent close down within this
POLL_S = 0.02


class FolderLock:
    """The right to run servers on `folder`, held by us and by the servers until the last of them is gone.

    The servers inherit the descriptor. So a start right after a crash waits for the old servers to finish
    writing, where a lock of ours alone would have been free at once.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)

    def take(self) -> None:
        """Take the lock and write our pid into it. Raises EmbeddedError, naming the holder, when it is taken."""
        give_up = time.monotonic() + ORPHAN_WAIT_S
        while not self._try():
            holder = self._holder()
            # Our own id means servers of ours that died a moment ago, whose last processes are still on their way out.
            another = holder is None or (holder != os.getpid() and alive(holder))
            if another or time.monotonic() > give_up:
                self.release()
                raise EmbeddedError(self._message(holder))
            time.sleep(POLL_S)
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Let go of our hold; the lock is free once the servers have let go of theirs. Safe to call twice."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def _try(self) -> bool:
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _holder(self) -> int | None:
        text = os.pread(self.descriptor, 32, 0)
        return int(text) if text.isdigit() else None

    def _message(self, holder: int | None) -> str:
        by = f"process {holder}" if holder else "another process"
        return (
            f"the data folder {self._folder} is in use by {by}. Stop that process first, or choose another folder"
            " with FORBEAR_DATA_DIR."
        )


def alive(pid: int) -> bool:
    """True while a process with this id runs (a zombie does not)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"
