"""Nobody who serves requests can rewrite the record, and the owner is held back from doing it by mistake."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import asyncpg
import pytest
from asyncpg.exceptions import PostgresError

from gateway.schema import migrate
from tests.conftest import DatabaseUrls

AUDIT_TABLES = ("audit_log", "audit_head", "audit_record", "audit_batch", "audit_writer", "stop_flag", "seal")
GROWING = ("audit_record", "audit_batch", "seal")
CHANGE = {
    "INSERT": "INSERT INTO {} DEFAULT VALUES",
    "UPDATE": "UPDATE {0} SET {1} = {1}",
    "DELETE": "DELETE FROM {}",
    "TRUNCATE": "TRUNCATE {}",
}
FIRST_COLUMN = {
    "audit_log": "id",
    "audit_writer": "writer",
    "audit_batch": "writer",
    "stop_flag": "id",
    "seal": "n",
}
WRITE = "SELECT audit_write('{0}', '{now}', '{k}', '{NULL}', ARRAY['{}'::bytea], 'w', $1, 1)"


@pytest.fixture
async def app(database: DatabaseUrls) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the application's role."""
    connection = await asyncpg.connect(database.app)
    yield connection
    await connection.close()


@pytest.fixture
async def owner(database: DatabaseUrls) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the role that owns everything."""
    connection = await asyncpg.connect(database.owner)
    yield connection
    await connection.close()


@pytest.fixture
async def sealer(database: DatabaseUrls) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the sealer's role."""
    connection = await asyncpg.connect(database.sealer)
    yield connection
    await connection.close()


async def refusal(connection: asyncpg.Connection, query: str, *arguments: object) -> str:
    """The SQLSTATE with which a statement is refused."""
    with pytest.raises(PostgresError) as caught:
        await connection.fetch(query, *arguments)
    state: str = caught.value.sqlstate
    return state


@pytest.mark.parametrize("verb", CHANGE)
@pytest.mark.parametrize("table", AUDIT_TABLES)
async def test_application_cannot_write_audit_tables(app: asyncpg.Connection, table: str, verb: str) -> None:
    """The application's role appends through functions alone; every direct change is denied."""
    statement = CHANGE[verb].format(table, FIRST_COLUMN.get(table, "log_id"))
    assert await refusal(app, statement) == "42501"
    await app.fetch(f"SELECT count(*) FROM {table}")


@pytest.mark.parametrize("verb", ["UPDATE", "DELETE", "TRUNCATE"])
@pytest.mark.parametrize("table", GROWING)
async def test_owner_cannot_take_records_back(owner: asyncpg.Connection, table: str, verb: str) -> None:
    """Even the owner of the tables is refused, also by a statement that would touch no row."""
    assert await refusal(owner, CHANGE[verb].format(table, FIRST_COLUMN.get(table, "log_id"))) == "FB003"


@pytest.mark.parametrize("verb", CHANGE)
@pytest.mark.parametrize("table", AUDIT_TABLES)
async def test_sealer_changes_nothing_but_its_seals(
    sealer: asyncpg.Connection, table: str, verb: str
) -> None:
    """The sealer reads the log and adds seals; it can forge neither records nor heads, nor unsay a seal."""
    statement = CHANGE[verb].format(table, FIRST_COLUMN.get(table, "log_id"))
    expected = (
        "23502" if (table, verb) == ("seal", "INSERT") else "42501"
    )  # allowed to insert, not an empty row
    assert await refusal(sealer, statement) == expected


async def test_sealer_may_call_one_function(sealer: asyncpg.Connection) -> None:
    """The sealer can stop sending and call nothing else of ours."""
    callable_ = await sealer.fetch(
        """SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
           AND has_function_privilege('forbear_sealer', p.oid, 'EXECUTE')"""
    )
    assert [row["proname"] for row in callable_] == ["stop_set"]


async def test_privileged_functions_are_closed_by_default(owner: asyncpg.Connection) -> None:
    """Every function that runs with the owner's rights pins its search path, and none is open to everybody."""
    loose = await owner.fetch(
        """SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef
           AND NOT EXISTS (SELECT FROM unnest(p.proconfig) c WHERE c LIKE 'search\\_path=%pg\\_temp')"""
    )
    assert [row["proname"] for row in loose] == []
    public = await owner.fetch(
        """SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
           AND (p.proacl IS NULL OR EXISTS (SELECT FROM aclexplode(p.proacl) a WHERE a.grantee = 0))"""
    )
    assert [row["proname"] for row in public] == []


async def test_application_cannot_put_its_own_tables_in_the_way(app: asyncpg.Connection) -> None:
    """A temporary table of the same name does not catch what a function writes, and nothing else can be made."""
    assert await refusal(app, "CREATE TABLE audit_anything (x int)") == "42501"
    epoch = await app.fetchval("SELECT audit_open_writer('w')")
    before = await app.fetchval("SELECT count(*) FROM audit_record")
    for table in ("audit_record", "audit_head", "audit_writer"):
        await app.execute(f"CREATE TEMP TABLE {table} (LIKE public.{table})")
    await app.execute(WRITE, epoch)
    assert await app.fetchval("SELECT count(*) FROM public.audit_record") == before + 1
    assert await app.fetchval("SELECT count(*) FROM pg_temp.audit_record") == 0


