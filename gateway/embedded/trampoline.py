"""Becomes a server: takes on an identity, ties its life to the parent's, then turns into the program.

Run as a script by a bare interpreter (`python -I -S trampoline.py ...`), so it imports nothing of ours. Doing this
in a program of its own, not between fork and exec of the parent, keeps it safe when the parent has threads.

Arguments: IDENTITY UID GID SIGNAL PARENT_PID PROGRAM [ARGUMENT ...]
"""

import ctypes
import os
import sys
from pathlib import Path

PR_SET_PDEATHSIG, PR_SET_SECUREBITS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 1, 28, 47, 2  # linux/prctl.h
SECBIT_NO_SETUID_FIXUP = 4  # linux/securebits.h
CLONE_NEWUSER = 0x10000000  # linux/sched.h
CAPABILITY_VERSION_3 = 0x20080522  # linux/capability.h
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2

EXIT_REFUSED = 99  # the kernel did not grant the identity; 98: the parent was gone before we were ready
EXIT_ORPHANED = 98

libc = ctypes.CDLL(None, use_errno=True)


def enter_namespace(uid: int, gid: int) -> None:
    """Show our own uid as `uid` to the program; files stay ours and nothing has to be handed over."""
    own_uid, own_gid = os.getuid(), os.getgid()
    require(libc.unshare(CLONE_NEWUSER) == 0)
    maps = {"setgroups": "deny", "uid_map": f"{uid} {own_uid} 1", "gid_map": f"{gid} {own_gid} 1"}
    for name, text in maps.items():
        Path(f"/proc/self/{name}").write_text(text, encoding="ascii")


def become(uid: int, gid: int) -> None:
    """Change to `uid` for good, keeping only what lets it reach files below a closed home folder.

    Without SECBIT_NO_SETUID_FIXUP access(2) ignores the kept capabilities, and initdb asks access(2).
    """
    require(libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0) == 0)
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    kept = (1 << CAP_DAC_OVERRIDE) | (1 << CAP_DAC_READ_SEARCH)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)(
        kept, kept, kept, 0, 0, 0
    )  # effective, permitted, inheritable; then the high words
    require(libc.capset(header, sets) == 0)
    for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
        require(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) == 0)


def require(granted: bool) -> None:  # noqa: FBT001  (an assertion about the kernel's answer)
    """End here, saying why, unless the kernel granted what was asked."""
    if not granted:
        sys.stderr.write(f"the kernel refused: {os.strerror(ctypes.get_errno())}\n")
        os._exit(EXIT_REFUSED)


def main(arguments: list[str]) -> None:
    """Turn into the program that the arguments name; never returns."""
    identity, uid, gid, signal_number, parent, *program = arguments
    if identity == "namespace":
        enter_namespace(int(uid), int(gid))
    elif identity == "setuid":
        become(int(uid), int(gid))
    # A session of its own: Ctrl-C in the terminal reaches the supervisor only, which stops all in order.
    os.setsid()
    os.umask(0o077)
    # After the change of identity, which clears it; and the parent may have died before this line.
    require(libc.prctl(PR_SET_PDEATHSIG, int(signal_number), 0, 0, 0) == 0)
    if os.getppid() != int(parent):
        os._exit(EXIT_ORPHANED)
    os.execv(program[0], program)  # noqa: S606  (the point of this file: no shell, exact arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
