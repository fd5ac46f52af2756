"""The README does what it says: its commands and snippets are run against a demo, in order, in one shell."""

import re
import subprocess
from pathlib import Path

from tests.demo_rig import ROOT, Block, Demo, blocks_of, running_demo

README = ROOT / "README.md"
END = "--- end of block ---"


def as_tested(text: str, demo: Demo, folder: Path) -> str:
    """The same commands against this demo: its port, its folder, the packages of this run."""
    venv = demo.environment["PATH"].partition(":")[0]
    return (
        text.replace("127.0.0.1:8080", f"127.0.0.1:{demo.port}")
        .replace(".forbear/", f"{demo.data}/")
        .replace(".venv/bin/python", f"{venv}/python")
        .replace(".venv/bin/forbear", f"{venv}/python -m gateway.cli")
        .replace("day.ndjson", str(folder / "day.ndjson"))
    )


def as_shell(block: Block, folder: Path) -> str:
    if block.language == "sh":
        return block.code
    script = folder / "snippet.py"
    script.write_text(block.code)
    return f"python {script}\n"


def test_every_marked_block_shows_what_it_promises(tmp_path):
    """A newcomer who pastes the tour from top to bottom sees what the text beside it says."""
    blocks = blocks_of(README)
    assert len(blocks) > 8
    with running_demo(tmp_path) as demo:
        script = f"echo '{END}'\n".join(
            as_shell(
                Block(language=each.language, code=as_tested(each.code, demo, tmp_path), shows=""), tmp_path
            )
            for each in blocks
        )
        told = subprocess.run(
            ["bash", "-u", "-c", script],
            cwd=ROOT,
            env=demo.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )
        assert demo.bad_lines() == []
    outputs = told.stdout.split(END)
    assert len(outputs) == len(blocks)
    for block, output in zip(blocks, outputs, strict=True):
        assert block.shows in re.sub(r"[ \t]+", " ", output), (block.code, output, told.stderr)
    assert "Traceback" not in told.stderr


def test_every_link_leads_somewhere():
    """What the README points to is there."""
    links = re.findall(r"\]\(([^)#:]+)\)", README.read_text())
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_shell_block_is_run_or_is_the_first():
    """Only `make demo` itself stands outside the tour; tests/e2e/test_demo.py has it."""
    shown = re.findall(r"```(?:sh|python)\n", README.read_text())
    assert len(shown) == len(blocks_of(README)) + 1
