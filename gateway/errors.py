"""Broken machinery, and nothing else: a contact that may not be made is a value, not an exception.

ForbearError
├── StoreAway      PostgreSQL gave no answer in time; what was asked may or may not have happened
├── StoreBusy      more waits to be written than may wait; nothing was written
└── StoreRefused   PostgreSQL will not have this statement: our fault, and a bug
"""


class ForbearError(Exception):
    """Something that the product needs is broken."""


class StoreAway(ForbearError):
    """Raised when the database gave no answer in time; the same request with the same key will learn what happened."""


class StoreBusy(ForbearError):
    """Raised before anything is written, when too much waits to be written already."""


class StoreRefused(ForbearError):
    """Raised when the database refuses one item for good; carries the writer's name and the SQLSTATE."""
