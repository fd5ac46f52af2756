"""A contact's states and the only ways from one to another.

Rules for whoever edits this file: every transition that any function of the schema makes stands in `NEXT`, a test
holds the two together, and docs/lifecycle.md is drawn from it. A state that is not a key of `NEXT` is the end.
"""

from typing import Final

from gateway.answers import ContactState as State

# Delivered without leaving again: a receipt may prove that an earlier try, refused by the provider, was sent after all.
_WAITING_MAY_BECOME: Final = frozenset(
    {
        State.SCHEDULED,
        State.DISPATCHING,
        State.DENIED,
        State.EXPIRED,
        State.CANCELLED,
        State.QUEUED,
        State.DELIVERED,
    }
)

NEXT: Final[dict[State, frozenset[State]]] = {
    State.QUEUED: _WAITING_MAY_BECOME,
    State.SCHEDULED: _WAITING_MAY_BECOME,
    # Back to queued only where nothing left this host or the provider said "not now".
    State.DISPATCHING: frozenset(
        {State.SENT, State.QUEUED, State.FAILED, State.UNKNOWN, State.DELIVERED, State.UNDELIVERED}
    ),
    State.SENT: frozenset({State.DELIVERED, State.UNDELIVERED}),
    # Unknown is never sent again by us; late evidence settles it either way.
    State.UNKNOWN: frozenset({State.SENT, State.FAILED, State.DELIVERED, State.UNDELIVERED}),
    # A second, later receipt may contradict the first: carriers do that, and "delivered" is the stronger word.
    State.UNDELIVERED: frozenset({State.DELIVERED}),
    State.FAILED: frozenset({State.DELIVERED}),
}

WAITING: Final = frozenset({State.QUEUED, State.SCHEDULED})
"""The states from which a contact can still be stopped."""


def may_become(state: State, following: State) -> bool:
    """Whether the table has this transition."""
    return following in NEXT.get(state, frozenset())
