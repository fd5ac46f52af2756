"""The restricted template language: what it lets through, and that nothing else gets through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from templates_sms.grammar import DEPTH_MAX, PRINTS_MAX, check_grammar
from templates_sms.variables import Variable, VariableKind

VARIABLES = {
    "creditor": Variable(name="creditor", kind=VariableKind.TEXT),
    "amount": Variable(name="amount", kind=VariableKind.AMOUNT),
    "due_on": Variable(name="due_on", kind=VariableKind.DATE),
    "agent": Variable(name="agent", kind=VariableKind.NAME, optional=True),
    "note": Variable(name="note", kind=VariableKind.TEXT, optional=True),
}


def faults(source: str) -> list[str]:
    return [fault.message for fault in check_grammar("en/x.sms.j2", source, 1, VARIABLES).faults]


@pytest.mark.parametrize(
    "source",
    [
        "{{ creditor }}: {{ amount|amount }} on {{ due_on|date }}",
        "{% if agent %}Ask for {{ agent }}{% endif %}",
        "{% if not agent %}Hello{% else %}{{ agent }}{% endif %}",
        "{% if agent and note %}{{ agent }} {{ note }}{% endif %}",
        "{% if agent or note %}Somebody{% endif %}",
        "{% if agent %}{{ agent }}{% elif note %}{{ note }}{% else %}Hello{% endif %}",
        "{% if not agent or not note %}x{% else %}{{ agent }}{{ note }}{% endif %}",
        "{# a remark for the next author #}Hello",
        "100 % { } plain text",
    ],
)
def test_language_allows_variables_filters_and_conditions(source: str) -> None:
    """What a compliance writer needs can be written: values, their formats, and words for when one is missing."""
    assert faults(source) == []


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("{{ ''.__class__ }}", "attributes"),
        ("{{ creditor.__class__.__mro__ }}", "attributes"),
        ("{{ creditor['x'] }}", "subscripts"),
        ("{{ creditor() }}", "calls"),
        ("{{ creditor.format(creditor) }}", "calls"),
        ("{{ 'x' * 300000000 }}", "arithmetic"),
        ("{{ creditor ~ creditor }}", "joining"),
        ("{{ -1 }}", "arithmetic"),
        ("{{ 7 }}", "constants"),
        ("{{ [creditor] }}", "constants"),
        ("{{ creditor, amount }}", "constants"),
        ("{{ creditor if agent else note }}", "inline conditions"),
        ("{{ creditor is defined }}", "tests"),
        ("{% if creditor == 'x' %}y{% endif %}", "comparisons"),
        ("{% if agent is defined %}y{% endif %}", "tests"),
        ("{% for c in creditor %}{{ c }}{% endfor %}", "loops"),
        ("{% set x = creditor %}", "assignments"),
        ("{% set x %}y{% endset %}", "assignments"),
        ("{% with x = creditor %}{% endwith %}", "assignments"),
        ("{% include 'en/other.sms.j2' %}", "includes"),
        ("{% import 'x' as y %}", "imports"),
        ("{% from 'x' import y %}", "imports"),
        ("{% extends 'x' %}", "inheritance"),
        ("{% block b %}{% endblock %}", "blocks"),
        ("{% macro m() %}{% endmacro %}", "macros"),
        ("{% filter upper %}x{% endfilter %}", "filter blocks"),
        ("{{ creditor|upper }}", "cannot be printed this way"),
        ("{{ creditor|attr('__class__') }}", "takes no arguments"),
        ("{{ amount|amount('x') }}", "takes no arguments"),
        ("{{ amount|amount|amount }}", "must follow a variable directly"),
        ("{{ amount }}", "cannot be printed this way"),
        ("{{ due_on|amount }}", "cannot be printed this way"),
        ("{{ self }}", "the variable self is not declared"),
        ("{{ nobody }}", "the variable nobody is not declared"),
        ("{% if nobody %}x{% endif %}", "the variable nobody is not declared"),
        ("{{ agent }}", "agent is optional and may be missing here"),
        ("{% if note %}{{ agent }}{% endif %}", "agent is optional"),
        ("{% if agent or note %}{{ agent }}{% endif %}", "agent is optional"),
        ("{% if agent %}x{% else %}{{ agent }}{% endif %}", "agent is optional"),
        ("{% if creditor %}x{% endif %}", "creditor is required, so this condition always holds"),
        ("{{ creditor", "this is not a template"),
        ("{% if agent %}", "this is not a template"),
        ("{% raw %}x", "this is not a template"),
        ("{% do creditor %}", "this is not a template"),
        ("{{ " + "(" * 4000 + "creditor" + ")" * 4000 + " }}", "too deep"),
        ("{{ " + "9" * 6000 + " }}", "too deep or too long"),
        ("{{ creditor }}" * (PRINTS_MAX + 1), "values are printed"),
        ("{% if agent %}" * (DEPTH_MAX + 1) + "x" + "{% endif %}" * (DEPTH_MAX + 1), "nested more than"),
    ],
)
def test_language_refuses_everything_else(source: str, reason: str) -> None:
    """No template can call, look inside, loop, compute, include or print what may be missing, and each is told why."""
    assert any(reason in message for message in faults(source)), faults(source)


def test_faults_name_line_and_hint() -> None:
    """A fault says on which line of the file it is, counted from where the text begins."""
    (fault,) = check_grammar("en/x.sms.j2", "Hello\n\n{{ nobody }}", 12, VARIABLES).faults
    assert str(fault).startswith("en/x.sms.j2:14: the variable nobody is not declared. Declare it")


def test_every_fault_is_reported_at_once() -> None:
    """An author mends a file once, not once per fault."""
    assert len(faults("{{ nobody }} {{ amount }} {{ creditor.x }} {% for c in creditor %}{% endfor %}")) == 4


LANGUAGE = "if endif else elif for in is not raw endraw set creditor agent |amount"
FRAGMENTS = st.sampled_from(
    ["{{", "}}", "{%", "%}", "{#", "#}", *"()[].'\"~*9-\n:,\\", *(f" {word} " for word in LANGUAGE.split())]
)


@given(st.lists(st.one_of(FRAGMENTS, st.text(max_size=3)), max_size=60).map("".join))
def test_grammar_never_raises(source: str) -> None:
    """Whatever is in a file, the answer is a list of faults and never a crash."""
    check_grammar("en/x.sms.j2", source, 1, VARIABLES)
