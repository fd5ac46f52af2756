"""`forbear doctor`: looks at everything that an installation needs and says what to do about what is wrong."""

import asyncio

import typer

from gateway.clock import SystemClock
from gateway.commands.read_settings import read_settings
from gateway.commands.screen import out, say

EXIT_ILL = 1


def doctor() -> None:
    """Look at settings, key files, database, schema, policy, seals, clocks and Redis; say what to do.

    Changes nothing. Exits with 1 when anything is wrong. What a part of the settings does not name is not looked at.
    """
    from gateway.commands.examination import examine

    settings = read_settings()
    findings = asyncio.run(examine(settings, SystemClock().now))
    for finding in findings:
        mark = "[green]ok[/green]      " if finding.well else "[red]not ok[/red]  "
        out.print(f"{mark}{finding.name:<12}", end="")
        out.print(finding.said, markup=False)
    ill = sum(not finding.well for finding in findings)
    say("", f"{ill} of {len(findings)} need attention." if ill else f"All {len(findings)} are well.")
    raise typer.Exit(EXIT_ILL if ill else 0)
