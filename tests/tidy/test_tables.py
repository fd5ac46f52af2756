"""What has a table is in the table: log fields, labels of metrics, codes of problems, adapters, settings."""

import ast
from collections.abc import Iterator
from importlib.metadata import entry_points

from config.variables import VARIABLES
from gateway.http.problems import PROBLEMS
from gateway.logs import EVENT_NAME, FIELDS
from tests.contract.test_adapters import RIGS
from tests.tidy.source import ROOT, Module, listed, product

LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
# What a metric may be told apart by: closed sets and configured names. An id would be a time series a contact.
LABELS = {"account", "channel", "code", "meaning", "method", "route", "state", "status", "verdict"}


def calls(module: Module) -> Iterator[tuple[str, str, ast.Call]]:
    """Every call as (what it is called on, its name, the call)."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield ast.unparse(node.func.value), node.func.attr, node
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield "", node.func.id, node


def test_every_log_line_says_only_what_it_may():
    """A field off the list would be dropped when it is needed most, and counted as a fault of ours."""
    offences = []
    for module in product():
        for on, name, call in calls(module):
            logs = on.rpartition(".")[2] in {"log", "_log", "logger"} and name in LEVELS
            if not logs and name != "get_logger":
                continue
            given = {word.arg for word in call.keywords if word.arg is not None} - {"exc_info"}
            offences += [f"{module.where}:{call.lineno} logs {field!r}" for field in sorted(given - FIELDS)]
            event = ast.literal_eval(call.args[0]) if logs and isinstance(call.args[0], ast.Constant) else ""
            if logs and not EVENT_NAME.fullmatch(event):
                offences.append(f"{module.where}:{call.lineno} needs the event's name as a plain word")
    assert not offences, listed(offences)


def test_no_metric_is_told_apart_by_a_person_or_an_id():
    """Labels come from closed sets, so that figures stay few and name nobody."""
    offences = [
        f"{module.where}:{call.lineno} has the label {label!r}"
        for module in product()
        for _, name, call in calls(module)
        if name in {"Counter", "Gauge", "Histogram"}
        for given in [*call.args[2:3], *(word.value for word in call.keywords if word.arg == "labelnames")]
        for label in ast.literal_eval(given)
        if label not in LABELS
    ]
    assert not offences, listed(offences)


def test_every_refusal_is_in_the_table_of_problems():
    """A code without a row has no status, no title and no advice."""
    used = {
        (f"{module.where}:{call.lineno}", ast.literal_eval(word.value))
        for module in product()
        for _, name, call in calls(module)
        if name == "Refusal" and module.name.startswith("gateway.http.")
        for word in call.keywords
        if word.arg == "code" and isinstance(word.value, ast.Constant)
    }
    assert used
    offences = [f"{where} refuses with {code!r}" for where, code in sorted(used) if code not in PROBLEMS]
    assert not offences, listed(offences)


def test_every_adapter_that_ships_passes_the_conformance_kit():
    """An adapter is installed by its entry point; each has a counterpart in tests/contract/test_adapters.py."""
    ours = {point.name for point in entry_points(group="forbear.channels") if is_ours(point.value)}
    assert ours == set(RIGS)


def is_ours(target: str) -> bool:
    """Whether an entry point leads into this repository; others may be installed beside us."""
    return (ROOT / (target.partition(":")[0].replace(".", "/") + ".py")).exists()


def test_every_setting_is_in_the_example_file():
    """Who looks for a setting finds it, with its default, in config/example.env."""
    written = (ROOT / "config" / "example.env").read_text("utf-8")
    assert not [variable.name for variable in VARIABLES if f"#{variable.name}=" not in written]
