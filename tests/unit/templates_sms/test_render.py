"""From template and variables to the finished text, and the last look at it."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from templates_sms.catalogue import Catalogue, build_catalogue, read_catalogue_files
from templates_sms.formats import filters
from templates_sms.html_part import build_html
from templates_sms.parse import parse_template
from templates_sms.render import RenderFault, render
from templates_sms.rendered import Rendered, RenderedEmail, RenderedPush, RenderedSms, RenderedVoice
from templates_sms.template import Template, TextChannel
from templates_sms.variables import VariableKind
from templates_sms.wording import check_rendered

CATALOGUE = build_catalogue(read_catalogue_files())
assert isinstance(CATALOGUE, Catalogue)
TEMPLATES = CATALOGUE.templates
VALUES = {
    VariableKind.TEXT: st.text(
        st.characters(exclude_categories=["C", "Z"], exclude_characters=":."), min_size=1, max_size=40
    ),
    VariableKind.NAME: st.sampled_from(["Ana", "Ana María O'Neil", "王小明", "Нина"]),
    VariableKind.AMOUNT: st.integers(0, 10**9).map(lambda cents: f"{cents // 100}.{cents % 100:02} USD"),
    VariableKind.DATE: st.dates().map(lambda day: day.replace(year=2024 + 4 * (day.year % 10)).isoformat()),
    VariableKind.URL: st.sampled_from(["https://pay.example.com/p/7Q2K", "https://example.org/?a=1&b=2"]),
    VariableKind.PHONE: st.sampled_from(["+12025550143", "+442079460123"]),
}


@st.composite
def filled(draw: st.DrawFn) -> tuple[Template, dict[str, str]]:
    """Any starter template with any valid variables, optional ones sometimes left out."""
    template = TEMPLATES[draw(st.sampled_from(sorted(TEMPLATES)))]
    wanted = [one for one in template.variables if not one.optional or draw(st.booleans())]
    return template, {one.name: draw(VALUES[one.kind]) for one in wanted}


def sms(name: str = "payment_due_soon", locale: str = "en") -> Template:
    return TEMPLATES[name, "sms", locale]


SENT = {
    "creditor": "Example Lending",
    "amount": "1234.50 USD",
    "due_on": "2026-03-14",
    "pay_url": "https://pay.example.com/p/7Q2K",
    "help_phone": "+12025550143",
}


@given(filled())
def test_every_sound_template_renders_and_keeps_its_lines(case: tuple[Template, dict[str, str]]) -> None:
    """Any template that was accepted renders for any valid variables, with every required line in it."""
    template, values = case
    rendered = render(template, values)
    assert not isinstance(rendered, RenderFault)
    assert "missing-line" not in {fault.code for fault in check_rendered(template, rendered)}


@given(filled())
def test_same_variables_same_text(case: tuple[Template, dict[str, str]]) -> None:
    """Rendering is a function: the text in the record can be made again from template and variables."""
    assert render(*case) == render(*case)


def test_unfit_variables_make_no_text() -> None:
    """A text is made from fitting variables or not at all; what is wrong is told without the values."""
    fault = render(sms(), {**SENT, "amount": "lots"})
    assert isinstance(fault, RenderFault)
    assert [one.pointer for one in fault.variables] == ["/amount"]
    assert "lots" not in repr(fault)


def test_variables_are_never_templates() -> None:
    """Braces in a variable are letters to be read, not a template to be run."""
    rendered = render(sms(), {**SENT, "creditor": "{{ amount }}{% for x in y %}"})
    assert isinstance(rendered, RenderedSms)
    assert rendered.text.startswith("{{ amount }}{% for x in y %}: Your payment")


def test_finished_text_hides_itself() -> None:
    """A finished text printed by accident shows none of its words."""
    rendered = render(sms(), SENT)
    assert repr(rendered) == "RenderedSms(<hidden>)"


@pytest.mark.parametrize(
    ("locale", "kind", "value", "text"),
    [
        ("en", "amount", "1234567.50 USD", "$1,234,567.50"),
        ("en", "amount", "5.00 GBP", "£5.00"),
        ("en", "amount", "5.00 CAD", "5.00 CAD"),
        ("en", "amount", "120000 JPY", "120,000 JPY"),
        ("es", "amount", "1234567.50 USD", "1234567.50 USD"),
        ("es", "amount", "5.00 EUR", "5.00 €"),
        ("zh-Hans", "amount", "1234.50 CNY", "1,234.50元"),
        ("zh-Hans", "amount", "1.250 KWD", "1.250 KWD"),
        ("fr", "amount", "1234.50 EUR", "1234.50 EUR"),
        ("en", "date", "2026-03-04", "March 4, 2026"),
        ("es", "date", "2026-03-04", "4 de marzo de 2026"),
        ("zh-Hans", "date", "2026-12-04", "2026年12月4日"),
        ("fr", "date", "2026-03-04", "2026-03-04"),
        ("en", "phone", "+12025550143", "+1 202-555-0143"),
        ("en", "phone", "+442079460123", "+442079460123"),
        ("en", "spoken", "+12025550143", "2 0 2, 5 5 5, 0 1 4 3"),
        ("en", "spoken", "+442079460123", "4 4 2, 0 7 9, 4 6 0, 1 2 3"),
        ("en", "spoken", "+4420794601", "4, 4 2 0, 7 9 4, 6 0 1"),
    ],
)
def test_values_read_as_people_write_them(locale: str, kind: str, value: str, text: str) -> None:
    """Amounts, dates and numbers stand in the text as the language writes them, and never ambiguously."""
    assert filters(locale)[kind](value) == text


@given(st.text())
def test_html_part_holds_no_markup_of_others(text: str) -> None:
    """Nothing in a text becomes markup: only our own tags are in the page, whatever was written."""
    inside = build_html(text, "en").partition('40em">\n')[2].rpartition("\n</body>")[0]
    for tag in ("<p>", "</p>", "<br>", "</a>"):
        inside = inside.replace(tag, "")
    assert "<" not in inside.replace('<a href="https://', "")


def test_html_part_links_addresses_and_escapes_the_rest() -> None:
    """A link can be clicked, a full stop after it is not part of it, and & < > are what they were."""
    html = build_html("A & B <i>\nPay: https://x.example/?a=1&b=2。谢谢\n\nSee https://y.example.", "zh-Hans")
    assert '<html lang="zh-Hans">' in html
    assert (
        "<p>A &amp; B &lt;i&gt;<br>\nPay: "
        '<a href="https://x.example/?a=1&amp;b=2">https://x.example/?a=1&amp;b=2</a>。谢谢</p>\n'
        '<p>See <a href="https://y.example">https://y.example</a>.</p>'
    ) in html


def test_two_parts_of_an_email_say_the_same() -> None:
    """The HTML part is made from the text part, so the two cannot differ."""
    rendered = render(TEMPLATES["payment_due_soon", "email", "en"], {**SENT, "borrower": "Ana & Eva"[:3]})
    assert isinstance(rendered, RenderedEmail)
    assert rendered.html == build_html(rendered.text, "en")
    assert rendered.text.startswith("Hello Ana,\n\nYour payment of $1,234.50")


def test_left_out_variable_leaves_no_hole() -> None:
    """Without a name the greeting is a greeting all the same."""
    rendered = render(TEMPLATES["payment_due_soon", "email", "en"], SENT)
    assert isinstance(rendered, RenderedEmail)
    assert rendered.text.startswith("Hello,\n\nYour payment")


def voice(**values: str) -> tuple[Template, Rendered]:
    template = TEMPLATES["call_back", "voice", "en"]
    sent = {
        "creditor": "Example Lending",
        "borrower": "Ana",
        "agent": "Sam Lee",
        "help_phone": "+12025550143",
    }
    rendered = render(template, sent | values)
    assert not isinstance(rendered, RenderFault)
    return template, rendered


@pytest.mark.parametrize(
    ("creditor", "codes"),
    [
        ("Example Loans", []),
        ("Example Collections", ["names-collection"]),
        ("Example Debt Partners", ["names-collection"]),
        ("Example Receivables Group", ["names-collection"]),
        ("Owed $500 Bank", ["amount-in-the-open"]),
        ("Bank 500 dollars", ["amount-in-the-open"]),
    ],
)
def test_voicemail_gives_nothing_away(creditor: str, codes: list[str]) -> None:
    """12 CFR 1006.2(j): a voicemail names no amount and no business name that shows debt collection."""
    assert [fault.code for fault in check_rendered(*voice(creditor=creditor))] == codes


def test_amount_smuggled_into_subject_is_found() -> None:
    """A subject is read by whoever looks over a shoulder, so an amount in it stops the message."""
    template = TEMPLATES["payment_due_soon", "email", "en"]
    rendered = render(template, {**SENT, "creditor": "Pay 120 USD now"})
    assert not isinstance(rendered, RenderFault)
    assert [fault.code for fault in check_rendered(template, rendered)] == ["amount-in-the-open"]


LONG = """+++
title = "Long"
purpose = "x"
lines = []
rules = []
{extra}
[variables]
creditor = "text"
{digits}+++
{body}
"""


@pytest.mark.parametrize(
    ("channel", "extra", "digits", "length", "part"),
    [
        ("sms", "", "", 153 * 6 + 1, "body"),
        ("email", 'subject = "Hello"', "", 15_000, None),
        ("email", f'subject = "{"a " * 60}{{{{ creditor }}}}"', "", 10, "subject"),
        ("voice", "", '[digits]\n9 = "stop"\n', 1_501, "body"),
        ("push", 'push_title = "x"\nlock_screen = "x"', "", 601, "body"),
        ("push", f'push_title = "{"a " * 31}"\nlock_screen = "x"', "", 10, "push_title"),
        ("push", f'push_title = "x"\nlock_screen = "{"a " * 61}"', "", 10, "lock_screen"),
    ],
)
def test_text_over_its_limit_is_not_sent(
    channel: str, extra: str, digits: str, length: int, part: str | None
) -> None:
    """Each channel has a length that phones, ears and services can take; a longer text is refused, not cut."""
    body = "{{ creditor }}" + "a" * (length - len("Example"))
    template = parse_template(f"en/x.{channel}.j2", LONG.format(extra=extra, digits=digits, body=body))
    assert isinstance(template, Template), [str(fault) for fault in template]
    rendered = render(template, {"creditor": "Example"})
    assert not isinstance(rendered, RenderFault)
    assert [(one.part, one.code) for one in check_rendered(template, rendered)] == (
        [(part, "too-long")] if part else []
    )


def test_tampered_text_is_found() -> None:
    """A text that lost its opt-out line, or shows another line on a lock screen, does not pass the last look."""
    assert [one.code for one in check_rendered(sms(), RenderedSms(text="We can help. Pay."))] == [
        "missing-line"
    ]
    push = TEMPLATES["payment_received", "push", "en"]
    body = "You can turn these messages off in the app."
    shown = RenderedPush(title="A message for you", body=body, lock_screen="Your payment is late")
    assert [one.code for one in check_rendered(push, shown)] == ["open-line-changed"]


def test_stop_digit_in_the_script_is_the_one_of_the_menu() -> None:
    """A person who presses the digit they were told is understood."""
    template, rendered = voice()
    assert isinstance(rendered, RenderedVoice)
    wrong = RenderedVoice(
        script=rendered.script.replace("press 9", "press 8"), voicemail=None, digits=rendered.digits
    )
    assert check_rendered(template, rendered) == []
    assert [one.code for one in check_rendered(template, wrong)] == ["missing-line"]


def test_template_made_by_hand_renders_nothing() -> None:
    """Only checked files become messages: a template put together elsewhere stops at its first missing part."""
    template = TEMPLATES["opt_out_confirmation", "email", "en"]
    with pytest.raises(ValueError, match="not made by parse_template"):
        render(msgspec.structs.replace(template, subject=None), {"creditor": "Example"})


def test_every_channel_has_a_shape() -> None:
    """Each channel's text comes in the shape that channel sends."""
    shapes = {
        TextChannel.SMS: RenderedSms,
        TextChannel.EMAIL: RenderedEmail,
        TextChannel.VOICE: RenderedVoice,
        TextChannel.PUSH: RenderedPush,
    }
    values = {
        "amount": "1.00 USD",
        "paid_on": "2026-03-02",
        "creditor": "Example",
        "help_phone": "+12025550143",
    }
    for channel, shape in shapes.items():
        name = "call_back" if channel is TextChannel.VOICE else "payment_received"
        template = TEMPLATES[name, channel, "en"]
        known = values | {"borrower": "Ana", "agent": "Sam"}
        rendered = render(template, {one.name: known[one.name] for one in template.variables})
        assert isinstance(rendered, shape)
