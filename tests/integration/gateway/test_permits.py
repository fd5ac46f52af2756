"""The permit: one statement that has the last word. Every answer it can give, every fact it must notice, every race."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest
from asyncpg.exceptions import InsufficientPrivilegeError

from gateway.hand_off import permit_group
from gateway.policy import Documents
from gateway.policy_applying import read_documents
from gateway.prepare import Preparing, Ready, prepare
from gateway.store.codes import Permitting
from gateway.store.columns import PermitWanted, call, of_permits
from gateway.store.handing import load_handing
from gateway.store.writer import GroupWriter
from tests.fakes.clock import MovedClock
from tests.fakes.scripted_adapter import ScriptedAdapter
from tests.gateway_world import ACCOUNT, Gateway, activate, open_gateway


async def wanted(gateway: Gateway, contact: str) -> PermitWanted:
    """The permit that the hand-off would ask for now."""
    at = gateway.clock.now()
    (row,) = await load_handing(gateway.rt.pool, [UUID(contact)], at)
    policy = gateway.rt.policy.current()
    by = Preparing(
        at=at, policy=policy, route=gateway.route, vault=gateway.rt.vault, random=gateway.rt.random
    )
    ready = prepare(row, policy.templates[row.template.hex()], (), by)
    assert isinstance(ready, Ready), ready
    return ready.permit


async def permit(gateway: Gateway, asked: PermitWanted) -> Permitting:
    """The database's answer."""
    return Permitting(await gateway.rt.permitting.write(asked))


async def asked_for(gateway: Gateway) -> PermitWanted:
    """A permit that would be given."""
    return await wanted(gateway, (await gateway.accept()).id)


async def test_permitted(gateway: Gateway) -> None:
    """A permit writes attempt, counted event, state and record together."""
    asked = await asked_for(gateway)
    assert await permit(gateway, asked) is Permitting.PERMITTED
    row = await gateway.owner.fetchrow("SELECT state, not_after, answer_by, permitted_at FROM attempt")
    assert row["state"] == "permitted"
    assert row["not_after"] - row["permitted_at"] == timedelta(seconds=2)
    assert await gateway.counted() == 1
    assert await gateway.story(str(asked.contact)) == ["queued", "dispatching"]


async def test_changed_facts(gateway: Gateway) -> None:
    """An opt-out that commits between decision and permit is noticed, whether it is of the address or of the person."""
    asked = await asked_for(gateway)
    await gateway.reply("STOP")
    assert await permit(gateway, asked) is Permitting.CHANGED
    await gateway.owner.execute("DELETE FROM suppression")
    asked = await wanted(gateway, str(asked.contact))
    await gateway.owner.execute(
        FACTS["restriction"][0],
    )
    assert await permit(gateway, asked) is Permitting.CHANGED


async def test_no_longer_waiting(gateway: Gateway) -> None:
    """A contact that was permitted before is not permitted again, though every fact still fits."""
    asked = await asked_for(gateway)
    await permit(gateway, asked)
    version = await gateway.owner.fetchval("SELECT version FROM borrower")
    again = msgspec.structs.replace(asked, attempt=uuid4(), borrower_version=version)
    assert await permit(gateway, again) is Permitting.NOT_WAITING
    assert await gateway.counted() == 1


async def test_another_policy(gateway: Gateway, clock: MovedClock) -> None:
    """What was decided under rules that are no longer in force is decided again under those that are."""
    asked = await asked_for(gateway)
    documents = read_documents(None)
    stricter = documents.packs["HOUSE.yaml"].replace(
        "{open: 09:00, close: 20:00}", "{open: 09:00, close: 11:00}"
    )
    packs = documents.packs | {"HOUSE.yaml": stricter}
    await activate(gateway.owner, msgspec.structs.replace(documents, packs=packs), clock.now())
    assert await permit(gateway, asked) is Permitting.POLICY
    assert await gateway.hand_off(str(asked.contact)) == 0
    assert await gateway.state(str(asked.contact)) == "scheduled"


