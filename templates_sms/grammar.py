"""The restricted template language: literal text, declared variables through listed filters, and `if` on optional ones.

Jinja parses; what it parsed is then checked node by node, and anything not named here is refused. The sandbox of
Jinja is not relied on: it bounds neither time nor memory, and has been escaped (CVE-2024-56201, CVE-2025-27516).
With no calls, attributes, loops, arithmetic or constants there is nothing to escape with, and the size of the result
is bounded by the file's size plus the longest value of each print.
"""

from collections.abc import Mapping

from jinja2 import Environment, StrictUndefined, TemplateSyntaxError, nodes
from msgspec import Struct

from templates_sms.fault import Fault
from templates_sms.formats import FILTERS
from templates_sms.variables import Variable

PRINTS_MAX = 64
DEPTH_MAX = 4

_LANGUAGE = "Use text, {{ variable }}, {{ variable|filter }} and {% if variable %} … {% endif %} only"
_REFUSED: tuple[tuple[type[nodes.Node], str], ...] = (
    (nodes.Call, "calls"),
    (nodes.Getattr, "attributes"),
    (nodes.Getitem, "subscripts"),
    (nodes.For, "loops"),
    (nodes.Compare, "comparisons"),
    (nodes.Test, "tests"),
    (nodes.Concat, "joining expressions"),
    (nodes.BinExpr, "arithmetic"),
    (nodes.UnaryExpr, "arithmetic"),
    (nodes.CondExpr, "inline conditions"),
    (nodes.Literal, "constants"),
    (nodes.Include, "includes"),
    (nodes.Import, "imports"),
    (nodes.FromImport, "imports"),
    (nodes.Extends, "inheritance"),
    (nodes.Block, "blocks"),
    (nodes.Macro, "macros"),
    (nodes.CallBlock, "macros"),
    (nodes.Assign, "assignments"),
    (nodes.AssignBlock, "assignments"),
    (nodes.With, "assignments"),
    (nodes.FilterBlock, "filter blocks"),
)


class Grammar(Struct, frozen=True, kw_only=True):
    """What a text turned out to be: its faults, the variables it uses, and the words it says in any case."""

    faults: tuple[Fault, ...]
    used: frozenset[str]
    literal: str  # all literal text
    always: str  # literal text outside every `if`, one blank for each value or condition


