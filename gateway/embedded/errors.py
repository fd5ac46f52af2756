"""What can go wrong when the embedded servers start, said in words an operator can act on."""


class EmbeddedError(Exception):
    """The embedded servers cannot run here; the message says what is wrong, where, and what to do."""