@pytest.mark.parametrize(
    ("scope", "value"),
    [("all", None), ("creditor", "acme"), ("channel", "sms"), ("account", ACCOUNT), ("template", "")],
)
async def test_stopped(gateway: Gateway, adapter: ScriptedAdapter, scope: str, value: str | None) -> None:
    """A stop of everything, a creditor, a channel, an account or a text holds its contacts back until it is lifted."""
    asked = await asked_for(gateway)
    value = asked.template.hex() if value == "" else value
    flag = await gateway.owner.fetchval("SELECT stop_set($1, $2, $3, 'test', 'tests')", uuid4(), scope, value)
    assert await permit(gateway, asked) is Permitting.STOPPED
    assert await gateway.hand_off(str(asked.contact)) == 0
    assert await gateway.state(str(asked.contact)) == "queued"
    await gateway.owner.execute("SELECT stop_lift($1, 'tests')", flag)
    assert await gateway.hand_off(str(asked.contact)) == 1
    assert len(adapter.sent) == 1


async def test_a_flag_on_something_else_stops_nothing(gateway: Gateway) -> None:
    """A stop of one creditor holds no other's contacts back."""
    await gateway.owner.execute("SELECT stop_set($1, 'creditor', 'harbor', 'test', 'tests')", uuid4())
    assert await permit(gateway, await asked_for(gateway)) is Permitting.PERMITTED


async def test_late(gateway: Gateway) -> None:
    """A permit whose lease is over by the database's clock is not given."""
    asked = await asked_for(gateway)
    over = datetime.now(UTC) - timedelta(milliseconds=1)  # noqa: TID251  (the database's clock cannot be moved)
    assert await permit(gateway, msgspec.structs.replace(asked, not_after=over)) is Permitting.LATE


async def test_skew(gateway: Gateway) -> None:
    """A process whose clock differs from the database's by more than it may gets no permit at all."""
    asked = await asked_for(gateway)
    strict = GroupWriter(
        lambda: asyncpg.connect(gateway.site.urls.app),
        name="strict",
        statement=call("permit_contacts", 20),
        columns=lambda items, stamp: of_permits(items, stamp, timedelta(seconds=1)),
    )
    task = asyncio.create_task(strict.run())
    assert await strict.write(asked) == Permitting.SKEW
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await gateway.counted() == 0


@pytest.mark.parametrize("table", ["borrower", "address", "contact"])
async def test_busy(gateway: Gateway, table: str) -> None:
    """A permit does not wait for a row that somebody holds; it is decided again."""
    asked = await asked_for(gateway)
    async with gateway.owner.transaction():
        await gateway.owner.execute(f"SELECT FROM {table} FOR UPDATE")
        assert await permit(gateway, asked) is Permitting.BUSY
    assert await permit(gateway, asked) is Permitting.PERMITTED


async def test_every_answer_is_named() -> None:
    """The tests above are one for each answer that the function can give."""
    assert {code.value for code in Permitting} == set(range(8))


# --- versions


FACTS: dict[str, tuple[str, str]] = {
    "event": (
        (
            "INSERT INTO event (borrower_id, at, kind, channel, debts, creditor)"
            " SELECT id, now(), 'attempt', 'sms', '', 'acme' FROM borrower"
        ),
        "kind = 'letter'",
    ),
    "suppression": (
        (
            "INSERT INTO suppression (id, scope, borrower_id, source, since)"
            " SELECT gen_random_uuid(), 'all', id, 'x', now() FROM borrower"
        ),
        "lifted_at = now()",
    ),
    "restriction": (
        (
            "INSERT INTO restriction (id, borrower_id, recorded_by, kind, since, source)"
            " SELECT gen_random_uuid(), id, 'acme', 'cease', now(), 'x' FROM borrower"
        ),
        "lifted_at = now()",
    ),
    "consent": (
        (
            "INSERT INTO consent (id, borrower_id, purpose, creditor, since, source)"
            " SELECT gen_random_uuid(), id, 'texts', 'acme', now(), 'x' FROM borrower"
        ),
        "lifted_at = now()",
    ),
}


