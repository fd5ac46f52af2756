"""What is wrong in a rule pack, where, and what to do about it."""

import msgspec


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One thing wrong in a file: `line` counts from 1, `hint` says what to do."""

    file: str
    line: int
    message: str
    hint: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message} ({self.hint})"
