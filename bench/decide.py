"""What one decision costs: every shipped pack, twenty events, at noon (allowed) and at night (deferred).

Run with `python -m bench.decide`.
"""

import statistics
import sys
import time
from datetime import UTC, datetime, timedelta

from tests.fakes.decisions import NEW_YORK, event, facts, request, shipped
from throttling.decide import decide
from throttling.facts import Channel, Facts
from throttling.rules import RuleSet

ROUNDS, CALLS = 40, 250
NOON = datetime(2026, 1, 20, 18, 0, tzinfo=UTC)


def measure_us(rules: RuleSet, known: Facts, at: datetime) -> tuple[float, float]:
    """Return median and 99th percentile of a call, in CPU microseconds, each sample a mean of many calls."""
    samples = []
    for _ in range(ROUNDS):
        began = time.process_time_ns()
        for _ in range(CALLS):
            decide(known, rules, at)
        samples.append((time.process_time_ns() - began) / 1000 / CALLS)
    return statistics.median(samples), statistics.quantiles(samples, n=100)[98]


def main() -> None:
    """Print one table."""
    rules = shipped()
    # Half of the events lie in no window any more, as in a ledger that keeps two weeks.
    old = [event(NOON - timedelta(days=8 + n % 6), channel=list(Channel)[n % 4]) for n in range(18)]
    recent = [event(NOON - timedelta(days=3, hours=n), channel=Channel.EMAIL) for n in range(2)]
    print(f"{len(rules.rules)} rules loaded, 20 events, Python {sys.version.split()[0]}")
    for zones in ([NEW_YORK], [NEW_YORK, "America/Los_Angeles"]):
        for name, at in (("noon", NOON), ("night", NOON - timedelta(hours=12))):
            known = facts(request(channel=Channel.VOICE, zones=zones), events=old + recent)
            decision = decide(known, rules, at)
            median, high = measure_us(rules, known, at)
            asked = sum(answer.outcome != "not_applicable" for answer in decision.rules)
            print(
                f"{len(zones)} zone(s), {name:5}: {decision.verdict:5}, {asked} rules asked, "
                f"median {median:5.1f} us, p99 {high:5.1f} us"
            )


if __name__ == "__main__":
    main()
