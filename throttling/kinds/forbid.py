"""No contact at all: the kind of a rule whose substance is whom it binds, when, and unless what."""

from typing import Annotated

import msgspec

from throttling.decision import DENY
from throttling.label import RuleLabel
from throttling.moment import Judge, Look, Moment

Code = Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9-]*$", max_length=40)]


class Params(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`what` is forbidden, in words that complete "This rule forbids"; `code` is for machines."""

    what: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    code: Code = "forbidden"


def build_judge(label: RuleLabel, params: Params) -> Judge:
    """Deny. Where a condition is known to turn, whoever asks the rule makes a deferral of it."""
    denied = label.answer(DENY, params.code, window=params.what), None

    def judge(moment: Moment) -> Look:
        del moment
        return denied

    return judge


def counterexample(mine: Params, theirs: Params) -> str | None:
    """Name nothing: both forbid everything they reach, and their reach is compared before."""
    del mine, theirs
    return None
