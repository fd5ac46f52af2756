"""The kinds of variables a template may declare, and the one spelling in which a caller sends each."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum

from msgspec import Struct

from templates_sms.currencies import MINOR_DIGITS


class VariableKind(StrEnum):
    """What a variable holds. The kind decides its spelling, its filters and the parts it may appear in."""

    TEXT = "text"
    NAME = "name"
    AMOUNT = "amount"
    DATE = "date"
    URL = "url"
    PHONE = "phone"


class Variable(Struct, frozen=True, kw_only=True):
    """A declared variable. An optional one may be left out, and is printed only inside an `if` on it."""

    name: str
    kind: VariableKind
    optional: bool = False


class Spelling(Struct, frozen=True, kw_only=True):
    """How a value of one kind is written, at most how long, and what the caller is told when it is not."""

    length_max: int
    fits: Callable[[str], object]  # truthy if it fits
    hint: str


_AMOUNT = re.compile(r"(0|[1-9][0-9]{0,11})(?:\.([0-9]{2,3}))? ([A-Z]{3})")
_DATE = re.compile(r"(20[0-9]{2})-([0-9]{2})-([0-9]{2})")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
# No user info (a classic of phishing: https://bank.example@evil.example), no port, no bare address, ASCII only so
# that no look-alike letter hides in the host.
_URL = re.compile(
    r"https://(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,8}[a-z][a-z0-9-]{1,62}"
    r"(?:/[A-Za-z0-9._~%!$'*+,;=:/-]*)?(?:\?[A-Za-z0-9._~%!$'*+,;=:/?&-]*)?"
)
_PLAIN_NAME = re.compile(r"[A-Za-z][A-Za-z .'-]*")
_NAME_MARKS = frozenset(" .'-,\u2019\u00b7\u30fb")  # O\u2019Neil, Jean-Luc, middle dots of transcribed names
# A link has a kind of its own, checked above; one that hides in free text would get around it.
_LINK = re.compile(r"://|\bwww\.", re.IGNORECASE)


def _is_text(value: str) -> bool:
    return _LINK.search(value) is None


def _is_name(value: str) -> bool:
    if _PLAIN_NAME.fullmatch(value):
        return True
    return value[0].isalpha() and all(
        char in _NAME_MARKS or unicodedata.category(char)[0] in "LM" for char in value
    )


def _is_amount(value: str) -> bool:
    match = _AMOUNT.fullmatch(value)
    if match is None:
        return False
    _, minor, currency = match.groups()
    return len(minor or "") == MINOR_DIGITS.get(currency, -1)


def _is_date(value: str) -> bool:
    match = _DATE.fullmatch(value)
    if match is None:
        return False
    try:
        date.fromisoformat(value)
    except ValueError:  # 2026-02-30 is spelled like a date and is none
        return False
    return True


SPELLINGS: Mapping[VariableKind, Spelling] = {
    VariableKind.TEXT: Spelling(
        length_max=160, fits=_is_text, hint="plain text on one line without links, such as Example Lending"
    ),
    VariableKind.NAME: Spelling(
        length_max=80, fits=_is_name, hint="a person's name in letters, such as Ana O'Neil"
    ),
    VariableKind.AMOUNT: Spelling(
        length_max=20,
        fits=_is_amount,
        hint="digits, the currency's decimals and its ISO 4217 code, such as 120.00 USD",
    ),
    VariableKind.DATE: Spelling(
        length_max=10, fits=_is_date, hint="a date of this century as YYYY-MM-DD, such as 2026-03-14"
    ),
    VariableKind.URL: Spelling(
        length_max=200,
        fits=_URL.fullmatch,
        hint="an https address with a host name and no user or port, such as https://pay.example.com/p/7Q2K",
    ),
    VariableKind.PHONE: Spelling(
        length_max=16,
        fits=_PHONE.fullmatch,
        hint="an E.164 number, such as +12025550143",
    ),
}
