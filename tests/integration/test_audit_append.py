"""What is appended is exactly what the tree says, whoever appends, how often and in what batches."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from uuid import UUID, uuid5

import asyncpg
import pytest
from asyncpg.exceptions import PostgresError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.tlog import Range, extend, join_peaks, leaf_hash, parse_peaks
from tests.conftest import DatabaseUrls

NAMESPACE = UUID(int=7)
APPEND = "SELECT audit_write($1, $2, $3, $4, $5, $6, $7, $8)"


@pytest.fixture
async def app(database: DatabaseUrls) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the application's role."""
    connection = await asyncpg.connect(database.app)
    yield connection
    await connection.close()


class Writer:
    """One writer as the gateway has them: a name, an epoch, a sequence."""

    def __init__(self, connection: asyncpg.Connection, name: str) -> None:
        self.connection, self.name, self.epoch, self.seq = connection, name, 0, 0

    async def open(self) -> "Writer":
        """Begin a new epoch."""
        self.epoch, self.seq = await self.connection.fetchval("SELECT audit_open_writer($1)", self.name), 0
        return self

    async def write(
        self, at: datetime, records: Sequence[tuple[int, bytes]], *, repeat: bool = False
    ) -> None:
        """Append (log, body) pairs in one statement; `repeat` sends the last sequence again."""
        self.seq += 0 if repeat else 1
        await self.connection.execute(
            APPEND,
            [log for log, _ in records],
            [at] * len(records),
            ["test.kind"] * len(records),
            [uuid5(NAMESPACE, body.hex()) for _, body in records],
            [body for _, body in records],
            self.name,
            self.epoch,
            self.seq,
        )


async def new_log(connection: asyncpg.Connection, name: str) -> int:
    """The id of a log that is new to the database."""
    found: int = await connection.fetchval("SELECT audit_open_log($1, $1)", name)
    return found


async def bodies_of(connection: asyncpg.Connection, log: int) -> list[bytes]:
    """A log's records by index, which must be dense."""
    rows = await connection.fetch("SELECT idx, body FROM audit_record WHERE log_id = $1 ORDER BY idx", log)
    assert [row["idx"] for row in rows] == list(range(len(rows)))
    return [row["body"] for row in rows]


async def assert_head_fits(connection: asyncpg.Connection, log: int) -> int:
    """The stored head is the one that Python recomputes from the stored bytes; gives the size."""
    bodies = await bodies_of(connection, log)
    head = await connection.fetchrow("SELECT size, peaks FROM audit_head WHERE log_id = $1", log)
    assert head is not None
    assert parse_peaks(head["size"], head["peaks"]) == extend(Range(), map(leaf_hash, bodies))
    assert head["size"] == len(bodies)
    return len(bodies)


names = (f"log-{n}" for n in itertools.count())


