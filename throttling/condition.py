"""What a rule may ask before it binds (`when`) or to let a request pass (`unless`), as written in a pack."""

from typing import Annotated, Literal

import msgspec

from throttling.consenting import ConsentTerms
from throttling.vocabulary import LEGAL_NOTICE, OPT_OUT_CONFIRMATION, REPLY, Unit

Word = Annotated[str, msgspec.Meta(min_length=1)]
Words = Annotated[frozenset[Word], msgspec.Meta(min_length=1)]
Days = Annotated[int, msgspec.Meta(ge=0, le=36500)]


class ReplyTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One reply for each message the person sent on this channel (comment 6(b)(1)-2), from this address if asked."""

    same_address: bool = False


class ConfirmationTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One confirmation for each opt-out (47 CFR 64.1200(a)(12): within five minutes)."""

    within_minutes: Annotated[int, msgspec.Meta(ge=1, le=1440)]


class InboundTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The person wrote on this channel, within so many local days (12 CFR 1006.6(d)(5): 60), from this address."""

    days: Annotated[int, msgspec.Meta(ge=1)] | None = None
    same_address: bool = False


class NoticeTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A notice of this name was sent about the debt, and so many whole local days have passed."""

    name: Word
    days: Days = 0


class CheckedTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The number was checked for reassignment within so many local days."""

    days: Annotated[int, msgspec.Meta(ge=1)]


class PastDueTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The debt is so many days past due, both bounds included."""

    at_least: Days | None = None
    at_most: Days | None = None

    def __post_init__(self) -> None:
        if self.at_least is None and self.at_most is None:
            message = "neither at_least nor at_most"
            raise ValueError(message)


class AfterTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """There has been an event that counts as `unit`, of the person or about the debt."""

    unit: Unit
    per: Literal["person", "debt", "account"] = "debt"


class Condition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All keys that are given must hold; at least one is. Each is a function in `throttling.conditions`."""

    consent: ConsentTerms | None = None
    reply: ReplyTerms | None = None
    confirmation: ConfirmationTerms | None = None
    required_notice: Literal[True] | None = None
    inbound: InboundTerms | None = None
    notice: NoticeTerms | None = None
    checked: CheckedTerms | None = None
    past_due: PastDueTerms | None = None
    after: AfterTerms | None = None
    first: bool | None = None
    states: Words | None = None
    traits: Words | None = None
    features: Words | None = None

    def __post_init__(self) -> None:
        if not given(self):
            message = "an empty condition would always hold"
            raise ValueError(message)


# Conditions that can hold for requests of one purpose only.
PURPOSES = {"reply": REPLY, "confirmation": OPT_OUT_CONFIRMATION, "required_notice": LEGAL_NOTICE}


def given(condition: Condition) -> tuple[str, ...]:
    """Return the keys that a condition gives, in order."""
    return tuple(name for name in condition.__struct_fields__ if getattr(condition, name) is not None)
