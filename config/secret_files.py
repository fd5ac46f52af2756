"""Secrets from files: `NAME_FILE` names a file that holds the value of the secret variable `NAME`."""

from collections.abc import Mapping
from pathlib import Path

from config.variables import VARIABLES, Bad

SUFFIX = "_FILE"
SECRET_FILES = {f"{variable.name}{SUFFIX}": variable.name for variable in VARIABLES if variable.secret}


def read_secret_files(env: Mapping[str, str]) -> tuple[dict[str, str], dict[str, Bad]]:
    """The environment with secrets read from their files, and what is wrong, by name of the `_FILE` variable.

    Docker and Kubernetes hand over secrets this way; an environment variable shows in `docker inspect`.
    """
    merged = {name: value for name, value in env.items() if name not in SECRET_FILES}
    bad: dict[str, Bad] = {}
    for file_variable, variable in SECRET_FILES.items():
        if file_variable not in env:
            continue
        if variable in env:
            bad[file_variable] = Bad(f"is set beside {variable}; set one of the two")
            continue
        try:
            merged[variable] = Path(env[file_variable]).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            bad[file_variable] = Bad(f"names a file that cannot be read: {type(error).__name__}")
    return merged, bad
