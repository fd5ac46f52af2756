"""One template file: path, header, promises; what is refused, and in which words."""

import pytest

from templates_sms.parse import SIZE_MAX, parse_template
from templates_sms.template import Keypress, Template

SMS = """+++
title = "Payment due soon"
purpose = "payment_reminder"
lines = ["opt_out"]
rules = ["12 CFR 1006.6(e)"]

[variables]
creditor = "text"
amount = "amount"
agent = "name?"
+++
{{ creditor }}: {{ amount|amount }} is due.{% if agent %} Ask for {{ agent }}.{% endif %} Reply STOP to opt out.
"""
EMAIL = """+++
title = "A mail"
purpose = "payment_reminder"
lines = []
rules = []
subject = "A message from {{ creditor }}"

[variables]
creditor = "text"
amount = "amount"
+++
{{ creditor }} {{ amount|amount }}
"""
VOICE = """+++
title = "A call"
purpose = "call_back"
lines = ["opt_out"]
rules = ["12 CFR 1006.2(j)"]
voicemail = "This is {{ agent }} from {{ creditor }}. Please call {{ help_phone|spoken }}."

[variables]
creditor = "text"
agent = "name"
help_phone = "phone"

[digits]
1 = "agent"
9 = "stop"
+++
Hello from {{ creditor }}. To stop these calls, press 9.
"""
PUSH = """+++
title = "A push"
purpose = "payment_reminder"
lines = []
rules = []
push_title = "A message for you"
lock_screen = "Open the app to read it."

[variables]
creditor = "text"
+++
{{ creditor }} has news.
"""
SOURCES = {"sms": SMS, "email": EMAIL, "voice": VOICE, "push": PUSH}


def parse(channel: str, old: str = "", new: str = "", *, locale: str = "en") -> Template | list[str]:
    source = SOURCES[channel]
    assert old in source, "the case no longer fits the sample file"
    parsed = parse_template(f"{locale}/x.{channel}.j2", source.replace(old, new) if old else source)
    return parsed if isinstance(parsed, Template) else [str(fault) for fault in parsed]


@pytest.mark.parametrize("channel", SOURCES)
def test_sound_file_becomes_template(channel: str) -> None:
    """A file that keeps every promise becomes a template of its channel."""
    parsed = parse(channel)
    assert isinstance(parsed, Template), parsed
    assert (parsed.name, parsed.channel, parsed.locale) == ("x", channel, "en")
    assert len(parsed.hash) == 64


def test_template_carries_what_its_header_says() -> None:
    """Rules and callers see the template's lines, digits and variables as values, not as text."""
    parsed = parse("voice")
    assert isinstance(parsed, Template)
    assert parsed.lines == {"opt_out"}
    assert parsed.digits == (("1", Keypress.AGENT), ("9", Keypress.STOP))
    assert [one.name for one in parsed.variables] == ["creditor", "agent", "help_phone"]


def test_hash_changes_with_any_byte() -> None:
    """The hash in the record names exactly these bytes."""
    one, other = parse("sms"), parse("sms", "is due", "is  due")
    assert isinstance(one, Template)
    assert isinstance(other, Template)
    assert one.hash != other.hash


