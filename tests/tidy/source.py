"""The source as the tidy tests see it: which files there are, and what stands in them."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("gateway", "channels", "templates_sms", "throttling", "audit", "config")


class Module(msgspec.Struct, frozen=True, kw_only=True):
    """One Python file: its dotted name, its path from the root, its text and its tree."""

    name: str
    path: Path
    text: str
    tree: ast.Module

    @property
    def where(self) -> str:
        """The path as it is shown in a message."""
        return str(self.path)


@cache
def product() -> tuple[Module, ...]:
    """Every module of the six packages."""
    return tuple(read(path) for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")))


@cache
def suite() -> tuple[Module, ...]:
    """Every Python file of the tests."""
    return tuple(read(path) for path in sorted((ROOT / "tests").rglob("*.py")))


def read(path: Path) -> Module:
    relative = path.relative_to(ROOT)
    name = ".".join(relative.with_suffix("").parts).removesuffix(".__init__")
    text = path.read_text(encoding="utf-8")
    return Module(name=name, path=relative, text=text, tree=ast.parse(text))


@cache
def tracked_files() -> tuple[Path, ...]:
    """Every file that is, or is about to be, in the repository; a checkout without git is taken whole."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    return tuple(
        ROOT / name for name in sorted(listing.decode().split("\0")) if name and (ROOT / name).is_file()
    )


def functions(module: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method of a module."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def imports(module: Module) -> Iterator[tuple[str, int]]:
    """Every absolute import of a module as (dotted name, line)."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module, node.lineno


def listed(offences: list[str]) -> str:
    """Offences, a line each, for an assertion's message."""
    return "\n  " + "\n  ".join(offences)
