"""The file with the sealer's signing key, and the name that the log is signed under for ever."""

import secrets
from collections.abc import Callable
from pathlib import Path

from audit.checkpoint import KEY_BYTES, CheckpointError, Signer, parse_signer
from gateway.key_file import KeyFileError, create_key_file, read_key_file

ORIGIN_BYTES = 8


def create_sealer_key(path: Path, *, random: Callable[[int], bytes] = secrets.token_bytes) -> None:
    """Write a new signing key with a new origin to a file of mode 0600. Raises KeyFileError; never overwrites."""
    signer = Signer(f"forbear/{random(ORIGIN_BYTES).hex()}", random(KEY_BYTES))
    create_key_file(path, signer.secret_text() + "\n")


def read_sealer_key(path: Path) -> Signer:
    """The signer of a key file. Raises KeyFileError."""
    try:
        return parse_signer(read_key_file(path))
    except CheckpointError as error:
        raise KeyFileError(f"{path} holds no signing key ({error}). `forbear keys` makes one.") from None
