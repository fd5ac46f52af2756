"""Reads `providers.yaml`: provider accounts, their secrets' files, and the sender ids per creditor and country."""

import re
from collections.abc import Mapping
from importlib.resources import files

import msgspec

from config.documents import Document, Path, load_document
from config.faults import Fault

CHANNELS = ("sms", "voice", "email", "push")
SenderKey = tuple[str | None, str | None, str]
"""Creditor and country, None for any, and the channel."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_ACCOUNT_KEYS = frozenset(
    {"name", "provider", "channels", "rate_per_s", "burst", "concurrency", "settings", "secrets", "senders"}
)
_SENDER_KEYS = frozenset({"channel", "sender", "creditor", "country"})
_RATE_MAX = 100_000
_CONCURRENCY_MAX = 1_000


class ProviderAccount(msgspec.Struct, frozen=True, kw_only=True):
    """One account at a provider. `secret_files` maps a secret's name to the file that holds it."""

    name: str
    provider: str
    channels: tuple[str, ...]
    rate_per_s: float
    burst: int
    concurrency: int
    settings: Mapping[str, str]
    secret_files: Mapping[str, str]
    senders: Mapping[SenderKey, str]


class ProviderConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Every account, in the order of the file: the first that carries a channel is used for it."""

    accounts: tuple[ProviderAccount, ...]


def default_providers() -> tuple[str, str]:
    """The name and the text of the file that ships with Forbear: the sandbox for every channel."""
    return "providers.yaml", files("config").joinpath("providers.yaml").read_text("utf-8")


def parse_providers(name: str, text: str) -> ProviderConfig | list[Fault]:
    """The accounts in `text`, or every fault found, each with its line. No account at all is a fault.

    `name` is what faults call the file.
    """
    document = load_document(name, text)
    if not isinstance(document, Document):
        return document
    reader = _Reader(document)
    accounts = reader.accounts()
    return sorted(reader.faults, key=lambda fault: fault.line) or ProviderConfig(accounts=accounts)


class _Reader:
    """Walks one document and keeps a list of what is wrong."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.faults: list[Fault] = []

    def accounts(self) -> tuple[ProviderAccount, ...]:
        top = self._mapping((), self._document.value, frozenset({"accounts"}), "accounts")
        listed = top.get("accounts")
        if not isinstance(listed, list) or not listed:
            self._say(("accounts",), "no accounts", "list at least one: without any, nothing could be sent")
            return ()
        read = tuple(self._account(("accounts", index), item) for index, item in enumerate(listed))
        seen: set[str] = set()
        for index, account in enumerate(read):
            if account.name and account.name in seen:
                self._say(
                    ("accounts", index, "name"), "a second account of this name", "give each its own name"
                )
            seen.add(account.name)
        return read

    def _account(self, path: Path, item: object) -> ProviderAccount:
        given = self._mapping(path, item, _ACCOUNT_KEYS, "an account")
        channels = self._channels((*path, "channels"), given.get("channels"))
        return ProviderAccount(
            name=self._name((*path, "name"), given.get("name")),
            provider=self._name((*path, "provider"), given.get("provider")),
            channels=channels,
            rate_per_s=self._positive((*path, "rate_per_s"), given.get("rate_per_s"), _RATE_MAX),
            burst=int(self._positive((*path, "burst"), given.get("burst"), _RATE_MAX, whole=True)),
            concurrency=int(
                self._positive((*path, "concurrency"), given.get("concurrency"), _CONCURRENCY_MAX, whole=True)
            ),
            settings=self._texts((*path, "settings"), given.get("settings", {})),
            secret_files=self._texts((*path, "secrets"), given.get("secrets", {})),
            senders=self._senders((*path, "senders"), given.get("senders"), channels),
        )

    def _channels(self, path: Path, value: object) -> tuple[str, ...]:
        if not isinstance(value, list) or not value:
            self._say(path, "no channels", f"list some of {', '.join(CHANNELS)}")
            return ()
        for index, channel in enumerate(value):
            if channel not in CHANNELS:
                self._say((*path, index), "not a channel", f"one of {', '.join(CHANNELS)}")
            elif channel in value[:index]:
                self._say((*path, index), f"{channel} twice", "list each channel once")
        return tuple(dict.fromkeys(channel for channel in value if channel in CHANNELS))

    def _senders(self, path: Path, value: object, channels: tuple[str, ...]) -> dict[SenderKey, str]:
        senders: dict[SenderKey, str] = {}
        for index, item in enumerate(value if isinstance(value, list) else ()):
            row = (*path, index)
            given = self._mapping(row, item, _SENDER_KEYS, "a sender")
            channel, sender = given.get("channel"), given.get("sender")
            creditor = self._name((*row, "creditor"), given["creditor"]) if "creditor" in given else None
            country = self._country((*row, "country"), given["country"]) if "country" in given else None
            if channel not in channels:
                self._say((*row, "channel"), "not a channel of this account", f"one of {', '.join(channels)}")
            elif not isinstance(sender, str) or not sender:
                self._say((*row, "sender"), "the sender is not text", 'put numbers in quotes: "+12025550100"')
            elif (creditor, country, str(channel)) in senders:
                self._say(row, "a second sender for the same case", "keep one")
            else:
                senders[creditor, country, str(channel)] = sender
        for channel in channels:
            if not any(key[2] == channel for key in senders):
                self._say(path, f"no sender for {channel}", "add one: people must see who writes")
        return senders

    def _mapping(self, path: Path, value: object, keys: frozenset[str], what: str) -> dict[str, object]:
        if not isinstance(value, dict):
            self._say(path, f"{what}: not a mapping", f"write some of {', '.join(sorted(keys))}")
            return {}
        for key in value:
            if key not in keys:
                self._say((*path, key), f"unknown key {key}", f"known: {', '.join(sorted(keys))}")
        return {key: item for key, item in value.items() if key in keys}

    def _name(self, path: Path, value: object) -> str:
        if isinstance(value, str) and _NAME.fullmatch(value):
            return value
        self._say(
            path, f"{path[-1]} is missing or not a name", "letters, digits, `_`, `.` and `-`, 64 at most"
        )
        return ""

    def _country(self, path: Path, value: object) -> str | None:
        if isinstance(value, str) and _COUNTRY.fullmatch(value):
            return value
        self._say(path, "not a country", "two capital letters of ISO 3166, for example GB")
        return None

    def _positive(self, path: Path, value: object, highest: int, *, whole: bool = False) -> float:
        kinds: tuple[type, ...] = (int,) if whole else (int, float)
        if isinstance(value, kinds) and not isinstance(value, bool) and 0 < value <= highest:  # type: ignore[operator]
            return float(value)  # type: ignore[arg-type]
        kind = "whole number" if whole else "number"
        self._say(path, f"{path[-1]} is missing or out of range", f"a {kind} above 0, at most {highest}")
        return 0.0

    def _texts(self, path: Path, value: object) -> dict[str, str]:
        if not isinstance(value, dict):
            self._say(path, f"{path[-1]}: not a mapping", "write `name: value` lines, or leave it out")
            return {}
        texts: dict[str, str] = {}
        for key, item in value.items():
            if isinstance(item, bool) or not isinstance(item, str | int | float) or item == "":
                self._say((*path, key), f"{key}: not a text or number", "put it in quotes")
            else:
                texts[str(key)] = str(item)
        return texts

    def _say(self, path: Path, message: str, hint: str) -> None:
        self.faults.append(
            Fault(file=self._document.name, line=self._document.line_of(path), message=message, hint=hint)
        )
