"""Files and functions stay small, say what they are for, and hold no leftovers."""

import ast
import re

from tests.tidy.source import ROOT, Module, functions, listed, product, suite, tracked_files

FILE_LINES, FUNCTION_LINES = 300, 50
TEST_FILE_LINES, TEST_FUNCTION_LINES = 600, 80


def too_long_files(modules: tuple[Module, ...], limit: int) -> list[str]:
    sizes = ((module.where, len(module.text.splitlines())) for module in modules)
    return [f"{where}: {lines} lines, at most {limit}" for where, lines in sizes if lines > limit]


def too_long_functions(modules: tuple[Module, ...], limit: int) -> list[str]:
    return [
        f"{module.where}:{node.lineno} {node.name}: {lines} lines, at most {limit}"
        for module in modules
        for node in functions(module)
        if (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > limit
    ]


def test_files_are_small():
    """A file over the limit holds two nouns: give the second its own file."""
    offences = too_long_files(product(), FILE_LINES) + too_long_files(suite(), TEST_FILE_LINES)
    assert not offences, listed(offences)


def test_functions_are_short():
    """A function over the limit tells two stories: name its steps, and keep the branches in the parent."""
    offences = too_long_functions(product(), FUNCTION_LINES) + too_long_functions(
        suite(), TEST_FUNCTION_LINES
    )
    assert not offences, listed(offences)


def test_every_module_says_what_it_is_for():
    """One sentence on top makes the folder listing a map. (A package without content may be silent.)"""
    offences = [
        module.where
        for module in product() + suite()
        if module.text.strip() and ast.get_docstring(module.tree) is None
    ]
    assert not offences, listed(offences)


def test_every_test_states_a_fact():
    """The docstring of a test is a sentence about the product; without one nobody knows what a failure means."""
    offences = [
        f"{module.where}:{node.lineno} {node.name}"
        for module in suite()
        for node in functions(module)
        if node.name.startswith("test_") and ast.get_docstring(node) is None
    ]
    assert not offences, listed(offences)


def test_no_test_is_skipped_or_expected_to_fail():
    """A test that may be left out proves nothing: make it run everywhere, or delete it."""
    banned = {"skip", "skipif", "xfail", "importorskip"}
    offences = [
        f"{module.where}:{node.lineno} uses pytest {node.attr}"
        for module in suite()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and node.attr in banned and "pytest" in ast.unparse(node.value)
    ]
    assert not offences, listed(offences)


# Words with a better one, from docs/glossary.md and the house rules. Matched in code, comments and names.
BANNED_WORDS = {
    r"\b(TODO|FIXME|XXX|HACK)\b": "finish it, or write an issue",
    r"\bblack_?list|\bwhite_?list": "say suppression, or allow-list",
    r"\bsanity\b": "say what is checked",
    r"\bdummy\b": "say what it stands for",
    r"\bpylint:": "ruff is the linter here",
    r"type: ignore(?!\[)": "name the code in brackets",
}
BANNED_NAMES = re.compile(r"(^|_)(utils?|helpers?|managers?|misc|common|core|stuff)$")


def test_words_are_the_glossarys():
    """One meaning per word, and no leftovers."""
    offences = [
        f"{module.where}:{number} has {match.group()!r}: {advice}"
        for module in product() + suite()
        if module.path.name != "test_shape.py"
        for number, line in enumerate(module.text.splitlines(), 1)
        for pattern, advice in BANNED_WORDS.items()
        if (match := re.search(pattern, line))
    ]
    assert not offences, listed(offences)


def test_no_module_is_a_drawer():
    """A module called utils collects what nobody has placed: name the noun it is about."""
    offences = [module.where for module in product() if BANNED_NAMES.search(module.path.stem)]
    assert not offences, listed(offences)


# --- what may not be in any file of the repository ------------------------------------------------------------------

# Written in pieces, so that this file is no offence itself.
MACHINE = re.compile("|".join(["/" + "work/", "/" + "root/", "/" + "farm/", r"(?<![a-z])\." + "library"]))
REGISTRY = re.compile(
    "|".join([r"py" + r"pi\.org", "files.python" + "hosted", r"npm" + r"js\.(org|com)", "opt/" + "pypi"])
)
TEXT_MAX_BYTES = 5_000_000


def test_no_file_names_this_machine_or_a_registry():
    """A path of one machine works on no other; a registry's address ties every reader to it."""
    offences = []
    for path in tracked_files():
        if path.stat().st_size > TEXT_MAX_BYTES:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        for pattern in (MACHINE, REGISTRY):
            offences += [
                f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, found.start()) + 1} has {found.group()!r}"
                for found in pattern.finditer(text)
            ]
    assert not offences, listed(offences)


def test_the_locks_hold_no_address():
    """`uv pip compile --no-header --no-annotate` writes none (make lock); a lock with one is tied to a registry."""
    for name in ("requirements.lock", "requirements-dev.lock"):
        assert "://" not in (ROOT / name).read_text(), name


def test_every_locked_package_has_a_hash():
    """pip then refuses whatever differs from what was tested."""
    for name in ("requirements.lock", "requirements-dev.lock"):
        blocks = re.split(r"\n(?=\S)", (ROOT / name).read_text().strip())
        assert [block for block in blocks if "==" not in block or "--hash=sha256:" not in block] == []


def test_both_sources_of_time_zones_are_of_one_release():
    """pytz checks zoneinfo in tests; of two releases they would differ for a reason."""
    lock = (ROOT / "requirements.lock").read_text()
    release = {name: re.search(rf"^{name}==(\S+)", lock, re.MULTILINE)[1] for name in ("tzdata", "pytz")}
    assert release["tzdata"] == release["pytz"], release
