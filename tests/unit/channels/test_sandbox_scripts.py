"""The scripted addresses of the sandbox."""

import pytest

from channels.base import ChannelName, ReceiptStatus
from channels.sandbox_scripts import SCRIPTS, USUAL, script_of


def test_every_ending_from_01_to_13_has_one_script():
    """The legend on the handset page has a line for each, and none twice."""
    assert [script.ending for script in SCRIPTS] == [f"{number:02d}" for number in range(1, 14)]


@pytest.mark.parametrize(
    ("channel", "destination", "ending"),
    [
        (ChannelName.SMS, "+12025550104", "04"),
        (ChannelName.VOICE, "+12025550113", "13"),
        (ChannelName.EMAIL, "jordan08@example.com", "08"),
        (ChannelName.PUSH, "token-example-11", "11"),
        (ChannelName.SMS, "+12025550114", ""),
        (ChannelName.SMS, "+12025550100", ""),
        (ChannelName.EMAIL, "jordan@example04.com", ""),
        (ChannelName.EMAIL, "jordan8@example.com", ""),
        (ChannelName.PUSH, "", ""),
        (ChannelName.SMS, "+1202555010٤", ""),
    ],
)
def test_the_last_two_digits_choose(channel: ChannelName, destination: str, ending: str):
    """A number, a mailbox's local part or a token that ends in two digits of the table plays that script."""
    assert script_of(channel, destination).ending == ending


def test_the_usual_case_is_delivery():
    """An address that asks for nothing special gets its message."""
    assert [report.status for report in USUAL.reports] == [ReceiptStatus.DELIVERED]
