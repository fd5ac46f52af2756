"""Words and figures that give a debt away, for the places where somebody else may see or hear them."""

import re
from collections.abc import Mapping

from templates_sms.locales import fallbacks

# A lock screen, an e-mail subject, a push title and a voicemail are open to whoever is near. 15 USC 1692c(b) forbids
# telling third parties of a debt, and 12 CFR 1006.2(j) keeps a limited-content voicemail free of everything about it.
_GIVES_AWAY: Mapping[str, re.Pattern[str]] = {
    "en": re.compile(
        r"\b(?:debts?|debtors?|ow(?:e[sd]?|ing)|loans?|pay(?:s|ing|ments?)?|paid|repay\w*|instal?lments?|overdue|"
        r"past[- ]due|due|late|arrears|delinquen\w*|collect\w*|balances?|amounts?|receivables?|charge[- ]?offs?|"
        r"defaults?|defaulted)\b",
        re.IGNORECASE,
    ),
    "es": re.compile(
        r"\b(?:deud\w*|adeud\w*|debe[ns]?|pr[eé]stamos?|pag(?:o|os|ar|ue|uen|ad[oa]s?)|cuotas?|vencid[oa]s?|"
        r"vencimientos?|atras\w*|mora|moros[oa]s?|cobr\w*|saldos?|importes?|montos?)\b",
        re.IGNORECASE,
    ),
    "zh-Hans": re.compile(r"债|欠|款|贷|逾期|到期|催|缴|付|账单|金额|余额|利息|分期"),
}

# 12 CFR 1006.2(j)(2)(i) and comment 2(j)(2)(iv)-1: the business name in a voicemail must not show that it collects
# debts. The name is a variable, so the finished voicemail is searched too, but for these words only: a lender may
# well be called Example Loans, and may say so.
_COLLECTS: Mapping[str, re.Pattern[str]] = {
    "en": re.compile(
        r"\b(?:debts?|collect(?:s|ing|ions?|ors?)|receivables?|recover(?:y|ies))\b", re.IGNORECASE
    ),
    "es": re.compile(
        r"\b(?:deudas?|cobr(?:o|os|anzas?|ador(?:es|as?)?)|recuperaci[oó]n(?:es)?)\b", re.IGNORECASE
    ),
    "zh-Hans": re.compile(r"债|催收|追收"),
}

_FIGURE = re.compile(
    r"[$€£¥₹]\s?\d|\d\s?(?:[$€£¥₹]|元|美元|欧元)|\b[A-Z]{3}\s?\d|\d[\d.,]*\s?(?:USD|EUR|GBP|CNY|MXN|dollars?|d[oó]lares|euros?|pesos)\b"
)


def _for_locale(table: Mapping[str, re.Pattern[str]], locale: str) -> re.Pattern[str] | None:
    return next((table[known] for known in fallbacks(locale) if known in table), None)


def knows(locale: str) -> bool:
    """Whether there is a list of telling words for the language. Without one, nothing can be called private."""
    return _for_locale(_GIVES_AWAY, locale) is not None


def gives_away(text: str, locale: str) -> str | None:
    """The first word of a template's own text that tells of a debt or a payment, or None."""
    return _first(_for_locale(_GIVES_AWAY, locale), text)


def shows_collection(text: str, locale: str) -> bool:
    """Whether a finished text names debt collection as somebody's business; true for a language without a list."""
    pattern = _for_locale(_COLLECTS, locale)
    return pattern is None or pattern.search(text) is not None


def shows_money(text: str) -> bool:
    """Whether a text holds a figure with a currency."""
    return _FIGURE.search(text) is not None


def _first(pattern: re.Pattern[str] | None, text: str) -> str | None:
    match = pattern.search(text) if pattern is not None else None
    return match[0] if match is not None else None
