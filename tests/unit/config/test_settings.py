"""Settings are read whole, checked whole, and never show a secret."""

from pathlib import Path

import pytest

from config.example import render_example
from config.secret_files import read_secret_files
from config.settings import Settings, from_process
from config.variables import VARIABLES, Listen

EXTERNAL = {
    "DATABASE_URL": "postgresql://app:hunter2@db.example/forbear?password=hunter2",
    "REDIS_URL": "rediss://:hunter2@redis.example:6379/0",
    "FORBEAR_API_KEY": "hunter2",
}


def test_an_empty_environment_gives_the_embedded_default():
    """A newcomer sets nothing and gets a working, local installation."""
    settings = Settings.from_env({"HOME": "/nowhere"})
    assert isinstance(settings, Settings)
    assert not settings.external
    assert settings.listen == Listen(host="127.0.0.1", port=8080)
    assert settings.public_url == settings.api_url == "http://127.0.0.1:8080"
    assert settings.master_key_file == Path(".forbear/keys/master.key")
    assert settings.sandbox is False


def test_external_addresses_switch_the_embedded_servers_off():
    """One address is enough, and the queue follows the ledger unless it is named."""
    settings = Settings.from_env(EXTERNAL)
    assert isinstance(settings, Settings)
    assert settings.external
    assert settings.queue_url == settings.redis_url
    sealer = Settings.from_env({"SEAL_DATABASE_URL": "postgresql://db.example/forbear"})
    assert isinstance(sealer, Settings)
    assert sealer.external


def test_no_secret_is_shown():
    """Settings may be printed: passwords and keys are not in the text."""
    settings = Settings.from_env(EXTERNAL)
    assert "hunter2" not in repr(settings)
    assert "db.example" in repr(settings)


def test_every_fault_is_listed_at_once():
    """One start tells everything that is wrong, with the variable and a hint, and repeats no value."""
    faults = Settings.from_env(
        {
            "FORBEAR_LISTN": "127.0.0.1:80",
            "FORBEAR_LISTEN": "hunter2",
            "FORBEAR_LOG_LEVEL": "",
            "FORBEAR_SANDBOX": "yes",
            "DATABASE_URL": "mysql://hunter2@db.example",
        }
    )
    assert isinstance(faults, list)
    assert [fault.variable for fault in faults] == [
        "FORBEAR_LISTN",
        "DATABASE_URL",
        "FORBEAR_LISTEN",
        "FORBEAR_LOG_LEVEL",
        "FORBEAR_SANDBOX",
        "REDIS_URL",
    ]
    assert "did you mean FORBEAR_LISTEN?" in str(faults[0])
    assert "hunter2" not in "".join(map(str, faults))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.0.0.0:80", Listen(host="0.0.0.0", port=80)),
        ("[::1]:8080", Listen(host="::1", port=8080)),
        ("gateway.example:0", Listen(host="gateway.example", port=0)),
        ("8080", None),
        (":8080", None),
        ("127.0.0.1:", None),
        ("127.0.0.1:65536", None),
        ("127.0.0.1:٣", None),
    ],
)
def test_the_address_to_listen_on(text, expected):
    """HOST:PORT in both address families; anything else is a fault."""
    settings = Settings.from_env({"FORBEAR_LISTEN": text})
    assert (settings.listen if isinstance(settings, Settings) else None) == expected
    if expected is not None:
        assert str(expected) == text


def test_secrets_may_lie_in_files(tmp_path):
    """A secret from a file is the same as one from the environment; one from both, or from nowhere, is a fault."""
    file = tmp_path / "url"
    file.write_text("postgresql://db.example/forbear\n")
    merged, bad = read_secret_files({"DATABASE_URL_FILE": str(file), "PATH": "/bin"})
    assert merged == {"DATABASE_URL": "postgresql://db.example/forbear", "PATH": "/bin"}
    assert bad == {}
    _, bad = read_secret_files(
        {"REDIS_URL_FILE": str(tmp_path / "none"), "QUEUE_URL_FILE": "x", "QUEUE_URL": "y"}
    )
    assert set(bad) == {"REDIS_URL_FILE", "QUEUE_URL_FILE"}


def test_the_settings_of_this_process_can_be_read():
    """The one reader of the environment works where the suite runs."""
    assert isinstance(from_process(), Settings)


def test_the_example_file_is_complete(repository):
    """config/example.env is what `python -m config.example` writes; run that if this fails."""
    assert (repository / "config" / "example.env").read_text() == render_example()


def test_every_variable_has_a_field_and_a_meaning():
    """The table and the type agree, and nothing is left unexplained."""
    assert {variable.field for variable in VARIABLES} == set(Settings.__struct_fields__)
    assert all(variable.help.endswith(".") for variable in VARIABLES)
