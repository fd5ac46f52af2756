"""Files that hold one secret: made once, readable by their owner alone, checked at every reading."""

import os
import stat
from pathlib import Path

OTHERS = stat.S_IRWXG | stat.S_IRWXO
LONGEST = 4096


class KeyFileError(Exception):
    """A key file is missing, exists already, or is open to others. Says which file and what to do."""


def create_key_file(path: Path, content: str) -> None:
    """Write `content` to a new file of mode 0600 that survives a power cut, or raise KeyFileError.

    Never overwrites: what was sealed under the old key could not be opened again.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(beside, path)  # fails if it exists; and whoever sees the name sees the whole key
    except FileExistsError:
        raise KeyFileError(f"{path} exists; a key is never overwritten. Move it away first.") from None
    except OSError as error:
        raise KeyFileError(f"{path} cannot be made: {error.strerror}.") from None
    finally:
        beside.unlink(missing_ok=True)
    sync_folder(path.parent)


def read_key_file(path: Path) -> str:
    """The content, without the white space around it. Raises KeyFileError when others may read the file."""
    try:
        # O_NONBLOCK: opening a named pipe by mistake must not wait for its writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        raise KeyFileError(
            f"{path} cannot be read: {error.strerror}. `forbear keys` makes key files."
        ) from None
    try:
        # Asked of the open file, not of the path, which could be exchanged in between.
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise KeyFileError(f"{path} is not a file.")
        if found.st_mode & OTHERS:
            raise KeyFileError(f"{path} is open to other users. Run: chmod 600 {path}")
        content = os.read(descriptor, LONGEST + 1)
    finally:
        os.close(descriptor)
    if len(content) > LONGEST or not content.isascii():
        raise KeyFileError(f"{path} holds no key.")
    return content.decode("ascii").strip()


def sync_folder(folder: Path) -> None:
    """Make a new or renamed name in `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
