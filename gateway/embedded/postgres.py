"""The embedded PostgreSQL: the journal, on a private socket, with the three roles every installation has."""

import shutil
import signal
import subprocess
import tempfile
from functools import partial
from pathlib import Path

from gateway.embedded.child import spawn
from gateway.embedded.errors import EmbeddedError
from gateway.embedded.identity import Identity, hand_over
from gateway.embedded.ready import postgres_answers, tail, wait_ready

SOCKET_NAME = ".s.PGSQL.5432"  # PostgreSQL's own name for the socket in its folder
SUPERUSER = "postgres"
STATE_LINE = 7  # LOCK_FILE_LINE_PM_STATUS of pidfile.h, counted from 0

# The roles of architecture part 4. `forbear_owner` may set the others' timeouts, hence ADMIN OPTION; it may not
# become them. No passwords: only the uid that owns the 0700 socket folder can connect at all.
FIRST_STATEMENTS = (
    "CREATE ROLE forbear_owner LOGIN CREATEROLE",
    "CREATE ROLE forbear_app LOGIN",
    "CREATE ROLE forbear_sealer LOGIN",
    "GRANT forbear_app, forbear_sealer TO forbear_owner WITH ADMIN OPTION, INHERIT FALSE, SET FALSE",
    "CREATE DATABASE forbear OWNER forbear_owner",
)
# A libc or ICU locale would make the order of text depend on the host's version of it.
INITDB_OPTIONS = (
    "--auth=trust",
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C",
)
SETTINGS = {
    "listen_addresses": "",
    "shared_buffers": "128MB",
    "max_connections": "100",
    "jit": "off",  # our statements are short; compiling one costs more than running it
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # PostgreSQL's log would otherwise quote failing statements, and with them whatever a row holds.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
VOLATILE = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


def ensure_cluster(bin_dir: Path, folder: Path, *, identity: Identity, log: Path, durable: bool) -> None:
    """Make the cluster with its roles and database if there is none; else check that we can open it.

    It is made under another name and renamed when complete, so a cluster that a crash left half made is never
    used. Raises EmbeddedError when another major version made it.
    """
    if (folder / "PG_VERSION").exists():
        _check_version(bin_dir, folder)
        hand_over(folder, identity)
        return
    unfinished = folder.with_name(folder.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    hand_over(unfinished, identity)
    sync = () if durable else ("--no-sync",)
    initdb = [str(bin_dir / "initdb"), "-D", str(unfinished), "-U", SUPERUSER, *INITDB_OPTIONS, *sync]
    _run_once(initdb, identity=identity, log=log)
    single = [str(bin_dir / "postgres"), "--single", "-j", "-D", str(unfinished), "postgres"]
    _run_once(single, identity=identity, log=log, statements=FIRST_STATEMENTS)
    unfinished.rename(folder)


def start_postgres(
    bin_dir: Path, folder: Path, *, identity: Identity, sockets: Path, log: Path, lock: int, durable: bool
) -> subprocess.Popen[bytes]:
    """Start the server on a finished cluster; `wait_postgres` says when it answers."""
    settings = {**SETTINGS, "unix_socket_directories": str(sockets), **({} if durable else VOLATILE)}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    argv = [str(bin_dir / "postgres"), "-D", str(folder), *options]
    # SIGINT is PostgreSQL's fast stop; SIGTERM would wait for clients to leave by themselves.
    return spawn(argv, identity=identity, death_signal=signal.SIGINT, log=log, keep_open=[lock])


def wait_postgres(process: subprocess.Popen[bytes], folder: Path, *, sockets: Path, log: Path) -> None:
    """Return once PostgreSQL lets a client in. Raises EmbeddedError when it does not start."""
    # Asked only when it says that it is ready: before, each question would leave a FATAL line in its log.
    wait_ready("PostgreSQL", process, partial(_says_ready, folder, process.pid), log)
    wait_ready("PostgreSQL", process, partial(postgres_answers, sockets / SOCKET_NAME), log)


def _says_ready(folder: Path, pid: int) -> bool:
    """What `pg_ctl start` waits for: line 8 of the pid file, once line 1 is this server and no dead one."""
    try:
        lines = (folder / "postmaster.pid").read_text("utf-8").splitlines()
    except FileNotFoundError:
        return False
    return len(lines) > STATE_LINE and lines[0] == str(pid) and lines[STATE_LINE].strip() == "ready"


def _check_version(bin_dir: Path, folder: Path) -> None:
    made_by = (folder / "PG_VERSION").read_text(encoding="ascii").strip()
    version = subprocess.run([bin_dir / "postgres", "-V"], check=True, capture_output=True, text=True).stdout
    ours = version.split()[-1].partition(".")[0]
    if made_by != ours:
        raise EmbeddedError(
            f"the folder {folder} was made by PostgreSQL {made_by} and this is PostgreSQL {ours}, which cannot"
            f" open it. Dump it with PostgreSQL {made_by} (pg_dumpall) and restore into a new folder."
        )


def _run_once(argv: list[str], *, identity: Identity, log: Path, statements: tuple[str, ...] = ()) -> None:
    with tempfile.TemporaryFile() as script:
        # In single-user mode with -j a statement ends with a semicolon and an empty line.
        script.write("".join(f"{statement};\n\n" for statement in statements).encode())
        script.seek(0)
        process = spawn(argv, identity=identity, death_signal=signal.SIGKILL, log=log, stdin=script)
        code = process.wait()
    if code != 0:
        raise EmbeddedError(f"{Path(argv[0]).name} ended with code {code}. Its log {log} ends:\n{tail(log)}")
