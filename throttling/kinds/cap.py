"""At most so many contacts within a window, per person, debt, account, address and the like.

Days are counted on the local calendar of every candidate zone, and the strictest count binds. The day of an event is
day one (12 CFR 1006.14(b)(2)(i)(B); the same reading for part (A): first call on a Wednesday and six more leave the
next Wednesday free again, comment 14(b)(2)(i)-1.i). It is not 168 hours.
"""

from bisect import bisect_left
from datetime import datetime
from typing import Annotated

import msgspec

from throttling.budget import Budget
from throttling.counting import (
    Count,
    Counted,
    Counting,
    Per,
    compile_counting,
    count,
    fullest,
    instants_of,
    keys_of,
)
from throttling.decision import DEFER, DENY, NEAR_LIMIT, PASS
from throttling.kinds.proof import unseen
from throttling.label import RuleLabel
from throttling.lookback import describe, first_counted, leaves_at, span_of, turns_at
from throttling.moment import Judge, Look, Moment
from throttling.vocabulary import Unit


class Params(Counted, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`limit` events (0 means none) within the window, for each of what `per` names.

    `unit` is what an event must have been to count; left out, everything that reached out to the person counts.
    """

    limit: Annotated[int, msgspec.Meta(ge=0, le=1000)]
    per: Per
    unit: Unit | None = None


def build_judge(label: RuleLabel, params: Params) -> Judge:
    """Pass while every debt of the request (or the person) has a place left; otherwise defer to when one frees."""
    limit, window = params.limit, describe(params)
    counting = compile_counting(params, params.unit, params.per)
    selector, span = counting.selector, counting.span
    zoned, simple = counting.zoned, counting.simple
    none = label.answer(DENY, "cap-zero", used=0, limit=0, window=window), None
    unknown = label.answer(DENY, "zone-unknown", limit=limit, window=window), None
    passes = [
        label.answer(PASS, _code(used, limit), used=used, limit=limit, window=window) for used in range(limit)
    ]

    def judge(moment: Moment) -> Look:
        if limit == 0:
            return none
        if zoned and not moment.places:
            return unknown
        instants = moment.select(selector).instants
        first = first_counted(params, span, moment) if instants else moment.at
        used = len(instants) and len(instants) - bisect_left(instants, first)
        if used == 0 or (simple and zoned and used < limit):
            return passes[used], moment.midnight if zoned else None
        counts = count(counting, moment)
        most = fullest(counts)
        used, debt = len(most.events), most.debt
        turns = moment.midnight if zoned else _turns(params, moment, counts)
        if used < limit:
            passed = passes[used]
            return (passed if debt is None else msgspec.structs.replace(passed, debt=debt)), turns
        until = max([_frees(counting, moment, instants_of(one), limit) for one in counts])
        answer = label.answer(
            DEFER, "cap-reached", until=until, used=used, limit=limit, window=window, debt=debt
        )
        return answer, turns

    return judge


def budget(label: RuleLabel, params: Params, moment: Moment) -> Budget:
    """Say what is left under this cap, and when each used place frees; `moment.places` must not be empty."""
    most = fullest(count(compile_counting(params, params.unit, params.per), moment))
    frees = sorted(leaves_at(params, moment, instant) for instant in instants_of(most))
    return Budget(
        rule=label.rule,
        used=len(frees),
        limit=params.limit,
        window=describe(params),
        debt=most.debt,
        frees_at=tuple(frees),
    )


def counterexample(mine: Params, theirs: Params) -> str | None:
    """Name a series of events that `mine` lets pass and `theirs` does not.

    The most that fits into any d2 consecutive days under "l1 in d1 days" is l1 * ceil(d2 / d1): bursts of l1, d1 days
    apart. `mine` is strict enough exactly if that is at most l2. The same holds for spans of time.
    """
    if keys_of(theirs.per) == {"person"} and keys_of(mine.per) == {"debt"}:
        return f"{theirs.limit + 1} events on as many debts pass"
    if not keys_of(mine.per) - {"person"} <= keys_of(theirs.per):
        return (
            f"it counts apart what that rule counts together, per {' and '.join(sorted(keys_of(mine.per)))}"
        )
    missed = unseen(mine, theirs, mine.unit, theirs.unit)
    if missed is not None:
        return missed
    return _too_many(mine, theirs)


def _too_many(mine: Params, theirs: Params) -> str | None:
    have, want = _length(mine), _length(theirs)
    if have is None or want is None or have[1] != want[1]:
        same = mine.calendar == theirs.calendar and mine.week_starts == theirs.week_starts
        if have is None and want is None and same:
            return None if mine.limit <= theirs.limit else f"{mine.limit} in a {describe(mine)} pass"
        return f"a window of {describe(mine)} cannot be held against one of {describe(theirs)}"
    bursts = -(-want[0] // have[0])
    most = mine.limit * bursts
    if most <= theirs.limit:
        return None
    apart = f"{describe(mine).replace('calendar ', '')} apart"
    return f"{bursts} times {mine.limit}, {apart}, makes {most} within {describe(theirs).replace('calendar ', '')}"


def _turns(params: Params, moment: Moment, counts: list[Count]) -> datetime | None:
    return turns_at(params, moment, sorted([event.at for one in counts for event in one.events]))


def _code(used: int, limit: int) -> str:
    return NEAR_LIMIT if used * 5 >= limit * 4 else "ok"


def _length(params: Params) -> tuple[int, str] | None:
    """Return the length of a window in its own unit; a calendar week or month has none that could be compared."""
    if params.days is not None:
        return params.days, "days"
    span = span_of(params)
    return None if span is None else (int(span.total_seconds()), "seconds")


def _frees(counting: Counting, moment: Moment, instants: list[datetime], limit: int) -> datetime:
    """Say when a place is free: when the limit-th newest event has left the window everywhere; now, if there is one."""
    if len(instants) < limit:
        return moment.at
    return leaves_at(counting.window, moment, instants[-limit])