@given(
    groups=st.lists(
        st.lists(st.tuples(st.integers(0, 2), st.binary(min_size=2, max_size=80)), max_size=40), max_size=6
    )
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_head_is_the_tree_of_what_is_stored(
    app: asyncpg.Connection, at: datetime, groups: list[list[tuple[int, bytes]]]
) -> None:
    """Any batches over any logs leave dense indexes, array order within each log, and heads that Python recomputes."""
    logs = [await new_log(app, next(names)) for _ in range(3)]
    writer = await Writer(app, "w").open()
    for group in groups:
        await writer.write(at, [(logs[n], body) for n, body in group])
    for n, log in enumerate(logs):
        assert await bodies_of(app, log) == [body for group in groups for place, body in group if place == n]
        await assert_head_fits(app, log)


@given(before=st.integers(0, 300), grown=st.lists(st.binary(min_size=32, max_size=32), max_size=70))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_arithmetic_of_sql_and_python_is_one(
    database: DatabaseUrls, before: int, grown: list[bytes]
) -> None:
    """The SQL function and the Python one extend any range by any leaves to the same peaks."""
    start = extend(Range(), [leaf_hash(n.to_bytes(4)) for n in range(before)])
    owner = await asyncpg.connect(database.owner)
    peaks = await owner.fetchval("SELECT audit_extend($1, $2, $3)", before, join_peaks(start.peaks), grown)
    await owner.close()
    assert parse_peaks(before + len(grown), peaks) == extend(start, grown)


async def test_ten_thousand_records(app: asyncpg.Connection, at: datetime) -> None:
    """A log of ten thousand records, written in uneven groups, has the right head."""
    log, writer = await new_log(app, "long"), await Writer(app, "w").open()
    total, sizes = 0, itertools.cycle((1, 2, 99, 100, 101, 256, 441))
    while total < 10_000:
        size = next(sizes)
        await writer.write(at, [(log, b'{"n":%d}' % n) for n in range(total, total + size)])
        total += size
    assert await assert_head_fits(app, log) == total


async def test_writers_at_once_leave_dense_logs(database: DatabaseUrls, at: datetime) -> None:
    """Writers who share logs, each group in another order, never deadlock, lose or repeat a record."""
    setup = await asyncpg.connect(database.app)
    logs = [await new_log(setup, f"shared-{n}") for n in range(4)]

    async def write(name: str) -> None:
        connection = await asyncpg.connect(database.app)
        writer = await Writer(connection, name).open()
        for n in range(25):
            order = logs[n % 4 :] + logs[: n % 4]
            await writer.write(at, [(log, f"{name}/{n}/{log}".encode()) for log in reversed(order)])
        await connection.close()

    await asyncio.gather(*[write(f"writer-{n}") for n in range(6)])
    for log in logs:
        assert await assert_head_fits(setup, log) == 6 * 25
        found = await bodies_of(setup, log)
        for n in range(6):  # each writer's own order is kept
            mine = [body for body in found if body.startswith(f"writer-{n}/".encode())]
            assert mine == [f"writer-{n}/{k}/{log}".encode() for k in range(25)]
    await setup.close()


async def test_repeated_statement_appends_nothing(app: asyncpg.Connection, at: datetime) -> None:
    """When the answer to a commit was lost, the same statement may be sent again and changes nothing."""
    log, writer = await new_log(app, "once"), await Writer(app, "w").open()
    await writer.write(at, [(log, b"first")])
    for _ in range(3):
        await writer.write(at, [(log, b"first")], repeat=True)
    await writer.write(at, [(log, b"second")])
    assert await bodies_of(app, log) == [b"first", b"second"]


async def test_repeat_answers_what_was_stored(app: asyncpg.Connection) -> None:
    """A repeated sequence is told the first result, even an empty one; the next one is told to go on."""
    epoch = await app.fetchval("SELECT audit_open_writer('w')")
    for seq, result in ((1, [0, 3, 1]), (2, [])):
        assert await app.fetchval("SELECT writer_begin('w', $1, $2)", epoch, seq) is None
        await app.execute("SELECT writer_end('w', $1, $2, $3)", epoch, seq, result)
        assert await app.fetchval("SELECT writer_begin('w', $1, $2)", epoch, seq) == result


async def refusal(connection: asyncpg.Connection, query: str, *arguments: object) -> str:
    """The SQLSTATE with which a statement is refused."""
    with pytest.raises(PostgresError) as caught:
        await connection.fetch(query, *arguments)
    state: str = caught.value.sqlstate
    return state


async def test_sequence_has_no_gaps_and_no_second_writer(app: asyncpg.Connection) -> None:
    """Skipping ahead, going back, an unknown writer and a writer of an earlier epoch are all refused."""
    epoch = await app.fetchval("SELECT audit_open_writer('w')")
    begin, end = "SELECT writer_begin($1, $2, $3)", "SELECT writer_end($1, $2, $3, '{}')"
    for seq in (0, 2, -1):
        assert await refusal(app, begin, "w", epoch, seq) == "FB001"
    assert await refusal(app, end, "w", epoch, 2) == "FB001"
    await app.execute(end, "w", epoch, 1)
    assert await refusal(app, end, "w", epoch, 1) == "FB001"
    assert await refusal(app, begin, "nobody", 1, 1) == "FB002"
    assert await app.fetchval("SELECT audit_open_writer('w')") == epoch + 1
    assert await refusal(app, begin, "w", epoch, 2) == "FB002"
    assert await app.fetchval(begin, "w", epoch + 1, 1) is None


async def test_result_is_never_null(app: asyncpg.Connection) -> None:
    """A missing result cannot be stored: it would read as "not done yet", and the work would be done twice."""
    epoch = await app.fetchval("SELECT audit_open_writer('w')")
    assert await refusal(app, "SELECT writer_end('w', $1, 1, NULL)", epoch) == "23502"


BAD_ARRAYS = {
    "a log that is not there": ("{999}", "{now}", "{k}", "{NULL}", "FB004"),
    "no log": ("{NULL}", "{now}", "{k}", "{NULL}", "FB004"),
    "too few logs": ("{}", "{now}", "{k}", "{NULL}", "22023"),
    "too few times": ("{0}", "{}", "{k}", "{NULL}", "22023"),
    "too few contacts": ("{0}", "{now}", "{k}", "{}", "22023"),
    "no time": ("{0}", "{NULL}", "{k}", "{NULL}", "23502"),
    "no kind": ("{0}", "{now}", "{NULL}", "{NULL}", "23502"),
}


@pytest.mark.parametrize("case", BAD_ARRAYS)
async def test_malformed_group_appends_nothing(app: asyncpg.Connection, case: str) -> None:
    """A group that is not whole is refused as a whole, and its sequence can be used again."""
    *arrays, expected = BAD_ARRAYS[case]
    epoch = await app.fetchval("SELECT audit_open_writer('w')")
    logs, ats, kinds, contacts = arrays
    query = f"SELECT audit_write('{logs}', '{ats}', '{kinds}', '{contacts}', $1, 'w', $2, 1)"
    assert await refusal(app, query, [b"{}"], epoch) == expected
    assert await assert_head_fits(app, 0) == await app.fetchval(
        "SELECT count(*) FROM audit_record WHERE log_id = 0"
    )
    assert await app.fetchval("SELECT writer_begin('w', $1, 1)", epoch) is None


@pytest.mark.parametrize("size", [0, 1, 65_536])
async def test_body_of_impossible_size_is_refused(app: asyncpg.Connection, at: datetime, size: int) -> None:
    """A record is at least "{}" and fits into a 16-bit length; anything else takes its whole group back."""
    log, writer = await new_log(app, "sizes"), await Writer(app, "w").open()
    with pytest.raises(PostgresError) as caught:
        await writer.write(at, [(log, b"good"), (log, b"x" * size)])
    assert caught.value.sqlstate == "23514"
    assert await assert_head_fits(app, log) == 0


async def test_largest_body_is_kept_byte_for_byte(app: asyncpg.Connection, at: datetime) -> None:
    """A record of 65,535 arbitrary bytes comes back as it was written."""
    log, writer = await new_log(app, "sizes"), await Writer(app, "w").open()
    body = bytes(n % 256 for n in range(65_535))
    await writer.write(at, [(log, body)])
    assert await bodies_of(app, log) == [body]


async def test_append_outside_a_sequence_is_refused(app: asyncpg.Connection, at: datetime) -> None:
    """Nothing is appended under a sequence that its writer has not reached."""
    epoch = await app.fetchval("SELECT audit_open_writer('w')")
    query = "SELECT audit_append('{0}', $1, '{k}', '{NULL}', $2, 'w', $3, $4)"
    for seq in (0, 2):
        assert await refusal(app, query, [at], [b"{}"], epoch, seq) == "FB001"


async def test_every_statement_leaves_a_batch_row(app: asyncpg.Connection, at: datetime) -> None:
    """A statement without records leaves a row too, so that the sequence in the batches has no holes."""
    log, writer = await new_log(app, "batches"), await Writer(app, "w").open()
    await writer.write(at, [(log, b"aa"), (0, b"bb"), (log, b"cc")])
    await writer.write(at, [])
    await writer.write(at, [(log, b"dd")])
    rows = await app.fetch(
        "SELECT seq, log_id, first, n FROM audit_batch WHERE writer = 'w' ORDER BY seq, log_id"
    )
    start = rows[0]["first"]
    assert [tuple(row) for row in rows] == [(1, 0, start, 1), (1, log, 0, 2), (2, None, 0, 0), (3, log, 2, 1)]


async def test_state_and_record_vanish_together(app: asyncpg.Connection, at: datetime) -> None:
    """When the transaction of a change is rolled back, so are its leaf, the head and the sequence."""
    log, writer = await new_log(app, "undone"), await Writer(app, "w").open()
    transaction = app.transaction()
    await transaction.start()
    await writer.write(at, [(log, b"never")])
    await transaction.rollback()
    assert await assert_head_fits(app, log) == 0
    await writer.write(at, [(log, b"instead")], repeat=True)
    assert await bodies_of(app, log) == [b"instead"]


async def test_log_is_opened_once(database: DatabaseUrls) -> None:
    """However many processes meet a new creditor at once, there is one log; and it stays that creditor's."""

    async def open_it() -> int:
        connection = await asyncpg.connect(database.app)
        try:
            found: int = await connection.fetchval("SELECT audit_open_log('creditor:acme', 'acme')")
        finally:
            await connection.close()
        return found

    ids = await asyncio.gather(*[open_it() for _ in range(8)])
    assert len(set(ids)) == 1
    assert ids[0] != 0
    connection = await asyncpg.connect(database.app)
    assert await refusal(connection, "SELECT audit_open_log('creditor:acme', 'bolt')") == "FB004"
    assert await refusal(connection, "SELECT audit_open_log('system', 'acme')") == "FB004"
    assert await connection.fetchval("SELECT audit_open_log('system', NULL)") == 0
    await connection.close()
