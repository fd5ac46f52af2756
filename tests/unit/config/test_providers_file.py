"""The providers file: what ships works, and a wrong one is told apart line by line."""

from config.faults import Fault
from config.providers import ProviderConfig, default_providers, parse_providers

GOOD = """
accounts:
  - name: mail
    provider: smtp
    channels: [email]
    rate_per_s: 0.5
    burst: 1
    concurrency: 2
    settings: {host: smtp.example.org, port: 587}
    secrets: {password: smtp-password}
    senders:
      - {channel: email, sender: "Example Lending <care@example.org>"}
      - {channel: email, creditor: harbor, country: GB, sender: care@harbor.example}
"""


def faults(text: str) -> list[str]:
    found = parse_providers("providers.yaml", text)
    assert isinstance(found, list), "expected faults"
    assert all(isinstance(fault, Fault) for fault in found)
    return [str(fault) for fault in found]


def test_the_file_that_ships_sends_every_channel_to_the_sandbox():
    """Without any set-up nothing can reach a person: all four channels end in the sandbox."""
    config = parse_providers(*default_providers())
    assert isinstance(config, ProviderConfig)
    assert [(a.provider, a.channels) for a in config.accounts] == [
        ("sandbox", ("sms", "voice", "email", "push"))
    ]


def test_an_account_is_read_whole():
    """Numbers in settings become text, senders are keyed by creditor, country and channel."""
    config = parse_providers("providers.yaml", GOOD)
    assert isinstance(config, ProviderConfig)
    (account,) = config.accounts
    assert account.settings == {"host": "smtp.example.org", "port": "587"}
    assert account.secret_files == {"password": "smtp-password"}
    assert account.rate_per_s == 0.5
    assert account.senders == {
        (None, None, "email"): "Example Lending <care@example.org>",
        ("harbor", "GB", "email"): "care@harbor.example",
    }


def test_every_fault_is_told_at_once_with_its_line():
    """An operator repairs a file in one go, not fault by fault."""
    text = (
        GOOD.replace("[email]", "[email, fax]")
        .replace("burst: 1", "burst: 1.5")
        .replace("secrets:", "secret:")
    )
    assert [fault.split(" (")[0] for fault in faults(text)] == [
        "providers.yaml:5: not a channel",
        "providers.yaml:7: burst is missing or out of range",
        "providers.yaml:10: unknown key secret",
    ]


def test_an_empty_list_of_accounts_is_refused():
    """Empty means no: without an account nothing could be sent, so the file is wrong."""
    assert faults("accounts: []") == [
        "providers.yaml:1: no accounts (list at least one: without any, nothing could be sent)"
    ]


def test_a_number_without_quotes_is_no_sender():
    """YAML reads +12025550100 as a number and would lose the plus: the hint says to quote it."""
    assert any(
        "put numbers in quotes" in fault
        for fault in faults(GOOD.replace("care@harbor.example", "+12025550100"))
    )


def test_each_channel_needs_a_sender():
    """People must see who writes: an account without a sender for a channel it carries is refused."""
    text = GOOD.replace("channels: [email]", "channels: [email, sms]")
    assert any("no sender for sms" in fault for fault in faults(text))


def test_zero_is_no_pace():
    """A pace of 0 would be a switch in disguise; it is refused like a missing one."""
    assert any("rate_per_s" in fault for fault in faults(GOOD.replace("rate_per_s: 0.5", "rate_per_s: 0")))


def test_two_accounts_of_one_name_are_refused():
    """Receipts come back by account name, so a name stands for one account."""
    account = GOOD.split("accounts:", 1)[1]
    assert any("a second account of this name" in fault for fault in faults(GOOD + account))


def test_two_senders_for_one_case_are_refused():
    """Which of two senders a person sees is not left to the order of lines."""
    line = "      - {channel: email, sender: other@example.org}\n"
    assert any("a second sender for the same case" in fault for fault in faults(GOOD + line))
