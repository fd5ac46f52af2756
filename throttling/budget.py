"""What a rule that counts has left, and when it gives a place back."""

from datetime import datetime

import msgspec


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """`used` of `limit` places; `frees_at` has one instant for each used place, in order.

    `window` is text such as `7 calendar days`; `debt` is the token of the fullest debt of a rule that counts per debt.
    """

    rule: str
    used: int
    limit: int
    window: str
    debt: str | None
    frees_at: tuple[datetime, ...]
