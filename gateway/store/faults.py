"""What asyncpg raises, sorted by the one question that matters: whether the statement may be sent again."""

import asyncpg
from asyncpg import exceptions as _exceptions

# asyncpg exports these two by a computed `__all__`, which type checkers cannot follow.
PostgresError: type[Exception] = _exceptions.PostgresError
InterfaceError: type[Exception] = _exceptions.InterfaceError

CUT_SHORT: tuple[type[Exception], ...] = (
    asyncpg.QueryCanceledError,
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
)
"""The statement was rolled back and the connection is as good as before."""

TRANSIENT: tuple[type[Exception], ...] = (
    *CUT_SHORT,
    asyncpg.PostgresConnectionError,
    InterfaceError,
    # A server that was shut down sends its farewell and closes; a statement begun between the two is told that the
    # connection is busy with an error. (Seen in the sealer's test, under load.)
    _exceptions.InternalClientError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    OSError,
    TimeoutError,
)
"""The database did not hear the statement, or did not finish it, or its answer was lost; it did not say no."""

NO_TABLES: type[Exception] = asyncpg.UndefinedTableError
"""The schema is not there: `forbear migrate` has not run."""

AWAY: tuple[type[Exception], ...] = (*TRANSIENT, PostgresError)
"""Everything that can go wrong with a read."""
