"""An attempt's states, the only ways between them, and what each means for its contact.

Rules for whoever edits this file: `FROM` is what the schema's functions are given, so a way that is not here does not
exist; docs/lifecycle.md is drawn from it.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct, structs

from channels.base import NotSent, Outcome, ReceiptStatus, RefusalKind, Refused, Submitted, Unknown
from gateway.answers import ContactState


class AttemptState(StrEnum):
    """Where one try to reach a person is."""

    PERMITTED = "permitted"
    SUBMITTED = "submitted"
    REFUSED = "refused"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"


FROM: Final[dict[AttemptState, tuple[AttemptState, ...]]] = {
    AttemptState.SUBMITTED: (AttemptState.PERMITTED, AttemptState.UNKNOWN),
    AttemptState.REFUSED: (AttemptState.PERMITTED, AttemptState.UNKNOWN),
    AttemptState.NOT_SENT: (AttemptState.PERMITTED,),
    AttemptState.UNKNOWN: (AttemptState.PERMITTED,),
    # A receipt proves that the provider had it, so it may come before the answer to the send and settle an unknown.
    AttemptState.DELIVERED: (
        AttemptState.PERMITTED,
        AttemptState.SUBMITTED,
        AttemptState.UNKNOWN,
        AttemptState.UNDELIVERED,
        # The provider said no, or we thought that nothing had left, and the person was reached all the same.
        AttemptState.REFUSED,
        AttemptState.NOT_SENT,
    ),
    AttemptState.UNDELIVERED: (AttemptState.PERMITTED, AttemptState.SUBMITTED, AttemptState.UNKNOWN),
}
"""The states from which each state may be reached."""

GIVEN_BACK: Final = frozenset({AttemptState.REFUSED, AttemptState.NOT_SENT})
"""The states in which an attempt holds no place in the caps; a receipt that proves it wrong takes the place again."""

RETRY_AFTER: Final = (timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10))
"""How long after the first, second and third try that came to nothing a new attempt is decided."""

FROM_RECEIPT: Final[dict[ReceiptStatus, AttemptState | None]] = {
    ReceiptStatus.DELIVERED: AttemptState.DELIVERED,
    ReceiptStatus.UNDELIVERED: AttemptState.UNDELIVERED,
    ReceiptStatus.PENDING: None,  # interim
    ReceiptStatus.UNKNOWN: None,  # the provider does not know: that is no news
}
"""What a receipt proves; None proves nothing."""


class Settlement(Struct, frozen=True, kw_only=True):
    """What an outcome makes of an attempt and its contact.

    `come_from` are the attempt's states in which this still holds. `release` gives the place in the caps back: only
    where the person cannot have been reached. `due_at` is when a new attempt may be decided, on a contact that goes
    back to the queue.
    """

    state: AttemptState
    contact: ContactState
    code: str
    come_from: tuple[AttemptState, ...]
    release: bool = False
    due_at: datetime | None = None
    provider_id: str | None = None


def settle(outcome: Outcome, *, tries: int, expires_at: datetime, at: datetime) -> Settlement:
    """What becomes of an attempt whose adapter answered `outcome`; `tries` counts this attempt.

    After `not_sent` or a transient refusal the contact waits for another attempt, at most three and within
    `expires_at`. A refusal gives the place back: the provider said that it did not take the message.
    """
    match outcome:
        case Submitted(provider_id=provider_id):
            return Settlement(
                state=AttemptState.SUBMITTED,
                contact=ContactState.SENT,
                code="submitted",
                come_from=FROM[AttemptState.SUBMITTED],
                provider_id=provider_id,
            )
        case Unknown(reason=reason):
            return Settlement(
                state=AttemptState.UNKNOWN,
                contact=ContactState.UNKNOWN,
                code=reason,
                come_from=FROM[AttemptState.UNKNOWN],
            )
        case NotSent(reason=reason):
            again = _again(tries, expires_at, at)
            return Settlement(
                state=AttemptState.NOT_SENT,
                contact=ContactState.FAILED if again is None else ContactState.QUEUED,
                code=reason,
                come_from=FROM[AttemptState.NOT_SENT],
                release=True,
                due_at=again,
            )
        case Refused(kind=kind, code=code):
            again = _again(tries, expires_at, at) if kind is RefusalKind.TRANSIENT else None
            return Settlement(
                state=AttemptState.REFUSED,
                contact=ContactState.FAILED if again is None else ContactState.QUEUED,
                code=f"{kind.value}:{code}",
                # After the sweep said unknown there is no other try: see `given_up`.
                come_from=FROM[AttemptState.REFUSED] if again is None else (AttemptState.PERMITTED,),
                release=True,
                due_at=again,
            )


def given_up(settlement: Settlement) -> Settlement | None:
    """What a "not now" is worth that came after the sweep said unknown: the end, since unknown is never tried again.

    None where the settlement was final as it is.
    """
    if settlement.state is not AttemptState.REFUSED or settlement.contact is not ContactState.QUEUED:
        return None
    return structs.replace(
        settlement, contact=ContactState.FAILED, come_from=(AttemptState.UNKNOWN,), due_at=None
    )


def _again(tries: int, expires_at: datetime, at: datetime) -> datetime | None:
    if tries > len(RETRY_AFTER):
        return None
    due = at + RETRY_AFTER[tries - 1]
    return due if due < expires_at else None
