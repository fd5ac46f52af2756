# ruff: noqa: INP001 - a page of the docs and the script that draws it, not a package
"""Draws docs/lifecycle.md from the two tables of transitions: `python docs/draw_lifecycle.py` rewrites the page."""

from pathlib import Path

from gateway.answers import ContactState
from gateway.attempt import FROM, RETRY_AFTER, AttemptState
from gateway.contact import NEXT

PAGE = Path(__file__).with_name("lifecycle.md")

CONTACT: dict[ContactState, str] = {
    ContactState.QUEUED: "accepted, may go out as soon as its turn comes",
    ContactState.SCHEDULED: "accepted, not before `due_at`; decided again then",
    ContactState.DENIED: "a rule forbids it; nothing was sent",
    ContactState.DISPATCHING: "a permit was given; the message is leaving, once",
    ContactState.SENT: "the provider took it",
    ContactState.DELIVERED: "the provider says that the handset, mailbox or device has it",
    ContactState.UNDELIVERED: "the provider says that it will not be delivered",
    ContactState.FAILED: "refused, or never left, and not to be tried again",
    ContactState.UNKNOWN: "it may have been sent; counts as sent, and is never sent again by us",
    ContactState.EXPIRED: "it could not go out before `expires_at`",
    ContactState.CANCELLED: "stopped by a caller before it left",
}
ATTEMPT: dict[AttemptState, str] = {
    AttemptState.PERMITTED: "counted and recorded; a lease of two seconds at most",
    AttemptState.SUBMITTED: "the provider said that it took it",
    AttemptState.REFUSED: "the provider said that it did not; the place in the caps is given back",
    AttemptState.NOT_SENT: "provably nothing left this host; the place is given back",
    AttemptState.UNKNOWN: "no answer, or none that can be read; the place is kept",
    AttemptState.DELIVERED: "a receipt proves it",
    AttemptState.UNDELIVERED: "a receipt says so",
}


def draw() -> str:
    """The whole page."""
    waits = ", ".join(f"{int(wait.total_seconds())} s" for wait in RETRY_AFTER)
    contact_ways = [(was.value, to.value) for was, after in NEXT.items() for to in sorted(after)]
    attempt_ways = [(was.value, to.value) for to, before in FROM.items() for was in before]
    return "\n".join(
        [
            "# Lifecycle",
            "",
            "Drawn from `gateway/contact.py` and `gateway/attempt.py` by `docs/draw_lifecycle.py`; a test compares.",
            "",
            "## A contact",
            "",
            *table({state.value: meaning for state, meaning in CONTACT.items()}),
            "",
            *diagram([("[*]", "queued"), ("[*]", "scheduled"), ("[*]", "denied"), *contact_ways]),
            "",
            "## An attempt",
            "",
            *table({state.value: meaning for state, meaning in ATTEMPT.items()}),
            "",
            *diagram([("[*]", "permitted"), *attempt_ways]),
            "",
            f"After `not_sent` or a transient refusal the contact waits and is decided afresh after {waits}.",
            "",
        ]
    )


def table(meanings: dict[str, str]) -> list[str]:
    """A Markdown table of states."""
    return [
        "| state | meaning |",
        "| --- | --- |",
        *(f"| `{state}` | {text} |" for state, text in meanings.items()),
    ]


def diagram(ways: list[tuple[str, str]]) -> list[str]:
    """A Mermaid state diagram, which most readers of Markdown draw."""
    return ["```mermaid", "stateDiagram-v2", *(f"  {was} --> {to}" for was, to in ways if was != to), "```"]


if __name__ == "__main__":
    PAGE.write_text(draw(), "utf-8")
