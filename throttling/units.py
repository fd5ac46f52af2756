"""What an event counts as: every try, a call that connected, a contact made, or a conversation.

The steps follow 12 CFR 1006.14(b)(3)(ii) and its comment (busy and not in service did not connect; unanswered, dropped
and voicemail did) and Ontario's O.Reg. 103/06 (a contact is speaking, an e-mail or a voicemail left).
"""

from throttling.facts import Event
from throttling.vocabulary import EventOutcome, Unit

_TRIED = frozenset({Unit.ATTEMPT})
_CONNECTED = _TRIED | {Unit.CONNECTED}
_REACHED = _CONNECTED | {Unit.CONTACT}
_SPOKE = _REACHED | {Unit.CONVERSATION}
_NOTHING: frozenset[Unit] = frozenset()

# None is an outcome that nobody will tell: it may have been a contact, but a conversation has somebody to tell of it.
OUTCOMES: dict[EventOutcome | None, frozenset[Unit]] = {
    None: _REACHED,
    EventOutcome.PENDING: _SPOKE,
    EventOutcome.NOT_SENT: _NOTHING,
    EventOutcome.BUSY: _TRIED,
    EventOutcome.NOT_IN_SERVICE: _TRIED,
    EventOutcome.UNDELIVERED: _TRIED,
    EventOutcome.NO_ANSWER: _CONNECTED,
    EventOutcome.DROPPED: _CONNECTED,
    EventOutcome.VOICEMAIL_NO_MESSAGE: _CONNECTED,
    EventOutcome.VOICEMAIL: _REACHED,
    EventOutcome.LIMITED_CONTENT: _REACHED,
    EventOutcome.ANSWERED: _REACHED,
    EventOutcome.DELIVERED: _REACHED,
    EventOutcome.READ: _REACHED,
    EventOutcome.CONVERSATION: _SPOKE,
}

# Kinds that are not tries of ours; every other word is one.
KINDS: dict[str, frozenset[Unit]] = {
    "conversation": frozenset({Unit.CONVERSATION}),
    "inbound": _NOTHING,
    "notice": _NOTHING,
}


def units_of(kind: str, outcome: EventOutcome | None) -> frozenset[Unit]:
    """Say what an event of this kind and outcome counts as; empty is nothing at all."""
    other = KINDS.get(kind)
    return OUTCOMES[outcome] if other is None else other


def is_try(event: Event) -> bool:
    """Whether somebody tried to reach the person, and it may have left."""
    return Unit.ATTEMPT in units_of(event.kind, event.outcome)
