"""What a person at a terminal reads. Log lines are another matter and go elsewhere."""

import sys

from rich.console import Console

PIPED_WIDTH = 200  # into a pipe or a file a table is not squeezed: who reads it there needs whole ids

out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else PIPED_WIDTH)
err = Console(highlight=False, soft_wrap=True, stderr=True)


def say(*lines: str) -> None:
    """Print lines, with rich's markup."""
    for line in lines:
        out.print(line)


def fail(headline: str, *lines: str) -> None:
    """Print what went wrong; lines are printed as they are, since they may hold brackets."""
    err.print(headline, style="bold red", markup=False)
    for line in lines:
        err.print(line, markup=False)
