"""The settings of one process: read from the environment once, checked whole, and passed on as a value."""

import difflib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import msgspec

from config.secret_files import SECRET_FILES, read_secret_files
from config.variables import VARIABLES, Bad, Listen, Variable

BY_NAME = {variable.name: variable for variable in VARIABLES}
SECRETS = {variable.field for variable in VARIABLES if variable.secret}
PREFIX = "FORBEAR_"
CREDENTIALS = re.compile(r"(?<=//)[^/]*(?=@)|(?<=password=)[^&]*")


class SettingFault(msgspec.Struct, frozen=True, kw_only=True):
    """One thing wrong in the environment; says the variable, what is wrong and what to do, never the value."""

    variable: str
    message: str
    hint: str

    def __str__(self) -> str:
        return f"{self.variable} {self.message} ({self.hint})"


class Settings(msgspec.Struct, frozen=True, kw_only=True, repr_omit_defaults=False):
    """Everything that differs between two installations. None means not set. Secrets do not show in its repr."""

    data_dir: Path
    listen: Listen
    log_level: str
    sandbox: bool
    public_url: str
    api_url: str
    master_key_file: Path
    seal_key_file: Path
    seal_state_file: Path
    database_url: str | None = None
    database_owner_url: str | None = None
    seal_database_url: str | None = None
    redis_url: str | None = None
    queue_url: str | None = None
    providers_file: Path | None = None
    policy_dir: Path | None = None
    api_key: str | None = None
    postgres_bin: Path | None = None
    valkey_bin: Path | None = None

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self | list[SettingFault]:
        """Read the settings, or list every fault at once. Variables that are not ours are left alone."""
        faults = unknown(env)
        values: dict[str, Any] = {}
        for variable in VARIABLES:
            given = env.get(variable.name, variable.default)
            if given is None:
                continue
            value = read(variable, given)
            if isinstance(value, SettingFault):
                faults.append(value)
            else:
                values[variable.field] = value
        faults += half_external(env)
        return faults or cls(**with_derived(values))

    @property
    def external(self) -> bool:
        """True when any address of an external server is given; the embedded servers are then not started."""
        addresses = (
            self.database_url,
            self.database_owner_url,
            self.seal_database_url,
            self.redis_url,
            self.queue_url,
        )
        return any(address is not None for address in addresses)

    def to_env(self) -> dict[str, str]:
        """The environment that gives exactly these settings; for the processes that we start."""
        values = {variable.name: getattr(self, variable.field) for variable in VARIABLES}
        return {name: write(value) for name, value in values.items() if value is not None}

    def __repr__(self) -> str:
        shown = (f"{field}={mask(field, getattr(self, field))}" for field in self.__struct_fields__)
        return f"Settings({', '.join(shown)})"


def from_process() -> Settings | list[SettingFault]:
    """The settings of this process; secrets may lie in files that `NAME_FILE` variables name."""
    env, bad = read_secret_files(os.environ)  # noqa: TID251  (the one reader of the environment)
    settings = Settings.from_env(env)
    hint = "the file must be UTF-8 text that this user can read"
    faults = [SettingFault(variable=name, message=fault.reason, hint=hint) for name, fault in bad.items()]
    return faults + (settings if isinstance(settings, list) else []) if faults else settings


def environment_for(settings: Settings) -> dict[str, str]:
    """The environment of this process with its settings replaced by `settings`, for the processes that we start."""
    ours = {*BY_NAME, *SECRET_FILES}
    kept = {name: value for name, value in os.environ.items() if name not in ours}  # noqa: TID251  (passed on unread)
    return kept | settings.to_env()


def write(value: object) -> str:
    """The value as it is written in the environment."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)


def mask(field: str, value: object) -> str:
    """The value as it may be shown: of a URL the part after the credentials, of any other secret nothing."""
    if field not in SECRETS or value is None:
        return repr(value)
    if field.endswith("_url"):
        return repr(CREDENTIALS.sub("***", str(value)))
    return "'***'"


def read(variable: Variable, given: str) -> object | SettingFault:
    """The variable's value, or what is wrong with it."""
    if given.strip() == "":
        hint = "remove it to use the default" if variable.default else "remove it, or give a value"
        return SettingFault(variable=variable.name, message="is empty", hint=hint)
    value = variable.parse(given)
    if isinstance(value, Bad):
        return SettingFault(variable=variable.name, message=value.reason, hint=variable.help)
    return value


def unknown(env: Mapping[str, str]) -> list[SettingFault]:
    """A misspelt variable would be a setting silently not set."""
    faults = []
    for name in sorted(env):
        if not name.startswith(PREFIX) or name in BY_NAME:
            continue
        near = difflib.get_close_matches(name, BY_NAME, n=1)
        hint = f"did you mean {near[0]}?" if near else "config/example.env lists them all"
        faults.append(SettingFault(variable=name, message="is no setting of Forbear", hint=hint))
    return faults


def half_external(env: Mapping[str, str]) -> list[SettingFault]:
    """Database and Redis are both external or both embedded: mixing the two is a mistake, not a wish."""
    pair = ("DATABASE_URL", "REDIS_URL")
    missing = [name for name in pair if name not in env]
    if len(missing) != 1:
        return []
    (given,) = set(pair) - set(missing)
    hint = f"set both for external servers, or neither for the embedded ones; {given} is set"
    return [SettingFault(variable=missing[0], message="is not set", hint=hint)]


def with_derived(values: dict[str, Any]) -> dict[str, Any]:
    """The values with those defaults that follow from other settings."""
    data_dir: Path = values["data_dir"]
    public_url = values.get("public_url", f"http://{values['listen']}")
    derived = {
        "public_url": public_url,
        "api_url": public_url,
        "master_key_file": data_dir / "keys" / "master.key",
        "seal_key_file": data_dir / "keys" / "seal.key",
        "seal_state_file": data_dir / "seal.state",
    }
    if "redis_url" in values:
        derived["queue_url"] = values["redis_url"]
    return derived | values
