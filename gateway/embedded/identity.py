"""Who PostgreSQL runs as: it refuses uid 0, so root needs another name for it."""

import os
import pwd
from enum import StrEnum
from pathlib import Path

import msgspec

from gateway.embedded.errors import EmbeddedError

STAND_INS = ("daemon", "nobody")  # system users that exist before any package is installed


class How(StrEnum):
    """The three ways to give a server its identity."""

    AS_IS = "as-is"
    NAMESPACE = "namespace"
    SETUID = "setuid"


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """The uid and gid that a server sees as its own, and how it comes by them."""

    how: How
    uid: int
    gid: int

    @property
    def owner(self) -> tuple[int, int]:
        """The (uid, gid) that must own the server's files on disk, seen from outside."""
        if self.how is How.SETUID:
            return self.uid, self.gid
        return os.getuid(), os.getgid()


AS_WE_ARE = Identity(how=How.AS_IS, uid=-1, gid=-1)


def stand_in() -> Identity:
    """The system user whose name a namespace shows, or whom root becomes; EmbeddedError when there is none."""
    for name in STAND_INS:
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return Identity(how=How.NAMESPACE, uid=user.pw_uid, gid=user.pw_gid)
    raise EmbeddedError(
        f"PostgreSQL must not run as root and needs one of the system users {', '.join(STAND_INS)}, but"
        " /etc/passwd has none. Add one, run as a named user, or set DATABASE_URL to an external server."
    )


def needs_stand_in() -> bool:
    """True for root, whom PostgreSQL refuses, and for a uid without a name, whom initdb refuses."""
    if os.geteuid() == 0:
        return True
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        return True
    return False


def hand_over(folder: Path, identity: Identity) -> None:
    """Make every file below `folder` belong to the identity; a folder made under another one moves over."""
    uid, gid = identity.owner
    if folder.stat().st_uid == uid:
        return
    for parent, _, names in os.walk(folder):
        for path in (Path(parent), *(Path(parent) / name for name in names)):
            os.chown(path, uid, gid, follow_symlinks=False)
