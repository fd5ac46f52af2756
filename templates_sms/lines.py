"""The sentences a template may promise to carry, and the wordings that keep the promise in each language."""

from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache

from templates_sms.locales import fallbacks


class Line(StrEnum):
    """A required line, as named in a template's header and by the rules that ask for it."""

    OPT_OUT = "opt_out"  # how to stop messages to this address: 12 CFR 1006.6(e), comment 6(e)-1
    OPTED_OUT = "opted_out"  # the one confirmation after it: 12 CFR 1006.14(h)(2)(i)
    HELP = "help"  # a way to get help; the house's own rule


# What the texts tell people to write back. Whoever reads replies has to understand every one of these.
OPT_OUT_WORDS = frozenset({"STOP", "TD"})

# line → channel → locale → accepted wordings, compared without regard to case. {stop} is the digit that the
# template's own menu gives to stopping, so a script cannot name another one.
_WORDINGS: Mapping[Line, Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    Line.OPT_OUT: {
        "sms": {
            "en": ("reply STOP to opt out", "reply STOP to stop"),
            "es": ("responda STOP para darse de baja", "responda STOP para no recibir"),
            "zh-Hans": ("回复TD或STOP退订", "回复STOP退订"),
        },
        "email": {
            "en": ("reply with STOP in the subject line", "reply with the word STOP in the subject line"),
            "es": ("responda con STOP en el asunto", "responda con la palabra STOP en el asunto"),
            "zh-Hans": ("回复本邮件并在主题中写STOP",),
        },
        "voice": {
            "en": ("to stop these calls, press {stop}", "press {stop} to stop these calls"),
            "es": (
                "para no recibir estas llamadas, marque {stop}",
                "marque {stop} para no recibir estas llamadas",
            ),
            "zh-Hans": ("不想再接到此类电话，请按{stop}", "按{stop}停止此类来电"),  # noqa: RUF001
        },
        "push": {
            "en": ("turn these messages off in the app", "turn off these messages in the app"),
            "es": ("desactivar estos mensajes en la app", "desactive estos mensajes en la app"),
            "zh-Hans": ("在应用中关闭此类消息",),
        },
    },
    Line.OPTED_OUT: {
        "sms": {
            "en": ("no more texts to this number",),
            "es": ("no le enviaremos otros mensajes de texto",),
            "zh-Hans": ("不会再向此号码发送短信",),
        },
        "email": {
            "en": ("no more emails to this address",),
            "es": ("no le enviaremos más correos a esta dirección",),
            "zh-Hans": ("不会再向此邮箱发送邮件",),
        },
    },
    Line.HELP: {
        channel: {
            "en": ("we can help", "if you need help", "we are here to help"),
            "es": ("podemos ayudarle", "si necesita ayuda", "queremos ayudarle"),
            "zh-Hans": ("我们可以帮助您", "如需帮助", "我们愿意帮助您"),
        }
        for channel in ("sms", "email", "voice", "push")
    },
}


@lru_cache(maxsize=1024)
def accepted_wordings(
    line: Line, channel: str, locale: str, *, stop_digit: str | None = None
) -> tuple[str, ...]:
    """Every wording that counts as this line, casefolded; empty if the language has none, which means refuse.

    Args:
        line: the required line.
        channel: `sms`, `voice`, `email` or `push`.
        locale: the template's locale; its fallbacks are tried in order.
        stop_digit: the digit of a call's menu that means stop, if there is one.
    """
    table = _WORDINGS[line].get(channel, {})
    wordings = next((table[known] for known in fallbacks(locale) if known in table), ())
    if stop_digit is None:
        return tuple(wording.casefold() for wording in wordings if "{stop}" not in wording)
    return tuple(wording.replace("{stop}", stop_digit).casefold() for wording in wordings)
