"""What every answer of one rule carries, whatever it says."""

from datetime import datetime

import msgspec

from throttling.decision import Outcome, RuleAnswer


class RuleLabel(msgspec.Struct, frozen=True, kw_only=True):
    """The identity of a rule as it appears on each of its answers."""

    rule: str
    pack: str
    version: str
    citation: str
    confidence: str
    force: str

    def answer(
        self,
        outcome: Outcome,
        code: str,
        *,
        until: datetime | None = None,
        used: int | None = None,
        limit: int | None = None,
        window: str | None = None,
        debt: str | None = None,
        zones: tuple[str, ...] = (),
    ) -> RuleAnswer:
        """Make the answer of this rule with the figures it looked at."""
        return RuleAnswer(
            rule=self.rule,
            pack=self.pack,
            version=self.version,
            citation=self.citation,
            confidence=self.confidence,
            force=self.force,
            outcome=outcome,
            code=code,
            until=until,
            used=used,
            limit=limit,
            window=window,
            debt=debt,
            zones=zones,
        )