@pytest.mark.parametrize("table", FACTS)
async def test_every_fact_raises_the_version(gateway: Gateway, table: str) -> None:
    """Each fact about a person raises the version when it comes, changes or goes: no caller can forget to."""
    await gateway.accept()
    insert, change = FACTS[table]

    async def version() -> int:
        return int(await gateway.owner.fetchval("SELECT version FROM borrower"))

    for statement in (insert, f"UPDATE {table} SET {change}", f"DELETE FROM {table}"):
        before = await version()
        await gateway.owner.execute(statement)
        assert await version() > before, statement


async def test_every_fact_about_an_address_raises_its_version(gateway: Gateway) -> None:
    """A suppression of an address raises the address's version when it comes, changes or goes."""
    await gateway.accept()
    insert = (
        "INSERT INTO suppression (id, scope, address, source, since)"
        " SELECT gen_random_uuid(), 'address', token, 'x', now() FROM address"
    )
    for statement in (insert, "UPDATE suppression SET lifted_at = now()", "DELETE FROM suppression"):
        before = await gateway.owner.fetchval("SELECT version FROM address")
        await gateway.owner.execute(statement)
        assert await gateway.owner.fetchval("SELECT version FROM address") > before, statement


async def test_no_table_of_facts_is_forgotten(gateway: Gateway) -> None:
    """Every table that `decide` is given facts from has the triggers; a new one cannot be read without them."""
    read = await gateway.owner.fetchval("SELECT prosrc FROM pg_proc WHERE proname = 'borrower_history'")
    tables = {
        row["relname"]
        for row in await gateway.owner.fetch(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
        )
    }
    words = set(read.replace("(", " ").split())
    assert {table for table in tables if table in words} == {"event", "suppression", "restriction"}
    for table in FACTS:
        triggers = await gateway.owner.fetch(
            "SELECT tgtype FROM pg_trigger WHERE tgrelid = $1::regclass AND NOT tgisinternal"
            " AND tgfoid = 'raise_borrower_version'::regproc",
            table,
        )
        # pg_trigger.tgtype: 4 insert, 8 delete, 16 update
        assert {bit for row in triggers for bit in (4, 8, 16) if row["tgtype"] & bit} == {4, 8, 16}, table
    # A person's key, an address's row and the contact itself are the only others that the hand-off reads.
    columns = await gateway.owner.fetch(
        """SELECT DISTINCT table_name FROM information_schema.columns
            WHERE column_name = 'borrower_id' AND table_schema = 'public'"""
    )
    assert {row["table_name"] for row in columns} == {*FACTS, "borrower_key", "contact", "attempt"}


async def test_the_application_writes_through_functions_only(gateway: Gateway) -> None:
    """The role of serve and work can change no table directly, in no way."""
    app = await asyncpg.connect(gateway.site.urls.app)
    tables = await gateway.owner.fetch(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
    )
    assert len(tables) > 20
    for (table,) in tables:
        for right in ("INSERT", "UPDATE", "DELETE", "TRUNCATE"):
            allowed = await app.fetchval("SELECT has_table_privilege($1, $2)", table, right)
            assert not allowed, (table, right)
            columns = right in {"INSERT", "UPDATE"} and await app.fetchval(
                "SELECT has_any_column_privilege($1, $2)", table, right
            )
            assert not columns, (table, right)
    for statement in (
        "UPDATE contact SET state = 'queued'",
        "DELETE FROM suppression",
        "INSERT INTO borrower DEFAULT VALUES",
    ):
        with pytest.raises(InsufficientPrivilegeError):
            await app.execute(statement)
    await app.close()


# --- races


async def test_two_workers_one_place(gateway: Gateway, adapter: ScriptedAdapter, clock: MovedClock) -> None:
    """Two contacts that both fit into the last place, handed over by two workers at once: one leaves."""
    async with open_gateway(gateway.site, clock, adapter) as other:
        for n in range(8):
            ids = await _queued(gateway, 2, borrower=f"B-{n}", address=f"+120255501{n:02d}")
            await asyncio.gather(gateway.hand_off(ids[0]), other.hand_off(ids[1]))
            states = sorted([await gateway.state(one) for one in ids])
            assert states.count("sent") <= 1
            await gateway.hand_off(*ids)
            assert sorted([await gateway.state(one) for one in ids]) == ["scheduled", "sent"]
    assert len(adapter.sent) == 8


