"""Group commit: in order, each by itself, once; also when answers are lost, writers die and the database is away."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from pathlib import Path

import asyncpg
import pytest

from audit.record import RecordError
from gateway.errors import StoreAway, StoreBusy, StoreRefused
from gateway.store.columns import LeafOnly, call, of_leaves
from gateway.store.writer import GroupWriter, Stamp
from tests.conftest import DatabaseUrls
from tests.fakes.deaf_proxy import DeafProxy

AT = datetime.fromisoformat("2031-03-04T17:00:00Z")


def leaf(text: str, *, kind: str | None = "test", before: Callable[[], None] = lambda: None) -> LeafOnly:
    """A record of the system log whose bytes are `text` and its writer's place."""

    def body(stamp: Stamp) -> bytes:
        before()
        return f"{text}/{stamp.epoch}/{stamp.seq}".encode()

    return LeafOnly(creditor="", at=AT, kind=kind, contact=None, leaf=body)  # type: ignore[arg-type]


def refuse() -> None:
    """Fail as the record's own rules do."""
    raise RecordError("a record holds what looks like an address")


@asynccontextmanager
async def writing(
    url: str,
    *,
    name: str = "w",
    give_up_s: float | None = 5.0,
    group_max: int = 200,
    waiting_max: int = 5_000,
) -> AsyncIterator[GroupWriter[LeafOnly]]:
    """A writer at work."""
    writer = GroupWriter(
        partial(asyncpg.connect, url),
        name=name,
        statement=call("write_leaves", 5),
        columns=of_leaves,
        group_max=group_max,
        waiting_max=waiting_max,
        give_up_s=give_up_s,
    )
    task = asyncio.create_task(writer.run())
    try:
        yield writer
        assert not task.done(), "the writer died"
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def owner(database: DatabaseUrls) -> AsyncIterator[asyncpg.Connection]:
    """A connection that may look at everything and end others."""
    connection = await asyncpg.connect(database.admin)
    yield connection
    await connection.close()


async def texts(owner: asyncpg.Connection) -> list[str]:
    """The texts of the system log in order."""
    rows = await owner.fetch("SELECT body FROM audit_record WHERE log_id = 0 ORDER BY idx")
    return [row["body"].decode().partition("/")[0] for row in rows]


async def test_what_waits_is_written_together_and_in_order(
    database: DatabaseUrls, owner: asyncpg.Connection
) -> None:
    """A hundred callers at once share a few statements, and the log has their records in the order they asked."""
    async with writing(database.app) as writer:
        codes = await asyncio.gather(*(writer.write(leaf(f"n{n}")) for n in range(100)))
    assert codes == [0] * 100
    assert await texts(owner) == [f"n{n}" for n in range(100)]
    assert await owner.fetchval("SELECT count(*) FROM audit_batch") <= 3


async def test_items_of_one_caller_stay_in_one_statement(
    database: DatabaseUrls, owner: asyncpg.Connection
) -> None:
    """What one caller hands over together is written together, even above the usual size of a group."""
    async with writing(database.app, group_max=10) as writer:
        many = writer.write_all([leaf(f"n{n}") for n in range(30)])
        few = (writer.write_all([leaf(f"m{n}")]) for n in range(5))
        await asyncio.gather(many, *few)
    batches = await owner.fetch("SELECT n FROM audit_batch ORDER BY first")
    assert [row["n"] for row in batches] == [30, 5]


@pytest.mark.parametrize(
    "bad",
    [leaf("bad", kind=None), leaf("bad", before=refuse), leaf("x" * 70_000)],
    ids=["kind", "leaf", "size"],
)
async def test_a_bad_item_harms_no_other(
    database: DatabaseUrls, owner: asyncpg.Connection, bad: LeafOnly
) -> None:
    """An item that cannot be written is refused alone; its neighbours are written, and the writer goes on."""
    async with writing(database.app) as writer, asyncio.timeout(10):
        good = [writer.write(leaf(f"n{n}")) for n in range(4)]
        answers = await asyncio.gather(*good[:2], writer.write(bad), *good[2:], return_exceptions=True)
        assert [answer for answer in answers if answer != 0] == [answers[2]]
        assert isinstance(answers[2], StoreRefused)
        assert await writer.write(leaf("after")) == 0
    assert await texts(owner) == ["n0", "n1", "n2", "n3", "after"]


async def test_a_refusal_tells_no_content(database: DatabaseUrls) -> None:
    """The error for an item that cannot be written names the writer and a code, never what was in the item."""
    async with writing(database.app) as writer:
        with pytest.raises(StoreRefused) as caught:
            await writer.write(leaf("canary-" + "x" * 70_000))
    assert "canary" not in repr(caught.value) + str(caught.value.__cause__)


