"""Audit leaves: what happened, in the record kinds of `audit`, finished once the statement has its place in the sequence."""

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from audit.kinds import (
    AttemptOutcome,
    ConsentAdded,
    ContactAccepted,
    ContactDenied,
    ContactIntent,
    ContactMoved,
    EventReported,
    OptOutCompleted,
    OptOutReceived,
    ReceiptRecorded,
    RestrictionAdded,
    RestrictionLifted,
)
from audit.leaf import LocalTime, RuleHit
from audit.record import clean_code, encode, micros
from audit.words import AttemptState as AttemptWord
from audit.words import ContactState as StateWord
from audit.words import SuppressionScope as ScopeWord
from audit.words import Verdict as VerdictWord
from gateway.answers import ContactState
from gateway.attempt import AttemptState
from gateway.store.accepting import Leaf
from gateway.store.handing import Handing
from gateway.store.writer import Stamp
from gateway.wanted import Wanted
from gateway.wire import ConsentRequest, RestrictionRequest
from throttling.decision import Decision, Outcome
from throttling.facts import ZoneEvidence


def accepted(
    wanted: Wanted, subject: UUID, contact: UUID, state: ContactState, decision: Decision, at: datetime
) -> Leaf:
    """A request was taken on, or refused: `contact.accepted` or `contact.denied`."""
    kind = ContactDenied if state is ContactState.DENIED else ContactAccepted
    hits, zones = _hits(decision), _zones(decision.zones, at)

    def leaf(stamp: Stamp) -> bytes:
        return encode(
            kind(
                ts=micros(at),
                w=stamp.writer,
                we=stamp.epoch,
                ws=stamp.seq,
                contact=contact,
                state=StateWord(state.value),
                subj=subject,
                creditor=wanted.request.creditor,
                chan=wanted.request.channel.value,
                template=wanted.template.hash,
                policy=decision.policy,
                tzdb=decision.tzdb,
                rules=hits,
                zones=zones,
                verdict=VerdictWord(decision.verdict.value),
                code=decision.code,
                until=None if decision.until is None else micros(decision.until),
            )
        )

    return leaf


def intent(
    contact: Handing,
    attempt: UUID,
    decision: Decision,
    commitment: str,
    not_after: datetime,
    account: str,
    at: datetime,
) -> Leaf:
    """This attempt may leave: written with the permit, before anything does."""
    hits, zones = _hits(decision), _zones(decision.zones, at)

    def leaf(stamp: Stamp) -> bytes:
        return encode(
            ContactIntent(
                ts=micros(at),
                w=stamp.writer,
                we=stamp.epoch,
                ws=stamp.seq,
                contact=contact.id,
                state=StateWord.DISPATCHING,
                subj=contact.subject,
                creditor=contact.creditor,
                chan=contact.channel,
                template=contact.template.hex(),
                policy=decision.policy,
                tzdb=decision.tzdb,
                rules=hits,
                zones=zones,
                attempt=attempt,
                account=account,
                not_after=micros(not_after),
                commitment=commitment,
            )
        )

    return leaf


def moved(
    contact: UUID, was: str, state: ContactState, code: str, until: datetime | None, at: datetime
) -> Leaf:
    """A waiting contact became something else without being sent."""
    return lambda stamp: encode(
        ContactMoved(
            ts=micros(at),
            w=stamp.writer,
            we=stamp.epoch,
            ws=stamp.seq,
            contact=contact,
            state=StateWord(state.value),
            was=StateWord(was),
            code=clean_code(code),
            until=None if until is None else micros(until),
        )
    )


def outcome(
    attempt: UUID,
    contact: UUID,
    state: AttemptState,
    contact_state: ContactState,
    code: str,
    ref: str | None,
    at: datetime,
) -> Leaf:
    """How an attempt ended."""
    return lambda stamp: encode(
        AttemptOutcome(
            ts=micros(at),
            w=stamp.writer,
            we=stamp.epoch,
            ws=stamp.seq,
            contact=contact,
            state=StateWord(contact_state.value),
            attempt=attempt,
            outcome=AttemptWord(state.value),
            code=clean_code(code),
            ref=None if ref is None else clean_code(ref),
            late=False,
        )
    )


def receipt(
    attempt: UUID,
    contact: UUID,
    contact_state: ContactState | None,
    account: str,
    status: str,
    code: str,
    ref: str,
    at: datetime,
) -> Leaf:
    """The provider's later word about an attempt."""
    return lambda stamp: encode(
        ReceiptRecorded(
            ts=micros(at),
            w=stamp.writer,
            we=stamp.epoch,
            ws=stamp.seq,
            contact=contact,
            state=None if contact_state is None else StateWord(contact_state.value),
            attempt=attempt,
            account=account,
            status=status,
            code=clean_code(code),
            ref=clean_code(ref),
        )
    )


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


def _hits(decision: Decision) -> tuple[RuleHit, ...]:
    return tuple(
        RuleHit(rule=answer.rule, outcome=answer.outcome.value, used=answer.used, limit=answer.limit)
        for answer in decision.rules
        if answer.outcome is not Outcome.NOT_APPLICABLE
    )


def _zones(zones: tuple[ZoneEvidence, ...], at: datetime) -> tuple[LocalTime, ...]:
    names = dict.fromkeys(evidence.zone for evidence in zones)
    return tuple((name, at.astimezone(ZoneInfo(name)).strftime("%Y-%m-%dT%H:%M:%S")) for name in names)
