"""How many SMS a text costs and where it is cut: pure, and the reason a price can be told before sending."""

import re
from enum import StrEnum
from itertools import pairwise

from msgspec import Struct

from templates_sms.gsm7 import BASIC, EXTENSION

# Patterns rather than loops: a message is searched in a microsecond or two, and this runs for every one of them.
_GSM7 = re.compile(f"[{re.escape(BASIC + EXTENSION)}]*")
_ESCAPED = re.compile(f"[{re.escape(EXTENSION)}]")
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")


class Encoding(StrEnum):
    """How the characters of a text travel. One character outside GSM-7 makes the whole text UCS-2."""

    GSM7 = "gsm7"
    UCS2 = "ucs2"


class Segments(Struct, frozen=True, kw_only=True):
    """A text cut into billed parts. The parts joined are the text again."""

    encoding: Encoding
    units: int  # septets of GSM-7, 16-bit units of UCS-2, over all parts
    parts: tuple[str, ...]


# Units in a single message, and in each part of a longer one: 140 octets hold 160 septets or 70 units, and the
# six-octet header of a concatenated part (3GPP TS 23.040, 9.2.3.24.1) leaves 153 or 67. A 16-bit reference number
# would leave 152 or 66; carriers renumber, so the usual 8-bit one is counted.
LIMITS = {Encoding.GSM7: (160, 153), Encoding.UCS2: (70, 67)}


def split_segments(text: str) -> Segments:
    """Cut a text into the fewest parts, never inside an escape sequence or a surrogate pair.

    The empty text is one empty part: it is sent, and billed, as one.
    """
    gsm7 = _GSM7.fullmatch(text) is not None
    encoding = Encoding.GSM7 if gsm7 else Encoding.UCS2
    # Where the characters are that cost two units: escaped ones in GSM-7, surrogate pairs in UCS-2.
    doubles = frozenset(match.start() for match in (_ESCAPED if gsm7 else _ASTRAL).finditer(text))
    units = len(text) + len(doubles)
    single, part_max = LIMITS[encoding]
    cuts = [0] if units <= single else _cuts(text, doubles, part_max)
    parts = tuple(text[start:end] for start, end in pairwise([*cuts, len(text)]))
    return Segments(encoding=encoding, units=units, parts=parts)


def count_segments(text: str) -> int:
    """How many parts a text is billed as."""
    return len(split_segments(text).parts)


def _cuts(text: str, doubles: frozenset[int], part_max: int) -> list[int]:
    """The index at which each part begins; each part is filled until the next character no longer fits."""
    if not doubles:
        return list(range(0, len(text), part_max))
    cuts, used = [0], 0
    for at in range(len(text)):
        cost = 2 if at in doubles else 1
        if used + cost > part_max:
            cuts.append(at)
            used = 0
        used += cost
    return cuts
