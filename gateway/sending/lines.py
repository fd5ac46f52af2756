"""A file of contact requests, in batches that the API takes."""

from collections.abc import Iterable, Iterator

import msgspec

BATCH_LINES = 250
BATCH_BYTES = 1_000_000


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One request as it stands in the file, with the number of its line from 1."""

    number: int
    raw: bytes


class _Named(msgspec.Struct, frozen=True):
    creditor: str = ""


_decode_named = msgspec.json.Decoder(_Named).decode


def batches(file: Iterable[bytes]) -> Iterator[list[Line]]:
    """The lines that are not blank, in groups of at most 250 lines and, unless one line is longer, a million bytes."""
    group: list[Line] = []
    size = 0
    for number, raw in enumerate(file, 1):
        text = raw.strip()
        if not text:
            continue
        if group and (len(group) == BATCH_LINES or size + len(text) > BATCH_BYTES):
            yield group
            group, size = [], 0
        group.append(Line(number=number, raw=text))
        size += len(text) + 1
    if group:
        yield group


def creditors_of(lines: Iterable[Line]) -> set[str]:
    """The creditors that these lines name; a line that is no request names none, and the API will say why."""
    return {name for line in lines if (name := _creditor(line.raw))}


def _creditor(raw: bytes) -> str:
    try:
        return _decode_named(raw).creditor
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
