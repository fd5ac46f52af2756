"""What the server-side functions answer for each item, by name; gateway/schema/sql/0003_functions.sql gives them."""

from enum import IntEnum


class Accepting(IntEnum):
    """Answers of `accept_contacts`."""

    ACCEPTED = 0
    KEY_USED = 1  # the idempotency key was used before: replay or conflict, the stored row tells
    MADE_ELSEWHERE = 2  # somebody else just made this borrower or key: seal again under theirs


class Permitting(IntEnum):
    """Answers of `permit_contacts`."""

    PERMITTED = 0
    CHANGED = 1  # a fact changed after it was read: decide again
    NOT_WAITING = 2  # sent, cancelled or denied meanwhile: nothing to do
    POLICY = 3  # decided under rules that are no longer in force: decide again
    STOPPED = 4  # a stop flag covers it: leave it waiting
    LATE = 5  # the lease would be over before it began: decide again
    SKEW = 6  # the clocks of gateway and database disagree: nobody knows what time it is, nobody sends
    BUSY = 7  # somebody holds the row at this moment: decide again


class Moving(IntEnum):
    """Answers of `move_contacts`."""

    MOVED = 0
    NOT_WAITING = 2


class Settling(IntEnum):
    """Answers of `settle_attempts`."""

    SETTLED = 0
    SETTLED_BEFORE = 2  # a receipt or the sweep was faster
    RECEIPTS_WAIT = 3  # settled, and receipts that came before the provider's id was known wait to be joined


class Receiving(IntEnum):
    """Answers of `record_receipts`."""

    APPLIED = 0
    SEEN = 1
    NO_CHANGE = 2
    KEPT = 4  # names no attempt we know yet
    MOVED_ON = 5  # not recorded: the attempt has changed since it was looked at, look again


class Taking(IntEnum):
    """Answers of `take_inbound` and `record_fact`."""

    TAKEN = 0
    SEEN = 1
    NOTHING = 2  # nothing there to lift
