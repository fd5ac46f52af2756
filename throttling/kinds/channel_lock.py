"""After contact on one channel the others are closed for a while (Colombia, Ley 2300 of 2023, art. 3)."""

from throttling.counting import Counted, Per, compile_counting, count
from throttling.decision import DEFER, DENY, PASS
from throttling.kinds.proof import ends_sooner, unseen
from throttling.label import RuleLabel
from throttling.lookback import describe, leaves_at, turns_at
from throttling.moment import Judge, Look, Moment
from throttling.vocabulary import Unit


class Params(Counted, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For the window after an event that counts as `after`, only the channel of that event is open."""

    after: Unit
    per: Per = "person"


def build_judge(label: RuleLabel, params: Params) -> Judge:
    """Pass while no such event on another channel lies in the window; otherwise defer to when the last has left it."""
    window = describe(params)
    counting = compile_counting(params, params.after, params.per)
    passed = label.answer(PASS, "ok", window=window)
    unknown = label.answer(DENY, "zone-unknown", window=window), None

    def judge(moment: Moment) -> Look:
        if counting.zoned and not moment.places:
            return unknown
        others = [
            event.at
            for one in count(counting, moment)
            for event in one.events
            if event.channel != moment.medium
        ]
        if not others:
            return passed, moment.midnight if counting.zoned else None
        last = max(others)
        until = leaves_at(params, moment, last)
        answer = label.answer(DEFER, "channel-locked", until=until, window=window)
        return answer, turns_at(params, moment, [last])

    return judge


def counterexample(mine: Params, theirs: Params) -> str | None:
    """Name a contact after which `theirs` closes another channel and `mine` does not, or not as long."""
    missed = unseen(mine, theirs, mine.after, theirs.after)
    return ends_sooner(mine, theirs, mine.per, theirs.per) if missed is None else missed
