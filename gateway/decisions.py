"""Decisions as stored: figures only. What a rule cites is looked up in the policy that the decision names."""

from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache

import msgspec

from throttling.decision import NOT_APPLICABLE, Decision, Outcome, RuleAnswer, Verdict
from throttling.facts import ZoneEvidence, ZoneKind
from throttling.label import RuleLabel

ANSWERS_MAX = 8_192


class _Answer(msgspec.Struct, frozen=True, array_like=True):
    rule: str
    outcome: Outcome
    code: str
    until: datetime | None
    used: int | None
    limit: int | None
    window: str | None
    debt: str | None
    zones: tuple[str, ...]


class _Zone(msgspec.Struct, frozen=True, array_like=True):
    zone: str
    kind: ZoneKind
    source: str
    as_of: date | None


class _Stored(msgspec.Struct, frozen=True, array_like=True):
    verdict: Verdict
    at: datetime
    until: datetime | None
    valid_until: datetime
    answers: tuple[_Answer, ...]
    zones: tuple[_Zone, ...]
    warnings: tuple[str, ...]
    policy: str
    tzdb: str
    code: str
    binding: str | None


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Stored)


def pack_decision(decision: Decision) -> bytes:
    """The decision in some hundred bytes. Rules that did not apply are left out: the policy tells them again."""
    return _encoder.encode(
        _Stored(
            decision.verdict,
            decision.at,
            decision.until,
            decision.valid_until,
            tuple([_kept(a) for a in decision.rules if a.outcome is not NOT_APPLICABLE]),
            tuple([_Zone(z.zone, z.kind, z.source, z.as_of) for z in decision.zones]),
            decision.warnings,
            decision.policy,
            decision.tzdb,
            decision.code,
            decision.binding,
        )
    )


def _kept(answer: RuleAnswer) -> _Answer:
    return _figures(answer) if answer.debt is not None else _remembered(answer)


def _figures(a: RuleAnswer) -> _Answer:
    return _Answer(a.rule, a.outcome, a.code, a.until, a.used, a.limit, a.window, a.debt, a.zones)


# An answer about one debt is given to one person; the others are the same few for everybody.
_remembered = lru_cache(maxsize=ANSWERS_MAX)(_figures)


def policy_of(stored: bytes) -> str:
    """The hash of the policy that a stored decision was made under."""
    return _decoder.decode(stored).policy


def unpack_decision(stored: bytes, labels: Mapping[str, RuleLabel]) -> Decision:
    """The decision whole again, with the labels of its own policy's rules."""
    kept = _decoder.decode(stored)
    return Decision(
        verdict=kept.verdict,
        at=kept.at,
        until=kept.until,
        valid_until=kept.valid_until,
        rules=tuple(_answer(labels[answer.rule], answer) for answer in kept.answers),
        zones=tuple(
            ZoneEvidence(zone=z.zone, kind=z.kind, source=z.source, as_of=z.as_of) for z in kept.zones
        ),
        warnings=kept.warnings,
        policy=kept.policy,
        tzdb=kept.tzdb,
        code=kept.code,
        binding=kept.binding,
    )


def _answer(label: RuleLabel, kept: _Answer) -> RuleAnswer:
    return label.answer(
        kept.outcome,
        kept.code,
        until=kept.until,
        used=kept.used,
        limit=kept.limit,
        window=kept.window,
        debt=kept.debt,
        zones=kept.zones,
    )
