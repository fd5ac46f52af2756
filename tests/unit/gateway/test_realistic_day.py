"""The invented day: everything in it can be carried out, nobody in it exists, and every ending occurs."""

import re
from datetime import UTC, datetime
from random import Random

import msgspec
import pytest

from channels.base import ChannelName
from channels.sandbox_scripts import SCRIPTS, script_of
from config.providers import ProviderConfig, parse_providers
from gateway.demo.day import Day, creditor_ids, lines_of, realistic_day
from gateway.demo.providers import demo_providers
from gateway.policy import Policy, compile_policy
from gateway.policy_applying import read_documents
from gateway.vault import create_master_key, open_vault
from gateway.wanted import Wanted, read_request
from gateway.wire import BatchItem
from throttling.facts import Channel

AT = datetime(2026, 3, 3, 17, 0, tzinfo=UTC)
COUNT = 600

# NANPA 555-0100..0199; Ofcom 07700 900000..900999; ACMA 5550 xxxx in each geographic area.
RESERVED = re.compile(r"\+1\d{3}55501\d\d|\+447700900\d{3}|\+61[2378]5550\d{4}")


@pytest.fixture(scope="module")
def day() -> Day:
    return realistic_day(Random(7), count=COUNT, at=AT, run="t")


@pytest.fixture(scope="module")
def policy() -> Policy:
    compiled = compile_policy(read_documents(None))
    assert isinstance(compiled, Policy)
    return compiled


def test_every_request_can_be_carried_out(day, policy, tmp_path):
    """Addresses, templates, variables and zones are right: what is denied is denied by a rule, not by a mistake."""
    create_master_key(tmp_path / "master.key")
    vault = open_vault(tmp_path / "master.key")
    for item in day.items:
        read = read_request(item, namespace=item.creditor, policy=policy, vault=vault, at=AT)
        assert isinstance(read, Wanted), read
        assert read.asked.zones, item.borrower


def test_nobody_in_it_exists(day):
    """Numbers are of ranges reserved for stories, mailboxes and links of example domains."""
    told = [optout.address for optout in day.opt_outs if optout.address is not None]
    for address in [item.address for item in day.items] + told:
        assert RESERVED.fullmatch(address) or address.endswith("@example.com") or "demo-phone" in address
    links = [value for item in day.items for value in item.variables.values() if "//" in value]
    assert links
    assert all(re.match(r"https://[a-z-]+\.example/", link) for link in links)


def test_everything_a_newcomer_should_see_occurs(day):
    """All channels, languages, creditors and scripted endings; debts in plural; opt-outs, restrictions, events."""
    assert {item.channel for item in day.items} == set(Channel)
    assert {item.borrower.locale for item in day.items} == {"en", "es", "zh-Hans"}
    assert {item.creditor for item in day.items} == set(creditor_ids())
    assert len({item.borrower.country for item in day.items}) > 10
    scripts = {script_of(ChannelName(item.channel.value), item.address).ending for item in day.items}
    assert scripts == {script.ending for script in SCRIPTS} | {""}
    assert max(len(item.debts) for item in day.items) > 1
    assert day.opt_outs
    assert day.restrictions
    assert day.events


def test_the_same_seed_gives_the_same_day(day):
    """A file made twice is one file: sending it again is answered from the first time."""
    assert realistic_day(Random(7), count=COUNT, at=AT, run="t") == day
    keys = [item.idempotency_key for item in day.items]
    assert len(set(keys)) == len(keys)


def test_another_run_is_other_people(day):
    """Borrower ids and idempotency keys begin with the run, so a second run is not a replay of the first."""
    other = realistic_day(Random(7), count=COUNT, at=AT, run="u")
    assert not {item.idempotency_key for item in day.items} & {item.idempotency_key for item in other.items}
    assert not {item.borrower.id for item in day.items} & {item.borrower.id for item in other.items}


def test_every_handset_is_one_persons(day):
    """In a day of this size nobody shares an address, so a conversation on the page is one person's."""
    owners: dict[tuple[str, str], set[str]] = {}
    for item in day.items:
        owners.setdefault((item.channel.value, item.address), set()).add(item.borrower.id)
    assert [each for each in owners.values() if len(each) > 1] == []


def test_each_creditor_writes_under_its_own_name():
    """The demo's provider accounts are the sandbox alone, with a sender for each creditor and channel."""
    config = parse_providers("providers.json", demo_providers().decode())
    assert isinstance(config, ProviderConfig), config
    (sandbox,) = config.accounts
    assert sandbox.provider == "sandbox"
    for creditor in creditor_ids():
        assert {channel for of, _, channel in sandbox.senders if of == creditor} == set(sandbox.channels)


def test_a_line_reads_as_the_request_it_was_made_from(day):
    """NDJSON as the batch route takes it, without nulls."""
    lines = list(lines_of(day))
    assert len(lines) == COUNT
    assert not any(b"null" in line for line in lines)
    assert tuple(msgspec.json.decode(line, type=BatchItem) for line in lines) == day.items
