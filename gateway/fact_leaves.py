"""Audit leaves about facts that bind later contacts: opt-outs, restrictions, consents, events elsewhere."""

from datetime import datetime
from uuid import UUID

from audit.kinds import (
    ConsentAdded,
    EventReported,
    OptOutCompleted,
    OptOutReceived,
    RestrictionAdded,
    RestrictionLifted,
)
from audit.record import encode, micros
from audit.words import SuppressionScope as ScopeWord
from gateway.store.accepting import Leaf
from gateway.wire import ConsentRequest, RestrictionRequest


def opted_out(
    optout: UUID,
    *,
    scope: str,
    channel: str | None,
    creditor: str | None,
    subject: UUID | None,
    contact: UUID | None,
    source: str,
    at: datetime,
) -> Leaf:
    """Somebody said stop: from this record on nothing it forbids is permitted."""
    return lambda stamp: encode(
        OptOutReceived(
            ts=micros(at),
            w=stamp.writer,
            we=stamp.epoch,
            ws=stamp.seq,
            optout=optout,
            scope=ScopeWord(scope),
            chan=channel,
            creditor=creditor,
            subj=subject,
            contact=contact,
            source=source,
        )
    )


def opt_out_completed(optout: UUID, at: datetime) -> Leaf:
    """No permit from before the opt-out is live any more."""
    return lambda stamp: encode(
        OptOutCompleted(ts=micros(at), w=stamp.writer, we=stamp.epoch, ws=stamp.seq, optout=optout)
    )


def restricted(uid: UUID, request: RestrictionRequest, subject: UUID, by: str, at: datetime) -> Leaf:
    """A restriction was recorded."""
    return lambda stamp: encode(
        RestrictionAdded(
            ts=micros(at),
            w=stamp.writer,
            we=stamp.epoch,
            ws=stamp.seq,
            restriction=uid,
            type=request.kind.value,
            subj=subject,
            creditor=None if request.all_creditors else request.creditor,
            since=micros(request.since),
            until=None if request.until is None else micros(request.until),
            by=by,
        )
    )


def lifted(restriction: UUID, subject: UUID, by: str, at: datetime) -> Leaf:
    """A restriction ended before its time."""
    return lambda stamp: encode(
        RestrictionLifted(
            ts=micros(at),
            w=stamp.writer,
            we=stamp.epoch,
            ws=stamp.seq,
            restriction=restriction,
            subj=subject,
            by=by,
        )
    )


def consented(uid: UUID, request: ConsentRequest, subject: UUID, by: str, at: datetime) -> Leaf:
    """A consent was reported."""
    return lambda stamp: encode(
        ConsentAdded(
            ts=micros(at),
            w=stamp.writer,
            we=stamp.epoch,
            ws=stamp.seq,
            consent=uid,
            type=request.purpose,
            subj=subject,
            creditor=request.creditor,
            chan=None if request.channel is None else request.channel.value,
            since=micros(request.given_at),
            until=None if request.expires_at is None else micros(request.expires_at),
            by=by,
        )
    )


def reported(
    event: UUID,
    subject: UUID,
    kind: str,
    creditor: str,
    channel: str,
    happened: datetime,
    by: str,
    at: datetime,
) -> Leaf:
    """Something that counts happened elsewhere."""
    return lambda stamp: encode(
        EventReported(
            ts=micros(at),
            w=stamp.writer,
            we=stamp.epoch,
            ws=stamp.seq,
            event=event,
            type=kind,
            subj=subject,
            creditor=creditor,
            chan=channel,
            happened=micros(happened),
            by=by,
        )
    )
