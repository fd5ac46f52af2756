"""The addresses of the embedded servers, which follow from the data folder alone."""

import hashlib
import os
from pathlib import Path
from tempfile import gettempdir

import msgspec

SOCKET_PATH_MAX = 107  # sun_path of Linux, less its closing zero
LONGEST_NAME = len("/.s.PGSQL.5432.lock")


class StackUrls(msgspec.Struct, frozen=True, kw_only=True):
    """Where clients find the embedded servers, in the form that asyncpg and redis-py take."""

    database_url: str
    database_owner_url: str
    seal_database_url: str
    admin_url: str
    redis_url: str
    queue_url: str


def sockets_dir(data_dir: Path) -> Path:
    """The short private folder for the sockets of `data_dir`.

    Not inside the data folder: a unix socket's path has at most 107 bytes. The name follows from the folder, so a
    second command on the same machine finds the servers without being told.
    """
    digest = hashlib.sha256(os.fsencode(data_dir.resolve())).hexdigest()[:12]
    folder = Path(gettempdir()) / f"forbear-{os.getuid()}-{digest}"
    if len(os.fsencode(folder)) + LONGEST_NAME <= SOCKET_PATH_MAX:
        return folder
    return Path("/tmp") / folder.name  # noqa: S108  (made 0700 and checked to be ours before use)


def stack_urls(data_dir: Path) -> StackUrls:
    """The addresses for `data_dir`; they say nothing about whether the servers run."""
    sockets = sockets_dir(data_dir)
    return StackUrls(
        database_url=f"postgresql://forbear_app@/forbear?host={sockets}",
        database_owner_url=f"postgresql://forbear_owner@/forbear?host={sockets}",
        seal_database_url=f"postgresql://forbear_sealer@/forbear?host={sockets}",
        admin_url=f"postgresql://postgres@/postgres?host={sockets}",
        redis_url=f"unix://{sockets}/valkey.sock?db=0",
        queue_url=f"unix://{sockets}/valkey.sock?db=1",
    )
