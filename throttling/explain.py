"""One plain English sentence for each answer, made only when somebody wants to read it."""

from datetime import datetime

import msgspec

from throttling.decision import Decision, Outcome, RuleAnswer, Verdict

SENTENCES = {
    "ok": "Permits this contact.",
    "not-applicable": "Does not apply to this request.",
    "not-in-force": "Is not in force on this date.",
    "suppressed-address": "This address must not be contacted: its holder opted out.",
    "suppressed-channel": "The person asked not to be contacted on this channel.",
    "suppressed-debt": "The person asked not to be contacted about this debt.",
    "suppressed-all": "The person asked not to be contacted at all.",
    "line-missing": "The template lacks the required line `{window}`; use a template that declares it.",
    "outside-hours": "It is outside the permitted hours ({window}, local time) in {zones}; they begin at {until}.",
    "no-common-hours": "The possible time zones leave no common permitted time ({window}); settle where the person is.",
    "cap-reached": "{used} of {limit} permitted within {window} are used; the next place frees at {until}.",
    "cap-zero": "No contact at all is permitted within {window}.",
    "near-limit": "Permits this contact.",
    "not-now": "Does not bind now: its condition does not hold.",
    "excepted": "Does not bind: its exception holds ({window}).",
    "cooling-down": "A conversation, or what counts like one, closes contact for {window}; it opens at {until}.",
    "channel-locked": "After contact on another channel this one is closed for {window}; it opens at {until}.",
    "outside-agreement": "It is outside the times or the frequency that the person agreed to.",
    "agreement-missing": "The agreement that this needs is not on record.",
    "zone-unknown": (
        "The person's time zone is unknown, so neither hours nor days can be counted; state a time zone, a postal code "
        "or a region."
    ),
}
RULED = "Used {used} of {limit} within {window}."
WITHIN_HOURS = "It is within the permitted hours ({window}, local time) of every possible zone."
FORBIDDEN = "Forbids {window}{ending}."
OVERRIDE = "Passed by a recorded override: "
RESTRICTED = "A restriction of kind `{kind}` forbids contact{ending}."

DECISIONS = {
    "ok": "Every rule permits this contact now.",
    "country-unknown": "The country is unknown, so nobody can say which law binds; state it.",
    "no-rules-for-country": "No loaded rule covers this country, and no rules means no permission; load a pack for it.",
    "no-permitted-time": "No permitted time was found within the next weeks; a person must decide.",
}


def explain(answer: RuleAnswer) -> str:
    """Say in one sentence why a rule answered as it did, with the figures of the answer. Times are in UTC."""
    code = answer.code.removeprefix("overridden-")
    if code != answer.code:
        return OVERRIDE + explain(msgspec.structs.replace(answer, code=code))
    ending = f" until {_clock(answer.until)}" if answer.until is not None else ""
    if code.startswith("restricted-"):
        return RESTRICTED.format(kind=code.removeprefix("restricted-"), ending=ending)
    # A rule that only forbids names its own code, and says in its own words what it forbids.
    sentence = FORBIDDEN if code not in SENTENCES and answer.window is not None else SENTENCES[code]
    if answer.outcome is Outcome.PASS and answer.limit is not None:
        sentence = RULED
    elif answer.outcome is Outcome.PASS and answer.window is not None and ":" in answer.window:
        sentence = WITHIN_HOURS
    return sentence.format(
        used=answer.used,
        limit=answer.limit,
        window=answer.window,
        zones=" and ".join(answer.zones),
        until=_clock(answer.until),
        ending=ending,
    )


def explain_decision(decision: Decision) -> str:
    """Say in one sentence why the verdict is what it is; on a deferral, until when."""
    if decision.code in DECISIONS:
        return DECISIONS[decision.code]
    binding = next((answer for answer in decision.rules if answer.rule == decision.binding), None)
    sentence = f"{binding.rule}: {explain(binding)}" if binding is not None else f"Refused: {decision.code}."
    if (
        decision.verdict is Verdict.DEFER
        and decision.until is not None
        and decision.until != getattr(binding, "until", None)
    ):
        return f"{sentence} All rules permit it from {_clock(decision.until)}."
    return sentence


def _clock(at: datetime | None) -> str:
    return "an unknown time" if at is None else at.strftime("%Y-%m-%d %H:%M UTC")
