"""How amounts, dates and numbers read in each language: the only filters a template may use.

Filters get values that `check_variables` has passed, so they take the spelling for granted.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache, partial

from msgspec import Struct

from templates_sms.locales import fallbacks
from templates_sms.variables import VariableKind

# The filters each kind must be printed with. An amount or a date is never printed raw: one spelling per language
# lets a reader, and a check of wording, find it again in the text.
FILTERS: Mapping[VariableKind, frozenset[str | None]] = {
    VariableKind.TEXT: frozenset({None}),
    VariableKind.NAME: frozenset({None}),
    VariableKind.AMOUNT: frozenset({"amount"}),
    VariableKind.DATE: frozenset({"date"}),
    VariableKind.URL: frozenset({None}),
    VariableKind.PHONE: frozenset({"phone", "spoken"}),
}


class _Style(Struct, frozen=True, kw_only=True):
    grouping: str
    before: Mapping[str, str]  # currency code → sign written before the number
    after: Mapping[str, str]  # currency code → word written after it, blank included
    date: Callable[[int, int, int], str]  # year, month, day


_EN = "January February March April May June July August September October November December"
_ES = "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"
_MONTHS_EN, _MONTHS_ES = _EN.split(), _ES.split()

_NEUTRAL = _Style(
    grouping="", before={}, after={}, date=lambda year, month, day: f"{year:04}-{month:02}-{day:02}"
)
_STYLES = {
    "en": _Style(
        grouping=",",
        before={"USD": "$", "GBP": "£", "EUR": "€"},
        after={},
        date=lambda year, month, day: f"{_MONTHS_EN[month - 1]} {day}, {year}",
    ),
    # Spanish writes 1.234,50 in Madrid and 1,234.50 in Mexico, and $ is a peso in most of America. The Royal
    # Academy's Ortografía (2010) takes the point as well as the comma for decimals and asks for neither between
    # thousands, so 1234.50 USD reads the same everywhere.
    "es": _Style(
        grouping="",
        before={},
        after={"EUR": " €"},
        date=lambda year, month, day: f"{day} de {_MONTHS_ES[month - 1]} de {year}",
    ),
    "zh-Hans": _Style(
        grouping=",",
        before={},
        after={
            "CNY": "元",
            "USD": "美元",
            "EUR": "欧元",
            "GBP": "英镑",
            "HKD": "港元",
            "JPY": "日元",
            "SGD": "新加坡元",
        },
        date=lambda year, month, day: f"{year}年{month}月{day}日",
    ),
}


def _style(locale: str) -> _Style:
    return next((_STYLES[known] for known in fallbacks(locale) if known in _STYLES), _NEUTRAL)


def _amount(style: _Style, value: str) -> str:
    number, _, currency = value.partition(" ")
    major, point, minor = number.partition(".")
    grouped = f"{int(major):{style.grouping}}{point}{minor}"
    sign = style.before.get(currency)
    return sign + grouped if sign else grouped + style.after.get(currency, f" {currency}")


def _date(style: _Style, value: str) -> str:
    return style.date(int(value[:4]), int(value[5:7]), int(value[8:]))


def _is_north_american(value: str) -> bool:
    return value.startswith("+1") and len(value) == len("+12025550143")


def _phone(value: str) -> str:
    """A North American number in its usual groups, any other as it is dialled."""
    if _is_north_american(value):
        return f"+1 {value[2:5]}-{value[5:8]}-{value[8:]}"
    return value


def _spoken(value: str) -> str:
    """Digit by digit with pauses: an engine would read the whole as one huge number."""
    if _is_north_american(value):
        groups = [
            value[2:5],
            value[5:8],
            value[8:],
        ]  # without the 1, which a listener might take for a menu's digit
    else:
        head = (len(value) - 1) % 3 or 3
        groups = [value[1 : 1 + head], *(value[at : at + 3] for at in range(1 + head, len(value), 3))]
    return ", ".join(" ".join(group) for group in groups)


@lru_cache(maxsize=256)
def filters(locale: str) -> Mapping[str, Callable[[str], str]]:
    """The filters of a locale by name. A language without a style of its own gets ISO dates and currency codes."""
    style = _style(locale)
    return {
        "amount": partial(_amount, style),
        "date": partial(_date, style),
        "phone": _phone,
        "spoken": _spoken,
    }
