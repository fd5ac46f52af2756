"""Provider accounts from their settings file, with their secrets read: the last place where a secret is a path."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

from channels.base import Account, ChannelName
from config.providers import ProviderAccount, ProviderConfig, SenderKey, default_providers, parse_providers
from config.settings import Settings
from gateway.key_file import KeyFileError, create_key_file, read_key_file
from gateway.vault import Randomness

SANDBOX = "sandbox"
SANDBOX_SECRETS = ("sandbox-token", "sandbox-webhook", "sandbox-page")


class AccountsFault(Exception):  # noqa: N818 - what is wrong is in the words
    """Raised at start when accounts cannot be read; each line of the text is one fault with file, line and hint."""


class OpenAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account ready to be opened, and the sender ids it writes under."""

    account: Account
    senders: Mapping[SenderKey, str]


def read_accounts(settings: Settings) -> tuple[OpenAccount, ...]:
    """Every account of the settings file, in its order. Raises AccountsFault with all faults at once."""
    if settings.providers_file is None:
        name, text = default_providers()
    else:
        name = str(settings.providers_file)
        try:
            text = settings.providers_file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise AccountsFault(f"{name}: cannot be read as text ({type(error).__name__})") from error
    config = parse_providers(name, text)
    if not isinstance(config, ProviderConfig):
        raise AccountsFault("\n".join(str(fault) for fault in config))
    return tuple(_open(account, settings) for account in config.accounts)


def secrets_folder(settings: Settings) -> Path:
    """Where secrets lie that are named without an absolute path."""
    return settings.data_dir / "secrets"


def make_sandbox_secrets(settings: Settings, random: Randomness) -> None:
    """Make the secrets between gateway and sandbox carrier that are missing; they guard test data only.

    Every part does so at its start, whichever comes first; who loses the race takes what the other has made.
    """
    folder = secrets_folder(settings)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in SANDBOX_SECRETS:
        with suppress(KeyFileError):
            create_key_file(folder / name, random(24).hex() + "\n")


def read_secret(settings: Settings, name: str) -> str:
    """One secret by name or path. Raises AccountsFault."""
    path = Path(name) if Path(name).is_absolute() else secrets_folder(settings) / name
    try:
        return read_key_file(path).strip()
    except KeyFileError as error:
        raise AccountsFault(str(error)) from error


def _open(account: ProviderAccount, settings: Settings) -> OpenAccount:
    own = dict(account.settings)
    if account.provider == SANDBOX and "url" not in own:
        own["url"] = f"http://{settings.listen}/sandbox"  # the carrier that serve runs
    return OpenAccount(
        account=Account(
            name=account.name,
            provider=account.provider,
            channels=frozenset(ChannelName(channel) for channel in account.channels),
            settings=own,
            secrets={name: read_secret(settings, file) for name, file in account.secret_files.items()},
            rate_per_s=account.rate_per_s,
            burst=account.burst,
            concurrency=account.concurrency,
        ),
        senders=account.senders,
    )
