"""The table that `forbear send` and `forbear demo` end with."""

from collections.abc import Iterator

from rich import box
from rich.table import Table

from gateway.answers import ContactState
from gateway.sending.tally import Tally
from throttling.decision import Verdict

FAULTS_SHOWN = 20
WORDS = {Verdict.ALLOW: "allowed", Verdict.DEFER: "deferred", Verdict.DENY: "denied"}
# In the order of a contact's life. Denied is told above, by rule.
STATES = (
    ContactState.QUEUED,
    ContactState.DISPATCHING,
    ContactState.SCHEDULED,
    ContactState.SENT,
    ContactState.DELIVERED,
    ContactState.UNDELIVERED,
    ContactState.FAILED,
    ContactState.UNKNOWN,
    ContactState.EXPIRED,
    ContactState.CANCELLED,
)


def report(tally: Tally) -> Table:
    """Verdicts with the rules behind them, then the states of today."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("decided at once")
    table.add_column("contacts", justify="right")
    table.add_column("by rule")
    for verdict, word in WORDS.items():
        table.add_row(word, _number(tally.verdicts[verdict]), _reasons(tally, verdict))
    if tally.refused:
        table.add_row("not taken", _number(len(tally.refused)), "lines with faults, named above")
    table.add_section()
    table.add_row("[bold]where they are now[/bold]", "", "")
    states = tally.states()
    for state in STATES:
        if states[state] or state in {ContactState.SENT, ContactState.UNKNOWN}:
            table.add_row(state.value, _number(states[state]), "")
    return table


def faults_of(tally: Tally) -> Iterator[str]:
    """What is wrong with the lines that were not taken, the first twenty of them."""
    for refused in tally.refused[:FAULTS_SHOWN]:
        yield f"line {refused.line}: {refused.title}"
        yield from (f"  {fault}" for fault in refused.faults)
    if len(tally.refused) > FAULTS_SHOWN:
        yield f"and {len(tally.refused) - FAULTS_SHOWN:,} more lines"


def _reasons(tally: Tally, verdict: Verdict) -> str:
    found = [(count, why) for (of, why), count in tally.reasons.items() if of is verdict]
    return "\n".join(f"{count:>6,}  {why}" for count, why in sorted(found, reverse=True))


def _number(count: int) -> str:
    return f"{count:,}"
