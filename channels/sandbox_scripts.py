"""The scripted destinations: what the sandbox carrier does, told by the last two digits of an address.

This table is the one place: the carrier plays it, the handset page prints it, the documentation is made from it.
"""

import re
from enum import StrEnum, unique

import msgspec

from channels.base import ChannelName, ReceiptStatus, RefusalKind

USUAL_DELAY_S = 0.3
"""About what a carrier in a good mood takes from handset back to us."""


@unique
class AnswerPlay(StrEnum):
    """What becomes of the carrier's answer to a submission."""

    GIVEN = "given"
    LOST = "lost"
    """The message is taken and the answer says nothing about it."""
    CUT = "cut"
    """The message is taken and the connection breaks before its answer."""


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """A refusal as the carrier words it."""

    kind: RefusalKind
    code: str
    words: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One receipt, `after_s` seconds after the message was taken."""

    after_s: float
    status: ReceiptStatus
    code: str


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """What happens to a message; `refusals_first` None means that every submission is refused."""

    ending: str
    title: str
    shows: str
    refusal: Refusal | None = None
    refusals_first: int | None = None
    answer: AnswerPlay = AnswerPlay.GIVEN
    early: bool = False
    """The first report is sent before the answer to the submission."""
    repeat_last: bool = False
    """The last report is sent twice, under one event id, as carriers do."""
    reports: tuple[Report, ...] = ()
    arrives: bool = True


_DELIVERED = Report(after_s=USUAL_DELAY_S, status=ReceiptStatus.DELIVERED, code="DELIVRD")

SCRIPTS: tuple[Script, ...] = (
    Script(
        ending="01",
        title="delivered at once",
        shows="sent, then delivered",
        reports=(Report(after_s=0.0, status=ReceiptStatus.DELIVERED, code="DELIVRD"),),
    ),
    Script(
        ending="02",
        title="undelivered",
        shows="sent, then undelivered",
        reports=(Report(after_s=USUAL_DELAY_S, status=ReceiptStatus.UNDELIVERED, code="UNDELIV"),),
        arrives=False,
    ),
    Script(
        ending="03",
        title="expired at the carrier",
        shows="sent, then undelivered (the phone stayed off)",
        reports=(Report(after_s=1.0, status=ReceiptStatus.UNDELIVERED, code="EXPIRED"),),
        arrives=False,
    ),
    Script(
        ending="04",
        title="rejected",
        shows="failed: a permanent refusal, never tried again",
        refusal=Refusal(kind=RefusalKind.PERMANENT, code="REJECTD", words="the carrier rejects this message"),
        arrives=False,
    ),
    Script(
        ending="05",
        title="bad address",
        shows="failed: there is no such subscriber",
        refusal=Refusal(kind=RefusalKind.PERMANENT, code="BADADDR", words="no such subscriber"),
        arrives=False,
    ),
    Script(
        ending="06",
        title="system error",
        shows="refused for now: a new attempt is decided in 30 seconds, three at most",
        refusal=Refusal(kind=RefusalKind.TRANSIENT, code="SYSERR", words="the carrier's system is down"),
        arrives=False,
    ),
    Script(
        ending="07",
        title="throttled twice",
        shows="refused for now two times, the third attempt is delivered",
        refusal=Refusal(kind=RefusalKind.TRANSIENT, code="THROTTLED", words="too fast, try later"),
        refusals_first=2,
        reports=(_DELIVERED,),
    ),
    Script(
        ending="08",
        title="silent",
        shows="unknown: the message arrives, its answer never does; not sent again",
        answer=AnswerPlay.LOST,
    ),
    Script(
        ending="09",
        title="connection cut",
        shows="unknown at first; a late receipt settles it as delivered",
        answer=AnswerPlay.CUT,
        reports=(Report(after_s=3.0, status=ReceiptStatus.DELIVERED, code="DELIVRD"),),
    ),
    Script(
        ending="10",
        title="early receipt",
        shows="delivered: the receipt overtakes the answer",
        early=True,
        reports=(Report(after_s=0.0, status=ReceiptStatus.DELIVERED, code="DELIVRD"),),
    ),
    Script(
        ending="11",
        title="interim, then delivered twice",
        shows="delivered once: an interim receipt comes first, and the last one is repeated",
        reports=(
            Report(after_s=0.1, status=ReceiptStatus.PENDING, code="ENROUTE"),
            _DELIVERED,
        ),
        repeat_last=True,
    ),
    Script(
        ending="12",
        title="no receipt ever",
        shows="sent, and nothing more is heard",
    ),
    Script(
        ending="13",
        title="opted out at the carrier",
        shows="failed: refused for consent, and the opt-out list learns of it",
        refusal=Refusal(kind=RefusalKind.CONSENT, code="OPTOUT", words="the subscriber opted out"),
        arrives=False,
    ),
)

USUAL = Script(
    ending="",
    title="anything else",
    shows="sent, then delivered after about 0.3 s",
    reports=(_DELIVERED,),
)

_BY_ENDING = {script.ending: script for script in SCRIPTS}
_ENDING = re.compile(r"[0-9]{2}\Z")


def script_of(channel: ChannelName, destination: str) -> Script:
    """The script of an address: by the last two digits of a number, of a mailbox's local part, or of a token."""
    name = destination.rpartition("@")[0] if channel is ChannelName.EMAIL else destination
    ending = _ENDING.search(name)
    return USUAL if ending is None else _BY_ENDING.get(ending[0], USUAL)
