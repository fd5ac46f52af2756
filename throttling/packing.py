"""Commands packed for the wire by hiredis: packing them in Python was a third of what a pipeline of ours cost."""

from collections.abc import Iterable
from typing import Any

import hiredis


def packing_in_c(connection: type[Any]) -> type[Any]:
    """The connection class of redis.asyncio (TCP, TLS, unix socket) whose pipelines leave as one piece, packed in C."""

    def pack_commands(_self: object, commands: Iterable[tuple[Any, ...]]) -> list[bytes]:
        return [b"".join([hiredis.pack_command(command) for command in commands])]

    return type(f"Packed{connection.__name__}", (connection,), {"pack_commands": pack_commands})
