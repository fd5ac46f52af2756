"""What is wrong with a template file, where, and what to do about it."""

from msgspec import Struct


class Fault(Struct, frozen=True, kw_only=True):
    """One fault of one file. It quotes the file, never a borrower: templates hold no personal data."""

    file: str
    line: int
    message: str
    hint: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}. {self.hint}"
