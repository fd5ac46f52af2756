"""The demo's provider accounts: the sandbox for every channel, with sender ids of each invented creditor."""

import msgspec

from config.documents import Document, load_document
from config.providers import CHANNELS, default_providers
from gateway.demo.texts import CREDITORS, Creditor


def demo_providers() -> bytes:
    """A providers file (JSON, which YAML reads): the one that ships, with the creditors' senders before its own."""
    shipped = load_document(*default_providers())
    assert isinstance(shipped, Document)
    config = msgspec.convert(shipped.value, dict[str, list[dict[str, object]]])
    sandbox = config["accounts"][0]
    senders = [sender for creditor in CREDITORS for sender in _senders(creditor)]
    return msgspec.json.format(
        msgspec.json.encode({"accounts": [sandbox | {"senders": senders + _list(sandbox["senders"])}]}),
        indent=1,
    )


def _senders(creditor: Creditor) -> list[dict[str, str]]:
    ids = {
        "sms": creditor.sender,
        "voice": creditor.sender,
        "email": f"{creditor.name} <care@{creditor.site.removeprefix('https://')}>",
        "push": creditor.name,
    }
    return [{"channel": channel, "creditor": creditor.id, "sender": ids[channel]} for channel in CHANNELS]


def _list(value: object) -> list[object]:
    assert isinstance(value, list)
    return value
