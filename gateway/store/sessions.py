"""Sessions of the application role: what each is told when it opens, and why nothing is tidied when it is lent on."""

from typing import Final

import asyncpg

POOL_MAX: Final = 6
COMMAND_TIMEOUT_S: Final = 10.0  # longer than the role's statement_timeout: the server's word comes first

# Every statement of ours finds rows by key. Its plan is made once and kept, often while the tables are still empty,
# when reading them whole looks cheapest; that plan would read a million rows for each group, until statistics come.
PLANNING: Final = {"enable_seqscan": "off", "random_page_cost": "1.1"}


async def connect(url: str) -> asyncpg.Connection:
    """A session of its own. Raises OSError and asyncpg's errors."""
    session: asyncpg.Connection = await asyncpg.connect(
        url, command_timeout=COMMAND_TIMEOUT_S, server_settings=PLANNING
    )
    return session


def make_pool(url: str) -> asyncpg.Pool:
    """A pool of sessions, to be entered. Raises as `connect` when it is."""
    pool: asyncpg.Pool = asyncpg.create_pool(
        url,
        min_size=1,
        max_size=POOL_MAX,
        command_timeout=COMMAND_TIMEOUT_S,
        server_settings=PLANNING,
        reset=_leave_as_it_is,
    )
    return pool


async def _leave_as_it_is(_session: asyncpg.pool.PoolConnectionProxy) -> None:
    """Nobody here changes a session for the next one; asyncpg's own tidying is a second round trip for every read."""
