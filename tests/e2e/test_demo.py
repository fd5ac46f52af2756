"""`make demo`: what a newcomer sees in the first minutes."""

import json
import re
import subprocess
from collections.abc import Iterator

import pytest

from tests.demo_rig import COMMAND, ROOT, Demo, environment_of, free_port, running_demo

HEADINGS = {"# allowed now:": "allow", "# deferred:": "defer", "# denied:": "deny"}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with running_demo(tmp_path_factory.mktemp("demo")) as running:
        yield running


def test_make_demo_is_forbear_demo():
    """The one command of the README runs what is tested here."""
    told = subprocess.run(["make", "-n", "demo"], cwd=ROOT, capture_output=True, text=True, check=True)
    # Under `make test` a make within make also says where it enters and leaves.
    assert any(line.endswith("/forbear demo") for line in told.stdout.splitlines())


def test_the_printed_lines_do_as_they_say(demo):
    """Pasted into a shell, the three requests are allowed, deferred and denied, whatever the hour is."""
    lines = demo.said.splitlines()
    verdicts = {}
    for heading, verdict in HEADINGS.items():
        (place,) = [number for number, line in enumerate(lines) if line.startswith(heading)]
        told = subprocess.run(["sh", "-c", lines[place + 1]], capture_output=True, text=True, check=True)
        verdicts[verdict] = json.loads(told.stdout)["decision"]["verdict"]
    assert verdicts == {verdict: verdict for verdict in HEADINGS.values()}


def test_the_printed_links_open(demo):
    """The handset page with its token, and the contract."""
    links = re.findall(r"http://\S+", demo.said)
    for link in links[:2]:
        told = subprocess.run(
            ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", link],
            capture_output=True,
            text=True,
            check=True,
        )
        assert told.stdout == "200", link
    assert any("/sandbox/enter?token=" in link for link in links)


def test_the_day_is_played_and_ends_cleanly(demo):
    """Requests are answered, messages arrive, Ctrl-C ends with a table and 0, and no log holds an error."""
    demo.wait_for("asked 240")
    assert demo.interrupt() == 0
    said = demo.said
    assert re.search(r"allowed +[1-9]", said)
    assert re.search(r"denied +[1-9].*HOUSE\.suppression", said, re.DOTALL)
    assert re.search(r"delivered +[1-9]", said)
    assert "not taken" not in said
    assert "Your data is in" in said
    assert demo.bad_lines() == []
    assert demo.left_running() == []


def test_ctrl_c_during_the_start_is_clean(tmp_path):
    """Pressed twice while the servers are still being made: no traceback, nothing left, and the next start works."""
    with running_demo(tmp_path, started=False) as early:
        early.wait_for("Servers:")
        assert early.interrupt(times=2) == 0
        assert "Traceback" not in early.said
        assert early.left_running() == []
    with running_demo(tmp_path) as again:
        assert again.interrupt() == 0


def test_the_demo_keeps_away_from_real_providers(tmp_path):
    """With external servers or provider accounts it refuses to invent people, and says what to do."""
    providers = {"FORBEAR_PROVIDERS_FILE": str(ROOT / "config" / "providers.yaml")}
    environment = environment_of(tmp_path, free_port()) | providers
    told = subprocess.run(COMMAND, env=environment, capture_output=True, text=True, check=False, cwd=ROOT)
    assert told.returncode == 2
    assert "FORBEAR_PROVIDERS_FILE" in told.stderr
    assert list(tmp_path.iterdir()) == []
