"""Records say what happened, hold ids only, and are refused when they are not exactly what we know."""

import json
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from uuid import UUID

import pytest

from audit.kinds import AttemptOutcome, ContactAccepted, KeyCreated, OptOutCompleted
from audit.leaf import RuleHit
from audit.record import RecordError, clean_code, commitment, contact_of, decode, encode, kind_of, micros
from audit.words import AttemptState, ContactState, Verdict

CONTACT = UUID("018f0000-0000-7000-8000-000000000001")
SUBJECT = UUID("018f0000-0000-7000-8000-000000000002")
ACCEPTED = ContactAccepted(
    ts=1_790_000_000_411_000,
    w="serve-1",
    we=17,
    ws=3,
    contact=CONTACT,
    state=ContactState.SCHEDULED,
    subj=SUBJECT,
    creditor="acme",
    chan="sms",
    template="ab" * 32,
    policy="cd" * 32,
    tzdb="2026b",
    rules=(
        RuleHit(rule="US-FED-REGF/hours", outcome="defer"),
        RuleHit(rule="HOUSE/week", outcome="pass", used=2, limit=3),
    ),
    zones=(("America/New_York", "2026-09-21T22:13:20"),),
    verdict=Verdict.DEFER,
    code="outside-hours",
    until=1_790_035_200_000_000,
)
WRITTEN = (
    b'{"chan":"sms","code":"outside-hours","contact":"018f0000-0000-7000-8000-000000000001","creditor":"acme",'
    b'"k":"contact.accepted","policy":"' + b"cd" * 32 + b'","rules":[["US-FED-REGF/hours","defer",null,null],'
    b'["HOUSE/week","pass",2,3]],"state":"scheduled","subj":"018f0000-0000-7000-8000-000000000002",'
    b'"template":"' + b"ab" * 32 + b'","ts":1790000000411000,"tzdb":"2026b","until":1790035200000000,"v":1,'
    b'"verdict":"defer","w":"serve-1","we":17,"ws":3,"zones":[["America/New_York","2026-09-21T22:13:20"]]}'
)


def test_record_is_written_in_exactly_these_bytes() -> None:
    """The form of a record is pinned: a verifier written today reads what is written in ten years."""
    assert encode(ACCEPTED) == WRITTEN
    assert decode(WRITTEN) == ACCEPTED


def test_record_tells_its_kind_contact_and_state() -> None:
    """The columns beside the bytes come from the record itself."""
    assert (kind_of(ACCEPTED), contact_of(ACCEPTED), ACCEPTED.state) == (
        "contact.accepted",
        CONTACT,
        "scheduled",
    )
    completed = OptOutCompleted(ts=1, w="w", we=1, ws=1, optout=SUBJECT)
    assert (kind_of(completed), contact_of(completed)) == ("optout.completed", None)


def _with(**changes: object) -> bytes:
    return json.dumps({**json.loads(WRITTEN), **changes}).encode()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(_with(v=2), id="later version"),
        pytest.param(_with(v="1"), id="version as text"),
        pytest.param(_with(k="contact.imagined"), id="unknown kind"),
        pytest.param(_with(k=None), id="no kind"),
        pytest.param(_with(name="x"), id="unknown field"),
        pytest.param(_with(ts=1.5), id="fraction"),
        pytest.param(_with(ts=2**53), id="integer that JSON readers round"),
        pytest.param(_with(ts=-1), id="before 1970"),
        pytest.param(_with(verdict="maybe"), id="unknown verdict"),
        pytest.param(_with(state="lost"), id="unknown state"),
        pytest.param(_with(contact="nobody"), id="contact is no id"),
        pytest.param(_with(policy="ab"), id="short hash"),
        pytest.param(_with(rules=[["a", "pass", 1, 2, 3]]), id="rule with too much"),
        pytest.param(_with(creditor="x" * 201), id="long word"),
        pytest.param(WRITTEN.replace(b',"ts":1790000000411000', b""), id="missing field"),
        pytest.param(WRITTEN + b" {}", id="something after"),
        pytest.param(WRITTEN[:-1], id="cut"),
        pytest.param(WRITTEN.replace(b"acme", b"\xff\xfe"), id="no UTF-8"),
        pytest.param(b"[" * 70_000, id="nested without end"),
        pytest.param(b"[" * 10_000, id="nested deep"),
        pytest.param(b'{"a":' + b"[" * 60_000, id="nested deep within"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"null", id="null"),
    ],
)
def test_reader_refuses_what_it_does_not_know(body: bytes) -> None:
    """A version, kind or field from elsewhere is refused, never skipped: a reader could be shown anything."""
    with pytest.raises(RecordError):
        decode(body)


