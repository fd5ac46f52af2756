"""Fill an approved text with variables. The only place that turns a template into what a person reads or hears."""

from collections.abc import Callable, Mapping
from functools import lru_cache, partial

from jinja2 import Template as Compiled
from jinja2.runtime import Context
from msgspec import Struct

from templates_sms.check_variables import VariableFault, check_variables
from templates_sms.formats import filters
from templates_sms.grammar import environment
from templates_sms.html_part import build_html
from templates_sms.rendered import Rendered, RenderedEmail, RenderedPush, RenderedSms, RenderedVoice
from templates_sms.template import Template, TextChannel

__all__ = ["RenderFault", "VariableFault", "check_variables", "render"]


class RenderFault(Struct, frozen=True, kw_only=True):
    """The variables do not fit the template, so there is nothing to send. Holds names and reasons, never values."""

    template: str  # the template's hash
    variables: tuple[VariableFault, ...]


def render(template: Template, variables: Mapping[str, str]) -> Rendered | RenderFault:
    """Make the finished text for the template's channel, or say which variables do not fit.

    Variables are checked again although acceptance checked them: a template may have been replaced in between.
    Size and time are bounded by construction, see `grammar`. Whether required lines and limits hold in the result is
    `wording.check_rendered`'s question, to be asked of every message.
    """
    faults = check_variables(template, variables)
    if faults:
        return RenderFault(template=template.hash, variables=tuple(faults))
    # An optional variable that was left out is the empty text, which an `if` takes for "not there".
    values = dict(variables)
    if len(values) != len(template.variables):
        values = dict.fromkeys((declared.name for declared in template.variables), "") | values
    return _SHAPES[template.channel](template, partial(_fill, template.locale, values))


_Fill = Callable[[str], str]


def _fill(locale: str, values: dict[str, str], source: str) -> str:
    compiled = _compile(locale, source)
    # A context straight over our own dict: the template has no globals, and Jinja's way there copies it twice.
    context = Context(compiled.environment, values, compiled.name, {})
    return "".join(compiled.root_render_func(context))


@lru_cache(maxsize=4096)
def _compile(locale: str, source: str) -> Compiled:
    made = environment()
    made.filters.update(filters(locale))
    return made.from_string(source)


def _present(text: str | None) -> str:
    if text is None:
        raise ValueError("a template without a part its channel requires was not made by parse_template")
    return text


def _sms(template: Template, fill: _Fill) -> RenderedSms:
    return RenderedSms(text=fill(template.body))


def _email(template: Template, fill: _Fill) -> RenderedEmail:
    text = fill(template.body)
    subject = fill(_present(template.subject))
    return RenderedEmail(subject=subject, text=text, html=build_html(text, template.locale))


def _voice(template: Template, fill: _Fill) -> RenderedVoice:
    voicemail = None if template.voicemail is None else fill(template.voicemail)
    return RenderedVoice(script=fill(template.body), voicemail=voicemail, digits=template.digits)


def _push(template: Template, fill: _Fill) -> RenderedPush:
    title = fill(_present(template.push_title))
    return RenderedPush(title=title, body=fill(template.body), lock_screen=_present(template.lock_screen))


_SHAPES: Mapping[TextChannel, Callable[[Template, _Fill], Rendered]] = {
    TextChannel.SMS: _sms,
    TextChannel.EMAIL: _email,
    TextChannel.VOICE: _voice,
    TextChannel.PUSH: _push,
}
