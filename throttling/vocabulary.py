"""The closed sets of words in which facts are told."""

from enum import StrEnum


class Channel(StrEnum):
    """The way a contact travels."""

    SMS = "sms"
    VOICE = "voice"
    EMAIL = "email"
    PUSH = "push"


class EventChannel(StrEnum):
    """The way something that happened travelled: our channels, and those on which only others reach a person."""

    SMS = "sms"
    VOICE = "voice"
    EMAIL = "email"
    PUSH = "push"
    LETTER = "letter"
    VISIT = "visit"
    CHAT = "chat"


class ZoneKind(StrEnum):
    """What a candidate time zone was derived from."""

    STATED = "stated"
    ADDRESS = "address"
    POSTAL_CODE = "postal_code"
    REGION = "region"
    COUNTRY = "country"
    NUMBER = "number"


class SuppressionScope(StrEnum):
    """How much a "do not contact" closes."""

    ADDRESS = "address"
    CHANNEL = "channel"
    DEBT = "debt"
    ALL = "all"


class Actor(StrEnum):
    """In whose name a contact is made; many laws bind only some of them."""

    THIRD_PARTY = "third_party"
    CREDITOR = "creditor"
    CREDITOR_IN_COLLECTION = "creditor_in_collection"


class EventOutcome(StrEnum):
    """What became of an attempt. What each counts as is the table of `throttling.units`."""

    PENDING = "pending"
    NOT_SENT = "not_sent"
    BUSY = "busy"
    NOT_IN_SERVICE = "not_in_service"
    NO_ANSWER = "no_answer"
    DROPPED = "dropped"
    VOICEMAIL_NO_MESSAGE = "voicemail_no_message"
    VOICEMAIL = "voicemail"
    LIMITED_CONTENT = "limited_content"
    ANSWERED = "answered"
    CONVERSATION = "conversation"
    UNDELIVERED = "undelivered"
    DELIVERED = "delivered"
    READ = "read"


class Unit(StrEnum):
    """What a rule counts: every try, only calls that connected, only contacts made, or only conversations."""

    ATTEMPT = "attempt"
    CONNECTED = "connected"
    CONTACT = "contact"
    CONVERSATION = "conversation"


# Purposes with a meaning in the rules; any other word is a purpose without one.
REPLY = "reply"
OPT_OUT_CONFIRMATION = "opt_out_confirmation"
CONSENT_REQUEST = "consent_request"
LEGAL_NOTICE = "legal_notice"
