"""Facts about API keys: what they look like, what is stored, how long a revoked one still works."""

import asyncio
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.key_ring import KeyRing
from gateway.keys import KeyRecord, PrincipalKind, hash_secret, mint_key, parse_token, verify
from tests.fakes.http_flows import AT, FakeKeyStore

NEW = mint_key(lambda size: bytes(range(size)))


def record(**changes: object) -> KeyRecord:
    """The record of NEW."""
    fields = {
        "id": NEW.id,
        "secret_hash": NEW.secret_hash,
        "subject": "upstream",
        "kind": PrincipalKind.MACHINE,
        "creditors": ("acme-bank",),
        "actions": ("decisions",),
        "created_at": AT,
    }
    return KeyRecord(**{**fields, **changes})  # type: ignore[arg-type]


def test_a_key_comes_apart_as_it_was_made():
    """A key names its kind and id, and what is stored is only the hash of its secret."""
    token = parse_token(NEW.token)
    assert token is not None
    assert (token.live, token.id) == (True, NEW.id)
    assert hash_secret(token.secret) == NEW.secret_hash
    assert NEW.token.startswith("fb_live_")
    assert token.secret not in repr(record())


def test_a_test_key_says_so():
    """A key made for trials is told apart by its name."""
    test = mint_key(bytes, live=False)
    token = parse_token(test.token)
    assert test.token.startswith("fb_test_")
    assert token is not None
    assert token.live is False


@given(st.integers(0, len(NEW.token) - 1), st.characters(codec="ascii"))
def test_a_mistyped_key_is_refused_without_asking(place: int, character: str):
    """One wrong character anywhere breaks the checksum."""
    wrong = NEW.token[:place] + character + NEW.token[place + 1 :]
    assert (parse_token(wrong) is None) == (wrong != NEW.token)


@given(st.text(max_size=120))
def test_any_text_is_a_key_or_is_not(text: str):
    """Nothing that a caller may send as a key makes the parser fail."""
    assert parse_token(text) is None


@pytest.mark.parametrize(
    ("changes", "good"),
    [
        ({}, True),
        ({"revoked_at": AT}, False),
        ({"expires_at": AT}, False),
        ({"expires_at": AT + dt.timedelta(seconds=1)}, True),
        ({"secret_hash": bytes(32)}, False),
    ],
)
def test_a_key_counts_while_it_is_neither_revoked_nor_expired(changes: dict[str, object], good: bool):
    """At the very instant of expiry a key is no longer good."""
    token = parse_token(NEW.token)
    assert token is not None
    assert (verify(token, record(**changes), AT) is not None) is good


@pytest.mark.parametrize(
    ("creditors", "mine", "others", "only"),
    [
        (("a",), True, False, "a"),
        (("a", "b"), True, False, None),
        (("*",), True, True, None),
        ((), False, False, None),
    ],
)
def test_a_key_acts_for_its_creditors(creditors: tuple[str, ...], mine: bool, others: bool, only: str | None):
    """No creditor means none; the star means all, and is never taken for the one meant."""
    token = parse_token(NEW.token)
    assert token is not None
    caller = verify(token, record(creditors=creditors), AT)
    assert caller is not None
    assert (caller.may_act_for("a"), caller.may_act_for("z"), caller.only_creditor()) == (mine, others, only)


@pytest.mark.parametrize(("namespace", "found"), [(None, "acme-bank"), ("group", "group")])
def test_borrowers_live_in_the_keys_namespace(namespace: str | None, found: str):
    """Each creditor is its own namespace unless the operator joined several on purpose."""
    token = parse_token(NEW.token)
    assert token is not None
    caller = verify(token, record(namespace=namespace), AT)
    assert caller is not None
    assert caller.namespace_for("acme-bank") == found


class Time:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> dt.datetime:
        return AT + dt.timedelta(seconds=self.seconds)

    def monotonic_s(self) -> float:
        return self.seconds


def ring(store: FakeKeyStore, time: Time, **limits: int) -> KeyRing:
    """A key ring over a store and a clock."""
    return KeyRing(store, now=time.now, monotonic_s=time.monotonic_s, **limits)


async def test_a_good_key_is_looked_up_once_in_five_seconds():
    """A busy key does not cost a query a request, and its use is noted."""
    store, time = FakeKeyStore(), Time()
    keys, token = ring(store, time), store.add().token
    callers = await asyncio.gather(*(keys.authenticate(token) for _ in range(50)))
    assert all(caller is not None for caller in callers)
    assert (len(store.looked_up), len(store.used)) == (1, 1)
    assert keys.recall(token) is not None
    time.seconds = 5.0
    assert keys.recall(token) is None
    await keys.authenticate(token)
    assert len(store.looked_up) == 2


async def test_a_revoked_key_stops_within_five_seconds():
    """After a revocation a key works for the few seconds it is remembered, and no longer."""
    store, time = FakeKeyStore(), Time()
    keys, new = ring(store, time), store.add()
    assert await keys.authenticate(new.token) is not None
    store.records.clear()
    time.seconds = 4.9
    assert await keys.authenticate(new.token) is not None
    time.seconds = 5.0
    assert await keys.authenticate(new.token) is None
    assert keys.recall(new.token) is None


async def test_an_expiring_key_is_not_remembered_past_its_end():
    """Memory never lengthens a key's life."""
    store, time = FakeKeyStore(), Time()
    keys, new = ring(store, time), store.add(expires_at=AT + dt.timedelta(seconds=2))
    assert await keys.authenticate(new.token) is not None
    time.seconds = 2.0
    assert await keys.authenticate(new.token) is None


async def test_an_unknown_key_is_never_remembered():
    """A refusal is asked about each time, so that a new key works at once."""
    store, time = FakeKeyStore(), Time()
    keys, new = ring(store, time), store.add()
    kept = store.records.pop(new.id)
    assert await keys.authenticate(new.token) is None
    store.records[new.id] = kept
    assert await keys.authenticate(new.token) is not None


async def test_memory_of_keys_is_bounded():
    """However many keys call, only so many are remembered; the oldest goes first."""
    store, time = FakeKeyStore(), Time()
    keys = ring(store, time, remembered_max=2)
    tokens = [store.add().token for _ in range(3)]
    for token in tokens:
        await keys.authenticate(token)
    assert [keys.recall(token) is not None for token in tokens] == [False, True, True]
