"""Whether a template keeps its word whatever its variables hold: required lines always there, open parts discreet."""

from collections.abc import Mapping

from templates_sms.fault import Fault
from templates_sms.grammar import Grammar
from templates_sms.header import Header, line_of
from templates_sms.lines import accepted_wordings
from templates_sms.privacy import gives_away, knows
from templates_sms.template import Keypress, TextChannel
from templates_sms.variables import VariableKind

_ANY = frozenset(VariableKind)
_TEXT, _NAME, _PHONE = VariableKind.TEXT, VariableKind.NAME, VariableKind.PHONE

# Which kinds each part may print. Who picks up a call is not known, so a script holds no amount, date or link; who
# sees a lock screen is not known either, so that line holds no variable at all.
_MAY_PRINT: Mapping[tuple[TextChannel, str], frozenset[VariableKind]] = {
    (TextChannel.SMS, "body"): _ANY,
    (TextChannel.EMAIL, "body"): _ANY,
    (TextChannel.EMAIL, "subject"): frozenset({_TEXT, _NAME}),
    (TextChannel.VOICE, "body"): frozenset({_TEXT, _NAME, _PHONE}),
    (TextChannel.VOICE, "voicemail"): frozenset({_TEXT, _NAME, _PHONE}),
    (TextChannel.PUSH, "body"): _ANY,
    (TextChannel.PUSH, "push_title"): frozenset({_TEXT}),
    (TextChannel.PUSH, "lock_screen"): frozenset(),
}
_OPEN_PARTS = ("subject", "push_title", "lock_screen", "voicemail")

# 12 CFR 1006.2(j)(1): a limited-content message names the business, a natural person to ask for and a number to
# call, and asks for a reply. The wordings of the request:
_ASKS_FOR_REPLY = ("call", "llame", "llamar", "llamada", "致电", "回电")


def stop_digit(digits: tuple[tuple[str, Keypress], ...]) -> str | None:
    """The digit of a call's menu that means stop, if it has one."""
    return next((digit for digit, meaning in digits if meaning is Keypress.STOP), None)


def check_promises(
    file: str,
    header: Header,
    header_text: str,
    where: tuple[TextChannel, str, int],
    parts: Mapping[str, Grammar],
) -> list[Fault]:
    """Say every promise of the header that its texts break.

    Args:
        file: the file's name, for the faults.
        header: the parsed header.
        header_text: its text, to find lines in.
        where: the channel, the locale and the line on which the body begins.
        parts: the checked texts by part: `body`, and those of the header.
    """
    channel, locale, body_line = where
    found: list[tuple[int, str, str]] = []
    for part, grammar in parts.items():
        line = body_line if part == "body" else line_of(header_text, part)
        found += [(line, *fault) for fault in _forbidden_kinds(header, channel, part, grammar)]
        if part in _OPEN_PARTS:
            found += [(line, *fault) for fault in _telling_words(locale, part, grammar)]
    if "voicemail" in parts:
        line = line_of(header_text, "voicemail")
        found += [(line, *fault) for fault in _limited_content(header, parts["voicemail"])]
    found += [(body_line, *fault) for fault in _missing_lines(header, channel, locale, parts["body"])]
    for name in sorted(
        header.variables.keys() - frozenset().union(*(grammar.used for grammar in parts.values()))
    ):
        hint = "Delete it from [variables], so that callers need not send what nobody reads"
        found.append((line_of(header_text, name), f"the variable {name} is never used", hint))
    return [Fault(file=file, line=line, message=message, hint=hint) for line, message, hint in found]


def _forbidden_kinds(
    header: Header, channel: TextChannel, part: str, grammar: Grammar
) -> list[tuple[str, str]]:
    allowed = _MAY_PRINT[channel, part]
    used = (header.variables[name] for name in sorted(grammar.used & header.variables.keys()))
    hint = f"Kinds it may hold: {', '.join(sorted(allowed)) or 'none, it is fixed text'}"
    return [
        (
            f"the {part} of a template for {channel} may not hold {variable.name}, which is of type {variable.kind}",
            hint,
        )
        for variable in used
        if variable.kind not in allowed
    ]


def _telling_words(locale: str, part: str, grammar: Grammar) -> list[tuple[str, str]]:
    if not knows(locale):
        return [(f"no list of telling words for {locale}", "Add one to templates_sms/privacy.py")]
    word = gives_away(grammar.literal, locale)
    if word is None:
        return []
    return [
        (f'the {part} says "{word}", where others may see or hear it', "Keep it neutral: A message for you")
    ]


def _limited_content(header: Header, voicemail: Grammar) -> list[tuple[str, str]]:
    kinds = {header.variables[name].kind for name in voicemail.used & header.variables.keys()}
    hint = "12 CFR 1006.2(j): business name, a person's name, a number, a request to call, and nothing else"
    faults = [
        (f"the voicemail lacks a variable of type {kind}", hint)
        for kind in (_TEXT, _NAME, _PHONE)
        if kind not in kinds
    ]
    if not any(words in voicemail.always.casefold() for words in _ASKS_FOR_REPLY):
        faults.append(("the voicemail does not ask for a call back", hint))
    return faults


def _missing_lines(header: Header, channel: TextChannel, locale: str, body: Grammar) -> list[tuple[str, str]]:
    spoken = " ".join(body.always.split()).casefold()
    faults = []
    for line in sorted(header.lines):
        wordings = accepted_wordings(line, channel, locale, stop_digit=stop_digit(header.digits))
        if not any(wording in spoken for wording in wordings):
            hint = f"Write, outside every condition: {' | '.join(wordings)}"
            if not wordings:
                hint = "Add a wording to templates_sms/lines.py, or for a call give a digit the meaning stop"
            faults.append((f"the line {line} is promised and not there in any accepted wording", hint))
    return faults