@pytest.mark.parametrize("slip", ["jo@example.com", "to +12025550100 now", "+447700900123"])
def test_address_that_slipped_into_a_record_is_not_written(slip: str) -> None:
    """A leaf can never be taken back, so what looks like an address stops it, and the error does not repeat it."""
    with pytest.raises(RecordError) as caught:
        encode(KeyCreated(ts=1, w="w", we=1, ws=1, key="k", actions=(), creditors=(), by=slip))
    assert slip not in str(caught.value)


def test_zone_with_a_plus_is_no_address() -> None:
    """Etc/GMT+5 is a zone and may be written."""
    assert b"GMT+5" in encode(
        KeyCreated(ts=1, w="w", we=1, ws=1, key="k", actions=(), creditors=(), by="Etc/GMT+5")
    )


def test_record_over_the_limit_is_refused() -> None:
    """A record fits into a 16-bit length, or it is refused before it reaches the database."""

    def key(n: int) -> KeyCreated:
        return KeyCreated(ts=1, w="w", we=1, ws=1, key="k", actions=("x" * 200,) * n, creditors=(), by="")

    assert len(encode(key(322))) <= 65_535
    with pytest.raises(RecordError, match="65535"):
        encode(key(323))


def test_lone_surrogate_is_refused() -> None:
    """Text that no UTF-8 can hold is our own error, not the library's."""
    with pytest.raises(RecordError, match="surrogate"):
        encode(KeyCreated(ts=1, w="\ud800", we=1, ws=1, key="k", actions=(), creditors=(), by=""))


def test_time_is_exact_to_the_microsecond() -> None:
    """No float stands between a time and its record, and a naive time is refused."""
    assert micros(datetime(1970, 1, 1, tzinfo=UTC)) == 0
    at = datetime(2026, 11, 21, 10, 15, 30, 123457, tzinfo=UTC)
    assert micros(at) == 1_795_256_130_123_457
    assert micros(at.astimezone(timezone(timedelta(hours=-5)))) == micros(at)
    with pytest.raises(TypeError):
        micros(datetime(2026, 11, 21))  # noqa: DTZ001  (naive on purpose)


def test_commitment_is_the_hash_of_salt_and_payload() -> None:
    """Whoever is shown salt and payload can check it with any SHA-256; nobody can guess a short text from it."""
    salt = bytes(range(32))
    assert commitment(salt, b"payload") == sha256(salt + b"payload").hexdigest()
    with pytest.raises(ValueError, match="32 random bytes"):
        commitment(b"", b"payload")


@pytest.mark.parametrize(
    ("foreign", "kept"),
    [
        ("21610", "21610"),
        ("550 5.1.1", "550_5.1.1"),
        ("550 5.1.1 <jo@example.com>", "withheld"),
        ("no route to +12025550100", "no_route_to_#"),
        ("", "none"),
        ("\n\x00", "_"),
        ("é" * 200, "_"),
        ("x" * 200, "x" * 80),
    ],
)
def test_foreign_code_is_made_safe(foreign: str, kept: str) -> None:
    """A provider's reason may be recorded, but not the address that it quotes."""
    assert clean_code(foreign) == kept


def test_cleaned_code_can_be_written() -> None:
    """An outcome is never lost because a provider's reason could not be recorded."""
    for reason in ("550 <jo@example.com>", "+12025550100", "\ud800", "x" * 9000):
        outcome = AttemptOutcome(
            ts=1,
            w="w",
            we=1,
            ws=1,
            contact=CONTACT,
            state=ContactState.FAILED,
            attempt=SUBJECT,
            outcome=AttemptState.REFUSED,
            code=clean_code(reason),
            ref=None,
            late=False,
        )
        assert decode(encode(outcome)) == outcome