@pytest.mark.parametrize(
    ("channel", "old", "new", "told"),
    [
        ("sms", 'title = "Payment due soon"\n', "", "en/x.sms.j2:1: the header lacks title"),
        (
            "sms",
            "title =",
            "titel =",
            "x.sms.j2:2: titel does not belong in the header of a template for sms. Did you",
        ),
        (
            "sms",
            'lines = ["opt_out"]',
            'lines = ["optout"]',
            "x.sms.j2:4: lines: Invalid enum value 'optout'",
        ),
        ("sms", 'lines = ["opt_out"]', 'lines = "opt_out"', "x.sms.j2:4: lines: Expected `array`"),
        ("sms", 'amount = "amount"', 'amount = "money"', "x.sms.j2:7: variables: Expected `str` matching"),
        (
            "sms",
            'amount = "amount"',
            'amount = "amount"\nunused = "text"',
            "x.sms.j2:10: the variable unused is never",
        ),
        ("sms", 'amount = "amount"', "amount = amount", "x.sms.j2:9: the header is not TOML"),
        ("sms", "[variables]", 'subject = "x"\n[variables]', "x.sms.j2:7: subject does not belong"),
        ("sms", "+++\ntitle", "title", "there is no header"),
        (
            "sms",
            "Reply STOP to opt out.",
            "Thanks.",
            "x.sms.j2:12: the line opt_out is promised and not there",
        ),
        (
            "sms",
            "{% endif %} Reply STOP to opt out.",
            " Reply STOP to opt out.{% endif %}",
            "the line opt_out is promised",
        ),
        ("sms", "{{ creditor }}:", "{{ creditor }}\u202e:", "x.sms.j2:12: an invisible character"),
        ("sms", "\n", "\r\n", "an invisible character"),
        ("sms", "\n[variables]", "\ufeff[variables]", "an invisible character"),
        ("email", 'subject = "A message from {{ creditor }}"\n', "", "the header lacks subject"),
        ("email", "A message from", "Your debt with", 'the subject says "debt", where others may see'),
        (
            "email",
            "from {{ creditor }}",
            "from {{ amount|amount }}",
            "the subject of a template for email may not hold amount",
        ),
        ("voice", "press 9", "press 8", "the line opt_out is promised and not there"),
        ("voice", '9 = "stop"\n', "", "the line opt_out is promised and not there"),
        ("voice", '9 = "stop"', '9 = "buy"', "digits: Invalid enum value 'buy'"),
        ("voice", '9 = "stop"', '99 = "stop"', "digits: Expected `str` matching"),
        ("voice", "Please call", "Ring", "the voicemail does not ask for a call back"),
        ("voice", "This is {{ agent }} from", "From", "the voicemail lacks a variable of type name"),
        ("voice", "Please call", "Please call about your loan", 'the voicemail says "loan"'),
        (
            "push",
            "Open the app to read it.",
            "{{ creditor }} wrote.",
            "the lock_screen of a template for push may not hold",
        ),
        ("push", "Open the app to read it.", "Your payment is late.", 'the lock_screen says "payment"'),
        ("push", "A message for you", "Overdue", 'the push_title says "Overdue"'),
    ],
)
def test_broken_file_is_told_where_and_why(channel: str, old: str, new: str, told: str) -> None:
    """Each way to break a template is refused with file, line, reason and what to do."""
    faults = parse(channel, old, new)
    assert isinstance(faults, list)
    assert any(told in fault for fault in faults), faults


def test_call_script_holds_no_amount() -> None:
    """Who picks up is not known, so no amount, date or link is ever spoken before that person is."""
    source = VOICE.replace("[digits]", 'amount = "amount"\n\n[digits]').replace(
        "from {{ creditor }}. To", "{{ amount|amount }}. To"
    )
    faults = parse_template("en/x.voice.j2", source)
    assert isinstance(faults, list)
    assert any("body of a template for voice may not hold amount" in str(fault) for fault in faults)


@pytest.mark.parametrize(
    "path",
    [
        "x.sms.j2",
        "en/x.fax.j2",
        "en/x.sms",
        "EN/x.sms.j2",
        "zh-hans/x.sms.j2",
        "en/../x.sms.j2",
        "en/X.sms.j2",
        "e/x.sms.j2",
    ],
)
def test_path_says_locale_name_and_channel(path: str) -> None:
    """A file whose path leaves name, channel or locale open is refused."""
    faults = parse_template(path, SMS)
    assert isinstance(faults, list)
    assert "Name it <locale>/<name>.<channel>.j2" in faults[0].hint


def test_oversized_file_is_refused_unread() -> None:
    """A huge file costs no parsing."""
    faults = parse_template("en/x.sms.j2", "+" * (SIZE_MAX + 1))
    assert isinstance(faults, list)
    assert "characters" in faults[0].message


def test_deep_header_is_refused() -> None:
    """A header made to exhaust the parser is a fault like any other."""
    faults = parse_template("en/x.sms.j2", f"+++\nx = {'[' * 5000}\n+++\nHello\n")
    assert isinstance(faults, list)


def test_language_without_wordings_is_refused() -> None:
    """A promise that nobody can check in that language counts as broken."""
    faults = parse("sms", locale="fr")
    assert isinstance(faults, list)
    assert any("Add a wording" in fault for fault in faults)


def test_language_without_telling_words_is_refused() -> None:
    """Where nobody listed the words that tell of a debt, nothing counts as neutral."""
    faults = parse("email", locale="fr")
    assert isinstance(faults, list)
    assert any("no list of telling words for fr" in fault for fault in faults)


def test_header_without_text_is_refused() -> None:
    """An empty message is nobody's intention."""
    faults = parse_template("en/x.sms.j2", SMS.partition("{{ creditor }}")[0])
    assert isinstance(faults, list)
    assert str(faults[0]).startswith("en/x.sms.j2:11: the text is empty")


def test_escaped_key_is_still_a_fault() -> None:
    """A key spelled with escapes cannot be found by line, and is refused all the same."""
    faults = parse("sms", "title =", '"t\\u0069tel" = "x"\ntitle =')
    assert isinstance(faults, list)
    assert any("x.sms.j2:1: titel does not belong" in fault for fault in faults)
