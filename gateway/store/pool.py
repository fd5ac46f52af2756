"""What the database is to everybody else: something to hand on to a function of the store."""

import asyncpg

Pool = asyncpg.Pool
"""Connections as the application's role."""

Connection = asyncpg.Connection
"""One connection, for work that is a transaction of its own: as the owner, or as the sealer."""

Borrowed = asyncpg.pool.PoolConnectionProxy
"""A connection of the pool, for whoever has to keep it: an advisory lock lives as long as its connection."""
