"""The closed sets of words in audit records. A word, once written, keeps its meaning for ever."""

from enum import StrEnum


class Verdict(StrEnum):
    """What was decided about a contact."""

    ALLOW = "allow"
    DEFER = "defer"
    DENY = "deny"


class ContactState(StrEnum):
    """The state that a contact entered with a record."""

    QUEUED = "queued"
    SCHEDULED = "scheduled"
    DENIED = "denied"
    DISPATCHING = "dispatching"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class AttemptState(StrEnum):
    """What became of one try to reach a person."""

    SUBMITTED = "submitted"
    REFUSED = "refused"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"


class SuppressionScope(StrEnum):
    """How far a "do not contact" reaches."""

    ADDRESS = "address"
    CHANNEL = "channel"
    DEBT = "debt"
    ALL = "all"


class StopScope(StrEnum):
    """What an emergency stop stops."""

    ALL = "all"
    CREDITOR = "creditor"
    CHANNEL = "channel"
    TEMPLATE = "template"
    ACCOUNT = "account"
