"""A template must carry the lines that a rule demands (an opt-out line in every electronic message)."""

from typing import Annotated

import msgspec

from throttling.decision import DENY, PASS
from throttling.label import RuleLabel
from throttling.moment import Judge, Look, Moment


class Params(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The line, by the name under which templates declare it."""

    line: Annotated[str, msgspec.Meta(min_length=1)]


def build_judge(label: RuleLabel, params: Params) -> Judge:
    """Deny if the template does not declare the line; whether the text really holds it, the renderer checks."""
    passed = label.answer(PASS, "ok", window=params.line), None
    denied = label.answer(DENY, "line-missing", window=params.line), None

    def judge(moment: Moment) -> Look:
        return passed if params.line in moment.request.lines else denied

    return judge


def counterexample(mine: Params, theirs: Params) -> str | None:
    """Name a template that passes `mine` and breaks `theirs`."""
    return None if mine.line == theirs.line else f"a template without the line {theirs.line} passes"
