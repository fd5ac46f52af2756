"""After a conversation (or another outcome) a debt, a person or an address is left alone for a while.

A telephone conversation closes each debt it was about for seven days, whoever began it; its date is the first day
(12 CFR 1006.14(b)(2)(i)(B), comments 14(b)(4)-2.iii to vii).
"""

from throttling.counting import Counted, Per, compile_counting, count
from throttling.decision import DEFER, DENY, PASS
from throttling.kinds.proof import ends_sooner, unseen
from throttling.label import RuleLabel
from throttling.lookback import describe, leaves_at, turns_at
from throttling.moment import Judge, Look, Moment
from throttling.vocabulary import Unit


class Params(Counted, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Left alone for the window after an event that counts as `after`."""

    after: Unit
    per: Per = "debt"


def build_judge(label: RuleLabel, params: Params) -> Judge:
    """Pass while no such event lies in the window; otherwise defer to when the last one has left it."""
    window = describe(params)
    counting = compile_counting(params, params.after, params.per)
    passed = label.answer(PASS, "ok", window=window)
    unknown = label.answer(DENY, "zone-unknown", window=window), None

    def judge(moment: Moment) -> Look:
        if counting.zoned and not moment.places:
            return unknown
        if not moment.select(counting.selector).events:
            return passed, None
        found = [
            (one.events[-1].at, one.debt or "", one.debt) for one in count(counting, moment) if one.events
        ]
        if not found:
            return passed, moment.midnight if counting.zoned else None
        last, _, debt = max(found)
        until = max([leaves_at(params, moment, instant) for instant, _, _ in found])
        turns = turns_at(params, moment, [last])
        return label.answer(DEFER, "cooling-down", until=until, window=window, debt=debt), turns

    return judge


def counterexample(mine: Params, theirs: Params) -> str | None:
    """Name an event after which `theirs` holds back and `mine` does not, or not as long."""
    missed = unseen(mine, theirs, mine.after, theirs.after)
    return ends_sooner(mine, theirs, mine.per, theirs.per) if missed is None else missed
