"""Audit leaves about contacts: in the words of `audit`, finished once the statement has its place in the sequence."""

from datetime import datetime
from functools import lru_cache
from uuid import UUID
from zoneinfo import ZoneInfo

from audit.kinds import (
    AttemptOutcome,
    ContactAccepted,
    ContactDenied,
    ContactIntent,
    ContactMoved,
    ReceiptRecorded,
)
from audit.leaf import LocalTime, RuleHit
from audit.record import clean_code, encode, micros
from audit.words import AttemptState as AttemptWord
from audit.words import ContactState as StateWord
from audit.words import Verdict as VerdictWord
from gateway.answers import ContactState
from gateway.attempt import AttemptState
from gateway.store.accepting import Leaf
from gateway.store.handing import Handing
from gateway.store.writer import Stamp
from gateway.wanted import Wanted
from throttling.decision import NOT_APPLICABLE, Decision
from throttling.facts import ZoneEvidence

ANSWERS_MAX = 8_192  # different answers remembered: the same few are given again and again
WALL = len("YYYY-MM-DDTHH:MM:SS")


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


def _hits(decision: Decision) -> tuple[RuleHit, ...]:
    return tuple(
        [
            _hit(answer.rule, answer.outcome, answer.used, answer.limit)
            for answer in decision.rules
            if answer.outcome is not NOT_APPLICABLE
        ]
    )


@lru_cache(maxsize=ANSWERS_MAX)
def _hit(rule: str, outcome: str, used: int | None, limit: int | None) -> RuleHit:
    return RuleHit(rule=rule, outcome=outcome, used=used, limit=limit)


def _zones(zones: tuple[ZoneEvidence, ...], at: datetime) -> tuple[LocalTime, ...]:
    names = dict.fromkeys(evidence.zone for evidence in zones)
    return tuple(
        [(name, at.astimezone(ZoneInfo(name)).isoformat(timespec="seconds")[:WALL]) for name in names]
    )
