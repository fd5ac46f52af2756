"""Which locales may stand in for which, so that nobody ever gets half a message in another language."""

import re
from functools import lru_cache

# BCP 47 as far as texts differ by it: language, script, region. Variants and extensions never choose a text.
_TAG = re.compile(r"([A-Za-z]{2,3})(?:-([A-Za-z]{4}))?(?:-([A-Za-z]{2}|[0-9]{3}))?(?:-[A-Za-z0-9-]+)?")

# Likely scripts of Chinese (Unicode CLDR, likelySubtags): the region tells the script, and the script is what a
# reader can read. Without this, zh-TW would find simplified texts, or none.
_CHINESE_SCRIPT = {"TW": "Hant", "HK": "Hant", "MO": "Hant"}


def canonical(locale: str) -> str | None:
    """The tag in its usual spelling (`ZH-hans-cn` gives `zh-Hans-CN`), or None if it is no language tag."""
    match = _TAG.fullmatch(locale)
    if match is None:
        return None
    language, script, region = match.groups()
    parts = (language.lower(), script and script.title(), region and region.upper())
    return "-".join(part for part in parts if part)


@lru_cache(maxsize=1024)
def fallbacks(locale: str) -> tuple[str, ...]:
    """The locales whose texts may serve this reader, best first; empty if the tag is none.

    Exact first; then the language in the script that was stated or, for Chinese, is implied by the region; the bare
    language only where no script is in play. A script is never crossed: a reader of traditional Chinese is refused
    rather than sent simplified.
    """
    tag = canonical(locale)
    if tag is None:
        return ()
    language, *rest = tag.split("-")
    script = rest[0] if rest and len(rest[0]) == len("Hans") else None
    if language == "zh" and script is None:
        script = _CHINESE_SCRIPT.get(rest[0] if rest else "", "Hans")
    return tuple(dict.fromkeys((tag, language if script is None else f"{language}-{script}")))
