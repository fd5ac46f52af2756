"""The last look at a finished text before it may leave: required lines there, limits kept, nothing given away."""

from collections.abc import Iterator

from msgspec import Struct

from templates_sms.lines import accepted_wordings
from templates_sms.privacy import shows_collection, shows_money
from templates_sms.promises import stop_digit
from templates_sms.rendered import Rendered, RenderedEmail, RenderedPush, RenderedSms, RenderedVoice
from templates_sms.segments import count_segments
from templates_sms.template import Template

# House limits. Six parts are what phones of every age still join reliably; a script of 1,500 characters takes about
# a hundred seconds to say; a push has to fit 4,096 bytes with its envelope (RFC 8291), at four bytes a character.
SMS_PARTS_MAX = 6
SUBJECT_MAX = 120
EMAIL_MAX = 20_000
SCRIPT_MAX = 1_500
VOICEMAIL_MAX = 500
PUSH_TITLE_MAX = 60
PUSH_BODY_MAX = 600
LOCK_SCREEN_MAX = 120


class WordingFault(Struct, frozen=True, kw_only=True):
    """Why a finished text may not be sent. It names the part and the reason and never quotes the text.

    `code` is one of `missing-line`, `too-long`, `amount-in-the-open`, `names-collection`, `open-line-changed`.
    """

    part: str
    code: str
    message: str


def check_rendered(template: Template, rendered: Rendered) -> list[WordingFault]:
    """Every reason not to send this text; empty if it may go.

    The template was checked when it was loaded, so a fault here means that variables made the text too long or put
    something into an open part. It is asked all the same, of every message.
    """
    faults = [
        WordingFault(part=part, code="too-long", message=f"{length} {unit}, {limit} at most")
        for part, length, limit, unit in _lengths(rendered)
        if length > limit
    ]
    faults += [
        WordingFault(part="body", code="missing-line", message=f"the line {line} is not in the text")
        for line in _missing_lines(template, _main_text(rendered))
    ]
    return [*faults, *_open_parts(template, rendered)]


def _lengths(rendered: Rendered) -> tuple[tuple[str, int, int, str], ...]:
    match rendered:
        case RenderedSms():
            return (("body", count_segments(rendered.text), SMS_PARTS_MAX, "SMS parts"),)
        case RenderedEmail():
            return (
                ("subject", len(rendered.subject), SUBJECT_MAX, "characters"),
                ("body", len(rendered.text), EMAIL_MAX, "characters"),
            )
        case RenderedVoice():
            return (
                ("body", len(rendered.script), SCRIPT_MAX, "characters"),
                ("voicemail", len(rendered.voicemail or ""), VOICEMAIL_MAX, "characters"),
            )
        case RenderedPush():
            return (
                ("push_title", len(rendered.title), PUSH_TITLE_MAX, "characters"),
                ("body", len(rendered.body), PUSH_BODY_MAX, "characters"),
                ("lock_screen", len(rendered.lock_screen), LOCK_SCREEN_MAX, "characters"),
            )


def _main_text(rendered: Rendered) -> str:
    match rendered:
        case RenderedSms() | RenderedEmail():
            return rendered.text
        case RenderedVoice():
            return rendered.script
        case RenderedPush():
            return rendered.body


def _missing_lines(template: Template, text: str) -> Iterator[str]:
    plain = " ".join(text.split()).casefold()
    for line in template.lines:
        wordings = accepted_wordings(
            line, template.channel, template.locale, stop_digit=stop_digit(template.digits)
        )
        if not any(wording in plain for wording in wordings):
            yield line


def _open_parts(template: Template, rendered: Rendered) -> Iterator[WordingFault]:
    """The parts that somebody else may see or hear."""
    opened: tuple[tuple[str, str], ...] = ()
    match rendered:
        case RenderedEmail():
            opened = (("subject", rendered.subject),)
        case RenderedVoice(voicemail=str(voicemail)):
            opened = (("voicemail", voicemail),)
            if shows_collection(voicemail, template.locale):
                message = "the business name shows that it collects debts (12 CFR 1006.2(j)(2)(i))"
                yield WordingFault(part="voicemail", code="names-collection", message=message)
        case RenderedPush():
            opened = (("push_title", rendered.title),)
            if rendered.lock_screen != template.lock_screen:
                message = "the lock-screen line is not the approved one"
                yield WordingFault(part="lock_screen", code="open-line-changed", message=message)
        case RenderedSms() | RenderedVoice():
            pass
    for part, text in opened:
        if shows_money(text):
            yield WordingFault(
                part=part, code="amount-in-the-open", message="an amount where others may see or hear it"
            )
