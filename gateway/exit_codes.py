"""What the end of a command or a part tells whoever started it."""

from typing import Final

AWAY: Final = 1
"""Something that it needs does not answer: worth another try."""

OPERATOR: Final = 2
"""Only a person can help: nothing would have changed, so the supervisor does not start the part again."""
