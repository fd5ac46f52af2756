"""`forbear policy test`: cases written as data, run through the rules; a line each."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from gateway.commands.read_settings import read_settings
from gateway.commands.screen import fail

if TYPE_CHECKING:
    from config.faults import Fault as DocumentFault
    from throttling.case import Case
    from throttling.case_run import CaseResult
    from throttling.faults import Fault
    from throttling.pack import Pack

EXIT_MISS = 1

Files = Annotated[
    list[Path] | None,
    typer.Argument(
        help="Case files (YAML or JSON); docs/policy-tests.md shows the form. Left out: the cases that ship."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line, with the whole decision.")]


def run_files(files: Files = None, as_json: AsJson = False) -> None:
    """Run cases against the packs of FORBEAR_POLICY_DIR (or those that ship); exit 1 if any misses.

    Nothing is sent and no database is asked.
    """
    from config.files import read_cases
    from throttling.case_run import run_cases
    from throttling.localtime import tzdb_version

    packs = load_packs()
    texts = read_cases() if files is None else {str(file): _text(file) for file in files}
    results = [
        result
        for name, text in texts.items()
        for result in run_cases(parse_file(name, text, packs), packs, tzdb=tzdb_version())
    ]
    for result in results:
        typer.echo(_as_json(result) if as_json else _line(result))
    missed = sum(not result.passed for result in results)
    if not as_json:
        count = "1 case" if len(results) == 1 else f"{len(results)} cases"
        typer.echo(f"{count}, {missed} missed.")
    if missed:
        raise typer.Exit(EXIT_MISS)


def load_packs() -> "dict[str, Pack]":
    """Every pack of the policy, by id; ends the command when one has a fault."""
    from config.documents import Document, load_document
    from gateway.commands.policy import documents_of
    from throttling.pack import Pack
    from throttling.rules import parse_pack

    packs: dict[str, Pack] = {}
    faults: list[DocumentFault | Fault] = []
    for name, text in sorted(documents_of(read_settings()).packs.items()):
        document = load_document(name, text)
        if not isinstance(document, Document):
            faults += document
            continue
        pack = parse_pack(name, document.value, document.line_of)
        if isinstance(pack, Pack):
            packs[pack.id] = pack
        else:
            faults += pack
    if faults:
        raise _refused("The packs have faults:", faults)
    return packs


def parse_file(name: str, text: str, packs: "Mapping[str, Pack]") -> "list[Case]":
    """The cases of one file; ends the command when it has a fault."""
    from config.documents import Document, load_document
    from throttling.case_file import parse_cases
    from throttling.faults import Fault

    document = load_document(name, text)
    if not isinstance(document, Document):
        raise _refused(f"{name} is no case file:", document)
    found = parse_cases(name, document.value, document.line_of, packs)
    faults = [one for one in found if isinstance(one, Fault)]
    if faults:
        raise _refused(f"{name} has faults:", faults)
    return [one for one in found if not isinstance(one, Fault)]


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{file} cannot be read: {type(error).__name__}.")
        raise typer.Exit(EXIT_MISS) from error


def _refused(
    headline: str, faults: "list[DocumentFault] | list[Fault] | list[DocumentFault | Fault]"
) -> typer.Exit:
    fail(headline, *(f"  {fault.file}:{fault.line}: {fault.message} ({fault.hint})" for fault in faults))
    return typer.Exit(EXIT_MISS)


def _line(result: "CaseResult") -> str:
    case = result.case
    if result.passed:
        return f"pass  {case.id}"
    return "\n".join(
        [f"MISS  {case.id}  ({case.file}:{case.line})", *(f"      {miss}" for miss in result.misses)]
    )


def _as_json(result: "CaseResult") -> str:
    from throttling.explain import explain, explain_decision

    decision = result.decision
    return msgspec.json.encode(
        {
            "case": result.case.id,
            "citation": result.case.citation,
            "file": result.case.file,
            "line": result.case.line,
            "passed": result.passed,
            "misses": result.misses,
            "decision": decision,
            "explanation": None if decision is None else explain_decision(decision),
            "rules": {} if decision is None else {answer.rule: explain(answer) for answer in decision.rules},
        }
    ).decode()
