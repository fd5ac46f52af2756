"""Adapters are found by entry point."""

from importlib.metadata import EntryPoint

import pytest

from channels import sandbox, smtp
from channels.registry import RegistryError, discover, discover_readers
from channels.sandbox_webhooks import webhook_reader

GROUP = "forbear.channels"


def test_our_own_adapters_are_installed():
    """The sandbox and SMTP come with Forbear, by the same door as anybody's plug-in."""
    assert discover() == {"sandbox": sandbox.open_channel, "smtp": smtp.open_channel}
    assert discover_readers() == {"sandbox": webhook_reader}


def test_only_wanted_adapters_are_loaded():
    """A broken plug-in that nobody uses does no harm: it is never imported."""
    points = [
        EntryPoint(name="sandbox", value="channels.sandbox:open_channel", group=GROUP),
        EntryPoint(name="broken", value="no_such_module:open_channel", group=GROUP),
    ]
    assert discover({"sandbox"}, installed=points) == {"sandbox": sandbox.open_channel}
    with pytest.raises(ModuleNotFoundError):
        discover({"broken"}, installed=points)


def test_two_plug_ins_of_one_name_are_refused():
    """Which of two plug-ins carries a person's message is never a matter of chance."""
    points = [
        EntryPoint(name="sms", value="channels.sandbox:open_channel", group=GROUP),
        EntryPoint(name="sms", value="channels.smtp:open_channel", group=GROUP),
    ]
    with pytest.raises(RegistryError, match="two plug-ins are called sms"):
        discover(installed=points)


def test_an_unknown_provider_names_those_that_exist():
    """A mistyped provider is told at start-up, with the names to choose from."""
    with pytest.raises(
        RegistryError, match=r"no adapter called sandbx is installed; installed: sandbox, smtp"
    ):
        discover({"sandbx"})


def test_a_provider_without_callbacks_has_no_reader():
    """SMTP calls nobody back, so asking for its reader finds none and is no error."""
    assert discover_readers({"smtp"}) == {}
