"""Whether a caller's variables fit a template, fault by fault, for the answer and again before rendering."""

from collections.abc import Mapping

from msgspec import Struct

from templates_sms.template import Template
from templates_sms.variables import SPELLINGS, VariableKind


class VariableFault(Struct, frozen=True, kw_only=True):
    """One variable that does not fit. It names the variable and never quotes its value.

    `code` is one of `missing`, `unknown`, `empty`, `too-long`, `control-character`, `wrong-format`.
    """

    name: str
    code: str
    message: str
    hint: str

    @property
    def pointer(self) -> str:
        """The place in the variables object as a JSON pointer (RFC 6901), such as `/amount`."""
        return "/" + self.name.replace("~", "~0").replace("/", "~1")


def check_variables(template: Template, variables: Mapping[str, str]) -> list[VariableFault]:
    """Every way in which the variables do not fit the template; empty if they do.

    Args:
        template: the text to be filled.
        variables: the caller's values, each in the spelling of its kind (`120.00 USD`, `2026-03-14`, `+12025550143`).
    """
    faults = []
    seen = 0
    for declared in template.variables:
        value = variables.get(declared.name)
        if value is None:
            if not declared.optional:
                faults.append(_fault(declared.name, declared.kind, "missing", "is missing"))
            continue
        seen += 1
        wrong = _wrong(declared.kind, value)
        if wrong is not None:
            faults.append(_fault(declared.name, declared.kind, *wrong))
    if seen != len(variables):
        faults += _unknown(template, variables)
    return faults


def _wrong(kind: VariableKind, value: str) -> tuple[str, str] | None:
    spelling = SPELLINGS[kind]
    if not value or value.isspace():
        return "empty", "is empty; leave an optional variable out instead"
    if len(value) > spelling.length_max:
        return "too-long", f"has more than {spelling.length_max} characters"
    # Line breaks would make new lines, or headers, in a message; bidirectional controls would make it read otherwise.
    if not value.isprintable():
        return "control-character", "holds a line break, a control or an invisible character"
    return None if spelling.fits(value) else ("wrong-format", f"is no {kind}")


def _fault(name: str, kind: VariableKind, code: str, message: str) -> VariableFault:
    return VariableFault(
        name=name, code=code, message=f"{name} {message}", hint=f"Send {SPELLINGS[kind].hint}"
    )


def _unknown(template: Template, variables: Mapping[str, str]) -> list[VariableFault]:
    names = [declared.name for declared in template.variables]
    hint = f"{template.name} for {template.channel} takes {', '.join(names) or 'no variables'}"
    return [
        VariableFault(name=name, code="unknown", message="the template has no such variable", hint=hint)
        for name in sorted(variables.keys() - set(names))
    ]