def environment() -> Environment:
    """A Jinja environment with nothing in it but the syntax: no globals, filters, tests or extensions."""
    made = Environment(
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - texts are plain; html_part escapes the finished text whole
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.clear()
    made.filters.clear()
    made.tests.clear()
    return made


_SYNTAX = environment()


def check_grammar(file: str, source: str, first_line: int, variables: Mapping[str, Variable]) -> Grammar:
    """Read one text of a template against the restricted language. Never raises, and reports every fault it finds.

    Args:
        file: the file's name, for the faults.
        source: the text.
        first_line: the line of the file on which the text begins.
        variables: the declared variables by name.
    """
    walk = _Walk(file, first_line, variables)
    try:
        tree = _SYNTAX.parse(source)
    except TemplateSyntaxError as error:
        walk.fault(error.lineno, f"this is not a template: {error.message or 'syntax error'}")
    except (RecursionError, ValueError, OverflowError):  # ((((…, or a number too long for an int
        walk.fault(1, "an expression is far too deep or too long")
    else:
        walk.body(tree.body, known=frozenset(), depth=0)
    if walk.prints > PRINTS_MAX:
        walk.fault(1, f"{walk.prints} values are printed; {PRINTS_MAX} at most")
    return Grammar(
        faults=tuple(walk.faults),
        used=frozenset(walk.used),
        literal=" ".join(walk.literal),
        always="".join(walk.always),
    )


class _Walk:
    """One walk over a parse tree, collecting as it goes."""

    def __init__(self, file: str, first_line: int, variables: Mapping[str, Variable]) -> None:
        self.file = file
        self.first_line = first_line
        self.variables = variables
        self.faults: list[Fault] = []
        self.used: set[str] = set()
        self.literal: list[str] = []
        self.always: list[str] = []
        self.prints = 0

    def fault(self, line: int, message: str, hint: str = _LANGUAGE) -> None:
        self.faults.append(Fault(file=self.file, line=self.first_line + line - 1, message=message, hint=hint))

    def refuse(self, node: nodes.Node) -> None:
        what = next(
            (words for kind, words in _REFUSED if isinstance(node, kind)), f"{type(node).__name__} nodes"
        )
        self.fault(node.lineno, f"{what} are not allowed in a template")

    def body(self, body: list[nodes.Node], *, known: frozenset[str], depth: int) -> None:
        for node in body:
            match node:
                case nodes.Output():
                    for part in node.nodes:
                        self.output(part, known=known, depth=depth)
                case nodes.If():
                    self.always.append(" ")
                    self.condition(node, known=known, depth=depth + 1)
                case _:
                    self.refuse(node)

    def output(self, part: nodes.Node, *, known: frozenset[str], depth: int) -> None:
        if isinstance(part, nodes.TemplateData):
            self.literal.append(part.data)
            if depth == 0:
                self.always.append(part.data)
            return
        self.prints += 1
        self.always.append(" ")
        plain = isinstance(part, nodes.Filter) and not (
            part.args or part.kwargs or part.dyn_args or part.dyn_kwargs
        )
        inner = part.node if isinstance(part, nodes.Filter) else part
        if isinstance(part, nodes.Filter) and not (plain and isinstance(inner, nodes.Name)):
            self.fault(
                part.lineno, f"the filter {part.name} must follow a variable directly and takes no arguments"
            )
        elif not isinstance(inner, nodes.Name):
            self.refuse(part)
        else:
            self.printed(inner, part.name if isinstance(part, nodes.Filter) else None, known)

    def printed(self, node: nodes.Name, chosen: str | None, known: frozenset[str]) -> None:
        variable = self.declared(node)
        if variable is None:
            return
        name, kind = variable.name, variable.kind
        if chosen not in FILTERS[kind]:
            wanted = " or ".join(
                f"{{{{ {name}|{one} }}}}" if one else f"{{{{ {name} }}}}"
                for one in sorted(FILTERS[kind], key=str)
            )
            self.fault(
                node.lineno, f"{name} is of type {kind} and cannot be printed this way", f"Write {wanted}"
            )
        if variable.optional and name not in known:
            message = f"{name} is optional and may be missing here"
            self.fault(node.lineno, message, f"Print it inside {{% if {name} %}} … {{% endif %}}")

    def declared(self, node: nodes.Name) -> Variable | None:
        self.used.add(node.name)
        if node.name not in self.variables:
            hint = "Declare it under [variables] in the header, or correct its spelling"
            self.fault(node.lineno, f"the variable {node.name} is not declared", hint)
        return self.variables.get(node.name)

    def condition(self, node: nodes.If, *, known: frozenset[str], depth: int) -> None:
        if depth > DEPTH_MAX:
            self.fault(
                node.lineno, f"conditions are nested more than {DEPTH_MAX} deep", "Make two templates of it"
            )
            return
        for branch in (node, *node.elif_):
            if_true, if_false = self.test(branch.test)
            self.body(branch.body, known=known | if_true, depth=depth)
            known |= if_false
        self.body(node.else_, known=known, depth=depth)

    def test(self, node: nodes.Node) -> tuple[frozenset[str], frozenset[str]]:
        """Which optional variables are surely there when the test holds, and which when it does not."""
        match node:
            case nodes.Name():
                variable = self.declared(node)
                if variable is not None and not variable.optional:
                    message = f"{variable.name} is required, so this condition always holds"
                    self.fault(
                        node.lineno,
                        message,
                        f'Declare it optional ("{variable.kind}?") or drop the condition',
                    )
                return frozenset({node.name}), frozenset()
            case nodes.Not():
                if_true, if_false = self.test(node.node)
                return if_false, if_true
            case nodes.And():
                (left, not_left), (right, not_right) = self.test(node.left), self.test(node.right)
                return left | right, not_left & not_right
            case nodes.Or():
                (left, not_left), (right, not_right) = self.test(node.left), self.test(node.right)
                return left & right, not_left | not_right
            case _:
                self.refuse(node)
                return frozenset(), frozenset()
