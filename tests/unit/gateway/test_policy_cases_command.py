"""`forbear policy test`: a line for each case, the whole decision on request, and an exit code for machines."""

from pathlib import Path

import msgspec
from typer.testing import CliRunner

from gateway.commands.policy import app

CASE = """\
cases:
  - id: at-nine
    citation: 12 CFR 1006.6(b)(1)(i)
    packs: [US-FED-REGF]
    at: 2026-01-20T21:00 America/New_York
    expect: {verdict: VERDICT}
"""


def run(folder: Path, text: str, *options: str) -> tuple[int, str]:
    """Run the command on one file; give its exit code and all that it said."""
    file = folder / "cases.yaml"
    file.write_text(text, "utf-8")
    result = CliRunner().invoke(app, ["test", str(file), *options])
    return result.exit_code, result.output


def test_a_passing_case_is_a_line(tmp_path: Path) -> None:
    """The case's name, and how many there were."""
    assert run(tmp_path, CASE.replace("VERDICT", "defer")) == (0, "pass  at-nine\n1 case, 0 missed.\n")


def test_a_miss_says_what_was_found_and_fails(tmp_path: Path) -> None:
    """The line of the case, what was expected and what came out; exit 1."""
    code, said = run(tmp_path, CASE.replace("VERDICT", "allow"))
    assert code == 1
    assert "MISS  at-nine" in said
    assert "cases.yaml:2)" in said
    assert "verdict: expected allow, found defer" in said


def test_json_holds_the_whole_decision(tmp_path: Path) -> None:
    """One object a line, with every rule's answer and its sentence."""
    code, said = run(tmp_path, CASE.replace("VERDICT", "defer"), "--json")
    told = msgspec.json.decode(said)
    assert (code, told["case"], told["passed"], told["decision"]["verdict"]) == (0, "at-nine", True, "defer")
    assert told["decision"]["until"] == "2026-01-21T13:00:00Z"
    assert told["rules"]["US-FED-REGF.hours"].startswith("It is outside the permitted hours")


def test_a_faulty_file_is_refused_with_its_lines(tmp_path: Path) -> None:
    """No traceback: the file, the line, what is wrong and what to do."""
    code, said = run(tmp_path, CASE.replace("packs", "pakcs"))
    assert code == 1
    assert "unknown field `pakcs`" in said
    code, said = run(tmp_path, "a: [")
    assert code == 1
    assert "is no case file" in said


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    """It is not an empty success."""
    result = CliRunner().invoke(app, ["test", str(tmp_path / "none.yaml")])
    assert result.exit_code == 1
    assert "cannot be read" in result.output