async def test_a_lost_answer_is_asked_for_and_not_written_again(
    database: DatabaseUrls, owner: asyncpg.Connection, tmp_path: Path
) -> None:
    """A statement whose commit happened but whose answer was lost gives its result, and makes no second row."""
    async with DeafProxy(database.app, tmp_path).listening() as proxy, writing(proxy.url) as writer:
        await writer.write(leaf("first"))
        proxy.lose_next_answer()
        assert await writer.write_all([leaf("second"), leaf("third")]) == [0, 0]
        assert await writer.write(leaf("fourth")) == 0
    assert proxy.lost == 1
    assert await texts(owner) == ["first", "second", "third", "fourth"]
    epochs = await owner.fetch("SELECT DISTINCT epoch FROM audit_batch")
    assert [row["epoch"] for row in epochs] == [1]


async def test_a_statement_ended_in_its_commit_is_repeated(
    database: DatabaseUrls, owner: asyncpg.Connection
) -> None:
    """A session that the server ends while it waits for a lock has written nothing, and its statement is sent again."""
    async with writing(database.app) as writer:
        await writer.write(leaf("first"))
        async with owner.transaction():
            await owner.execute("SELECT FROM audit_head WHERE log_id = 0 FOR UPDATE")
            waiting = asyncio.create_task(writer.write(leaf("second")))
            await _until_waiting(owner)
            await owner.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE usename = 'forbear_app' AND datname = current_database()"
            )
        assert await waiting == 0
    assert await texts(owner) == ["first", "second"]


async def _until_waiting(owner: asyncpg.Connection) -> None:
    async with asyncio.timeout(10):
        while not await owner.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        ):
            await owner.execute("SELECT pg_stat_clear_snapshot()")
            await asyncio.sleep(0.005)


async def test_giving_up_leaves_the_next_write_sound(
    database: DatabaseUrls, owner: asyncpg.Connection, tmp_path: Path
) -> None:
    """A caller who waited too long hears that the store is away; the next write begins a new epoch and works."""
    async with (
        DeafProxy(database.app, tmp_path).listening() as proxy,
        writing(proxy.url, give_up_s=0.0) as writer,
    ):
        await writer.write(leaf("first"))
        proxy.refusing = True
        proxy.lose_next_answer()
        with pytest.raises(StoreAway):
            await writer.write(leaf("lost"))
        proxy.refusing = False
        assert await writer.write(leaf("next")) == 0
    assert await texts(owner) == [
        "first",
        "lost",
        "next",
    ]  # carried out, though nobody heard: the caller's key tells
    epochs = await owner.fetch("SELECT epoch FROM audit_batch ORDER BY first")
    assert [row["epoch"] for row in epochs] == [1, 1, 2]


async def test_a_fenced_writer_does_not_write(database: DatabaseUrls, owner: asyncpg.Connection) -> None:
    """When another process takes a writer's name, the older one is refused once and then writes in a new epoch."""
    async with writing(database.app) as older, writing(database.app) as newer:
        await older.write(leaf("first"))
        await newer.write(leaf("second"))
        with pytest.raises(StoreAway):
            await older.write(leaf("fenced"))
        assert await older.write(leaf("third")) == 0
    assert await texts(owner) == ["first", "second", "third"]


async def test_too_much_waiting_is_refused_before_anything_is_written(
    database: DatabaseUrls, owner: asyncpg.Connection
) -> None:
    """Beyond its bound a writer refuses at once, writes what it took, and then takes more."""
    async with writing(database.app, waiting_max=10) as writer:
        taken = [asyncio.ensure_future(writer.write(leaf(f"n{n}"))) for n in range(10)]
        await asyncio.sleep(0)
        with pytest.raises(StoreBusy):
            await writer.write(leaf("too much"))
        await asyncio.gather(*taken)
        assert await writer.write(leaf("later")) == 0
    assert await texts(owner) == [*(f"n{n}" for n in range(10)), "later"]


async def test_a_caller_who_went_away_is_not_written_for(
    database: DatabaseUrls, owner: asyncpg.Connection
) -> None:
    """A write that was cancelled while it still waited in line is not carried out."""
    async with writing(database.app) as writer:
        gone = asyncio.ensure_future(writer.write(leaf("gone")))
        await asyncio.sleep(0)
        gone.cancel()
        await writer.write(leaf("here"))
    assert await texts(owner) == ["here"]


async def test_whoever_waits_when_the_writer_ends_is_told(
    database: DatabaseUrls, owner: asyncpg.Connection
) -> None:
    """Nobody is left hanging when a process closes: neither who waits in line nor whose statement is under way."""
    async with owner.transaction():
        await owner.execute("SELECT FROM audit_head WHERE log_id = 0 FOR UPDATE")
        async with writing(database.app, group_max=1) as writer:
            under_way = asyncio.ensure_future(writer.write(leaf("under way")))
            await _until_waiting(owner)
            in_line = asyncio.ensure_future(writer.write(leaf("in line")))
            await asyncio.sleep(0)
        answers = await asyncio.wait_for(asyncio.gather(under_way, in_line, return_exceptions=True), 5)
    assert [type(answer) for answer in answers] == [StoreAway, StoreAway]
