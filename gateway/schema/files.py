"""Runs one of the SQL files inside alembic's transaction."""

from importlib.resources import files

import asyncpg
from alembic import op


def run_sql_file(name: str) -> None:
    """Execute `sql/<name>` whole, in the transaction of the running migration.

    The driver's own `execute` is needed because a prepared statement, which is what SQLAlchemy sends, holds one
    command only. Raises RuntimeError when no transaction is open: half a schema is worse than none.
    """
    sql = files("gateway.schema").joinpath("sql", name).read_text(encoding="utf-8")

    async def execute(connection: asyncpg.Connection) -> None:
        if not connection.is_in_transaction():
            raise RuntimeError(f"{name} must run inside a transaction; call gateway.schema.migrate")
        await connection.execute(sql)

    adapted = op.get_bind().connection.dbapi_connection
    adapted.run_async(execute)  # type: ignore[union-attr]