async def _queued(gateway: Gateway, count: int, **changes: Any) -> list[str]:
    """Contacts of one person that were all accepted as if nothing counted, as after an emptied Redis."""
    ids = [(await gateway.accept(**changes)).id for _ in range(count)]
    await gateway.owner.execute(
        "UPDATE contact SET state = 'queued', due_at = $2 WHERE id = ANY ($1)",
        [UUID(one) for one in ids],
        gateway.clock.now(),
    )
    return ids


def documents_with(limit: int) -> Documents:
    """The files that ship, but with this many texts a day; nothing else of the house counts."""
    documents = read_documents(None)
    lines, rule = [], ""
    for line in documents.packs["HOUSE.yaml"].splitlines():
        rule = line.split()[-1] if "- id:" in line else rule
        lines.append(re.sub(r"limit: \d+", f"limit: {limit if rule == 'HOUSE.sms-per-day' else 50}", line))
    return msgspec.structs.replace(documents, packs=documents.packs | {"HOUSE.yaml": "\n".join(lines) + "\n"})


@pytest.mark.parametrize("limit", [1, 3])
async def test_a_cap_gives_exactly_its_places(
    gateway: Gateway, adapter: ScriptedAdapter, clock: MovedClock, limit: int
) -> None:
    """Ten contacts of one person, four workers, all at once: exactly as many leave as the cap has places."""
    await activate(gateway.owner, documents_with(limit), clock.now())
    await gateway.rt.policy.look()
    ids = await _queued(gateway, 10)
    async with (
        open_gateway(gateway.site, clock, adapter) as second,
        open_gateway(gateway.site, clock, adapter) as third,
    ):
        for _ in range(4):
            await asyncio.gather(
                *(one.hand_off(*ids[n::4]) for n, one in enumerate((gateway, second, third, gateway)))
            )
    assert len(adapter.sent) == limit
    assert await gateway.counted() == limit
    states = [await gateway.state(one) for one in ids]
    assert states.count("scheduled") == 10 - limit


async def test_a_stop_and_a_permit_in_one_moment(gateway: Gateway, adapter: ScriptedAdapter) -> None:
    """However STOP and permit fall, nothing is permitted after the STOP's commit."""
    for n in range(12):
        number = f"+120255501{n:02d}"
        contact = (await gateway.accept(borrower=f"B-{n}", address=number)).id
        await asyncio.gather(gateway.hand_off(contact), gateway.reply("STOP", sender=number))
        row = await gateway.owner.fetchrow(
            """SELECT (SELECT idx FROM audit_record WHERE kind = 'contact.intent' AND contact = $1) AS permitted,
                      (SELECT max(idx) FROM audit_record WHERE kind = 'optout.received' AND contact = $1) AS stopped""",
            UUID(contact),
        )
        state = await gateway.state(contact)
        assert state in {"sent", "denied"}
        if state == "sent" and row["stopped"] is not None:
            assert row["permitted"] < row["stopped"]
        assert await gateway.hand_off(contact) == 0


async def test_an_emergency_stop_outlasts_no_permit(gateway: Gateway, adapter: ScriptedAdapter) -> None:
    """After a stop of everything commits no permit is given, whatever was being decided."""
    contact = (await gateway.accept()).id
    asked = await wanted(gateway, contact)
    stopping = asyncio.create_task(
        gateway.owner.execute("SELECT stop_set($1, 'all', NULL, 'test', 'tests')", uuid4())
    )
    code = await permit(gateway, asked)
    await stopping
    assert code in {Permitting.PERMITTED, Permitting.STOPPED}
    other = (await gateway.accept(borrower="B-2", address="+12025550144")).id
    assert await gateway.hand_off(other) == 0
    handed = await permit_group(gateway.rt, gateway.route, [UUID(other)])
    assert handed.permitted == []
