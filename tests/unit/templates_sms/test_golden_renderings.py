"""Every starter text as a person reads or hears it, kept as files, so that a change of wording shows in the diff.

Run this file to write them anew after a deliberate change, then read the diff as a borrower would.
"""

from collections.abc import Mapping
from pathlib import Path

import pytest

from templates_sms.catalogue import Catalogue, build_catalogue, read_catalogue_files
from templates_sms.render import RenderFault, render
from templates_sms.rendered import Rendered, RenderedEmail, RenderedPush, RenderedSms, RenderedVoice
from templates_sms.segments import split_segments
from templates_sms.template import Template
from templates_sms.wording import check_rendered

FOLDER = Path(__file__).parents[2] / "cases" / "renderings"
SAMPLE = {
    "agent": "Sam Lee",
    "amount": "1234.50 USD",
    "borrower": "Ana Diaz",
    "creditor": "Example Lending",
    "due_on": "2026-03-14",
    "first_on": "2026-04-01",
    "help_phone": "+12025550143",
    "help_url": "https://example.com/help",
    "paid_on": "2026-03-02",
    "pay_url": "https://pay.example.com/p/7Q2K",
    "plan_amount": "205.75 USD",
    "plan_count": "6",
    "plan_url": "https://pay.example.com/plan/7Q2K",
}
BUILT = build_catalogue(read_catalogue_files())
assert isinstance(BUILT, Catalogue)
TEMPLATES: Mapping[str, Template] = {
    f"{one.locale}/{one.name}.{one.channel}.txt": one for one in BUILT.templates.values()
}


def shown(rendered: Rendered) -> str:
    """A finished text laid out for a reviewer."""
    match rendered:
        case RenderedSms():
            cut = split_segments(rendered.text)
            return f"[{len(cut.parts)} x {cut.encoding}]\n{rendered.text}\n"
        case RenderedEmail():
            return f"Subject: {rendered.subject}\n\n{rendered.text}\n"
        case RenderedVoice():
            menu = ", ".join(f"{digit} = {meaning}" for digit, meaning in rendered.digits)
            return f"[person]\n{rendered.script}\n\n[machine]\n{rendered.voicemail}\n\n[digits] {menu}\n"
        case RenderedPush():
            return f"[locked]\n{rendered.title}\n{rendered.lock_screen}\n\n[unlocked]\n{rendered.body}\n"


def golden(template: Template) -> str:
    """The text with every variable, and once more without the optional ones where there are any."""
    texts = []
    for optional in (True, False):
        values = {one.name: SAMPLE[one.name] for one in template.variables if optional or not one.optional}
        rendered = render(template, values)
        assert not isinstance(rendered, RenderFault)
        assert check_rendered(template, rendered) == []
        texts.append(shown(rendered))
    return "\n--- without optional variables ---\n\n".join(dict.fromkeys(texts))


@pytest.mark.parametrize("file", sorted(TEMPLATES))
def test_starter_text_reads_as_reviewed(file: str) -> None:
    """What a borrower gets is what somebody read and found polite, plain and complete."""
    assert golden(TEMPLATES[file]) == (FOLDER / file).read_text(encoding="utf-8")


def test_no_reviewed_text_is_left_behind() -> None:
    """A text that is no longer sent is no longer kept as reviewed."""
    assert {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.txt")} == set(TEMPLATES)


if __name__ == "__main__":
    for name, text in TEMPLATES.items():
        (FOLDER / name).parent.mkdir(parents=True, exist_ok=True)
        (FOLDER / name).write_text(golden(text), encoding="utf-8")
