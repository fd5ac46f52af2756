"""Writes config/example.env from the table of variables: `python -m config.example > config/example.env`."""

import sys
import textwrap

from config.variables import VARIABLES, Variable

HEAD = """\
# Every setting of Forbear, with its default. Copy this file, remove the leading "#" of what you change.
# Written by `python -m config.example` from config/variables.py; a test compares the two.
"""
WIDTH = 110


def render_example() -> str:
    """The whole example file."""
    return HEAD + "".join(f"\n{paragraph(variable)}" for variable in VARIABLES)


def paragraph(variable: Variable) -> str:
    """One variable with what it means; it is commented out, so that copying the file changes nothing."""
    meaning = textwrap.wrap(variable.help, WIDTH - 2)
    return "".join(f"# {line}\n" for line in meaning) + f"#{variable.name}={variable.default or ''}\n"


if __name__ == "__main__":
    sys.stdout.write(render_example())
