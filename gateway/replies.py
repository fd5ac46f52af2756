"""What a person's reply means, by table.

Whatever may be a STOP is one: holding back wrongly costs a reminder, not holding back costs a right.
"""

import re
import unicodedata
from enum import StrEnum
from itertools import pairwise
from typing import Final


class Meaning(StrEnum):
    """What a reply asks for."""

    STOP = "stop"
    HELP = "help"
    OTHER = "other"


# 47 CFR 64.1200(a)(10) names stop, quit, end, revoke, opt out, cancel and unsubscribe; carriers add STOPALL, ARRET,
# REMOVE; the Chinese ones are operator practice.
STOP_WORDS: Final = frozenset(
    {
        "stop", "stopall", "stop all", "quit", "end", "revoke", "opt out", "optout", "cancel", "unsubscribe",
        "remove", "arret", "alto", "baja", "parar", "detener", "td", "t",
    }
)  # fmt: skip
# Chinese writes no spaces between words, so these count wherever they stand.
STOP_SIGNS: Final = ("退订", "退訂", "停止", "拒收")
# Revocation needs no keyword, any reasonable words will do (47 CFR 64.1200(a)(10)): those that people write most.
_STOP_PHRASE = re.compile(
    r"\b(?:do not|don t|dont|never|no more) (?:contact|call|text|message|e ?mail|mail|write)"
    r"|\bleave (?:me|us) alone\b"
)
HELP_WORDS: Final = frozenset({"help", "info", "ayuda", "帮助", "幫助"})

_NOT_WORD = re.compile(r"[\W_]+")  # hyphens too: "opt-out" is found as a pair, and "stop-" is a stop
_TEXT_MAX: Final = 2_000


def meaning_of(text: str) -> Meaning:
    """What the reply means. A stop word anywhere in it counts: the person is heard, and a review can lift it."""
    plain = _NOT_WORD.sub(" ", _fold(text[:_TEXT_MAX])).strip()
    if plain in HELP_WORDS:
        return Meaning.HELP
    words = plain.split(" ")
    pairs = {" ".join(pair) for pair in pairwise(words)}
    # The one-letter word counts only by itself: in a sentence it is a slip of the finger.
    found = {word for word in words if len(word) > 1 or len(words) == 1} | pairs
    if found & STOP_WORDS or any(sign in plain for sign in STOP_SIGNS) or _STOP_PHRASE.search(plain):
        return Meaning.STOP
    return Meaning.OTHER


def _fold(text: str) -> str:
    """Without full width, accents, case and signs that no eye sees, so that a word has one spelling."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(
        char for char in decomposed if not unicodedata.combining(char) and unicodedata.category(char) != "Cf"
    )
