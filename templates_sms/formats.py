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


def _phone(value: str) -> str:
    """A North American number in its usual groups, any other as it is dialled."""
    if value.startswith("+1") and len(value) == len("+12025550143"):
        return f"{value[:2]} {value[2:5]}-{value[5:8]}-{value[8:]}"
    return value


def _spoken(value: str) -> str:
    """Digit by digit with pauses: an engine would read the whole as one huge number."""
    groups = _phone(value)[1:].replace("-", " ").split()
    if len(groups) == 1:
        digits = groups[0]
        head = len(digits) % 3 or 3
        groups = [digits[:head], *(digits[at : at + 3] for at in range(head, len(digits), 3))]
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