@pytest.mark.parametrize(
    ("setting", "value"),
    [("statement_timeout", "5s"), ("lock_timeout", "1s"), ("idle_in_transaction_session_timeout", "2s")],
)
async def test_stalled_client_cannot_hold_a_head_for_long(
    app: asyncpg.Connection, setting: str, value: str
) -> None:
    """The database itself ends what the application leaves lying, however the client is configured."""
    assert await app.fetchval(f"SHOW {setting}") == value


# --- migrations -----------------------------------------------------------------------------------------------


async def test_migrations_run_once(blank_database: DatabaseUrls) -> None:
    """The first start applies everything in order, the next one finds nothing to do."""
    applied = await migrate(blank_database.owner)
    assert applied[0] == "0001_audit"
    assert applied == sorted(applied)
    assert await migrate(blank_database.owner) == []


async def test_migrators_wait_for_each_other(blank_database: DatabaseUrls) -> None:
    """Three processes that start at once on an empty database apply each migration once, and none fails."""
    answers = await asyncio.gather(*[migrate(blank_database.owner) for _ in range(3)])
    assert sorted(map(bool, answers)) == [False, False, True]


async def test_migration_is_whole_or_nothing(blank_database: DatabaseUrls) -> None:
    """A migration that fails half way leaves no table behind."""
    connection = await asyncpg.connect(blank_database.owner)
    await connection.execute("CREATE TABLE seal (in_the_way int)")
    with pytest.raises(Exception, match="seal"):
        await migrate(blank_database.owner)
    left = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    assert [row["tablename"] for row in left] == ["seal"]
    await connection.execute("DROP TABLE seal")
    assert await migrate(blank_database.owner)
    await connection.close()


# --- emergency stop -------------------------------------------------------------------------------------------


async def active(connection: asyncpg.Connection) -> set[tuple[str, str | None]]:
    """What is stopped now."""
    return {
        (row["scope"], row["value"]) for row in await connection.fetch("SELECT scope, value FROM stop_active")
    }


STOP = "SELECT stop_set($1, $2, $3, 'a reason', $4)"


async def test_stop_lasts_until_it_is_lifted(app: asyncpg.Connection) -> None:
    """Repeating a stop changes nothing, each setter's stop is lifted by itself, and lifting twice is no harm."""
    mine = await app.fetchval(STOP, uuid4(), "creditor", "acme", "ops")
    assert await app.fetchval(STOP, uuid4(), "creditor", "acme", "ops") == mine
    other = await app.fetchval(STOP, uuid4(), "creditor", "acme", "sealer")
    assert other != mine
    assert await app.fetchval("SELECT stop_lift($1, 'ops')", mine) is True
    assert await app.fetchval("SELECT stop_lift($1, 'ops')", mine) is False
    assert await active(app) == {("creditor", "acme")}
    assert await app.fetchval("SELECT stop_lift($1, 'ops')", other) is True
    assert await active(app) == set()
    again = await app.fetchval(STOP, uuid4(), "creditor", "acme", "ops")
    assert again not in {mine, other}


@pytest.mark.parametrize(("scope", "value"), [("all", "x"), ("creditor", None), ("planet", "x")])
async def test_meaningless_stop_is_refused(app: asyncpg.Connection, scope: str, value: str | None) -> None:
    """A stop that would stop nothing is an error, so nobody believes that sending has stopped."""
    assert await refusal(app, STOP, uuid4(), scope, value, "ops") == "23514"
    assert await active(app) == set()


async def test_stop_waits_for_permits_under_way(database: DatabaseUrls, app: asyncpg.Connection) -> None:
    """A stop is not answered while a statement that may still give permits runs; whoever comes later sees it."""
    permitting = await asyncpg.connect(database.app)
    transaction = permitting.transaction()
    await transaction.start()
    await permitting.execute("SELECT stop_guard()")
    assert await active(permitting) == set()

    flag = UUID(int=1)
    stopping = asyncio.create_task(app.fetchval(STOP, flag, "all", None, "ops"))
    watcher = await asyncpg.connect(database.owner)
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    async with asyncio.timeout(5):
        while not await watcher.fetchval(waiting):
            assert not stopping.done()
    assert await active(watcher) == set()

    await transaction.commit()
    assert await stopping == flag
    await permitting.execute("SELECT stop_guard()")
    assert await active(permitting) == {("all", None)}
    await permitting.close()
    await watcher.close()


async def test_permits_do_not_wait_for_each_other(database: DatabaseUrls) -> None:
    """The guard is shared: any number of statements may give permits at the same time."""
    connections = [await asyncpg.connect(database.app) for _ in range(3)]
    transactions = [connection.transaction() for connection in connections]
    for connection, transaction in zip(connections, transactions, strict=True):
        await transaction.start()
        await connection.execute("SELECT stop_guard()")
    for connection, transaction in zip(connections, transactions, strict=True):
        await transaction.commit()
        await connection.close()
