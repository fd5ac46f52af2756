"""The documents lead somewhere: every link and every file that they name is there, and every page can be found."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.tidy.source import ROOT, listed, product, tracked_files
from throttling.kinds import KINDS

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*\.(py|sql|md|yaml|lua|j2|env|toml|lock|css|js)")
FOLDER = re.compile(r"[a-z0-9_.-]+(/[a-z0-9_.-]+)*/")
ENTRANCES = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")
# Names in examples: files that a reader makes, not files of ours.
OF_THE_READER = re.compile(r"(^|/)(FILE|MINE|my_|example|acme)", re.IGNORECASE)


def pages() -> list[Path]:
    """Every page of the documents."""
    return [path for path in tracked_files() if path.suffix == ".md"]


def prose(page: Path) -> str:
    """A page without its blocks of code, which show what a reader writes."""
    return FENCE.sub("", page.read_text("utf-8"))


def links(page: Path) -> Iterator[Path]:
    """The files that a page links to."""
    for target in LINK.findall(prose(page)):
        path = target.partition("#")[0]
        if path and not re.match(r"[a-z]+:", path):
            yield (page.parent / path).resolve()


def test_every_link_leads_to_a_file():
    """A link to a page that moved is worse than none."""
    offences = [
        f"{page.relative_to(ROOT)} links to {target.relative_to(ROOT)}"
        for page in pages()
        for target in links(page)
        if not target.exists()
    ]
    assert not offences, listed(offences)


def test_every_file_that_is_named_exists():
    """A document may leave out the first folders of a path (`hand_off.py`, `http/`), but the file is there."""
    known = {str(path.relative_to(ROOT)) for path in tracked_files()}
    folders = {f"{parent}/" for name in known for parent in Path(name).parents if str(parent) != "."}
    offences = [
        f"{page.relative_to(ROOT)} names {name}"
        for page in pages()
        for name in CODE.findall(prose(page))
        if (FILE.fullmatch(name) or FOLDER.fullmatch(name)) and not OF_THE_READER.search(name)
        if not any(path == name or path.endswith(f"/{name}") for path in known | folders)
    ]
    assert not offences, listed(offences)


def test_every_folder_of_the_gateway_is_on_the_map():
    """ARCHITECTURE.md says what each is for, so that a newcomer knows which door to open."""
    named = set(CODE.findall((ROOT / "ARCHITECTURE.md").read_text("utf-8")))
    folders = {f"{path.parent.name}/" for path in (ROOT / "gateway").glob("*/__init__.py")}
    assert folders <= named, listed(sorted(folders - named))


def test_every_page_can_be_found():
    """From the pages at the root a reader comes to every other: by a link, by its path, or by its folder's."""
    found = {ROOT / name for name in ENTRANCES if (ROOT / name).is_file()}
    left = list(found)
    while left:
        page = left.pop()
        linked, named = set(links(page)), set(CODE.findall(page.read_text("utf-8")))
        new = {
            other
            for other in pages()
            if linked & {other, other.parent}
            or named & {str(other.relative_to(ROOT)), f"{other.parent.relative_to(ROOT)}/"}
        } - found
        found |= new
        left += new
    lost = [str(page.relative_to(ROOT)) for page in pages() if page not in found]
    assert not lost, listed(lost)


def test_what_the_code_cites_of_the_documents_exists():
    """A comment that sends its reader to a page or a decision sends them to one that is there."""
    offences = []
    for module in product():
        for name in re.findall(r"docs/[A-Za-z0-9_./-]*[A-Za-z0-9_]", module.text):
            beginning = ROOT / name
            if not beginning.exists() and not list(beginning.parent.glob(f"{beginning.name}[-.]*")):
                offences.append(f"{module.where} names {name}")
    assert not offences, listed(offences)


def test_every_kind_of_rule_is_explained():
    """docs/rules.md has each kind and each of its parameters, so that a pack can be written without the source."""
    page = (ROOT / "docs" / "rules.md").read_text("utf-8")
    words = {word for kind in KINDS.values() for word in (kind.name, *kind.params.__struct_fields__)}
    assert not [word for word in sorted(words) if f"`{word}`" not in page]


def test_decisions_are_numbered_without_a_gap():
    """docs/adr/0001 to the newest, each once: a number is a name that others cite."""
    numbers = sorted(int(path.name[:4]) for path in (ROOT / "docs" / "adr").glob("[0-9]*.md"))
    assert numbers == list(range(1, len(numbers) + 1))
