"""The command line's launcher: the last place where an unexpected error is caught."""

import sys

EXIT_BUG = 70  # EX_SOFTWARE of sysexits.h
EXIT_INTERRUPTED = 130  # what a shell says of a program that Ctrl-C ended


def main() -> None:
    """Run the command line; whatever goes wrong is told without the values that were being worked on."""
    try:
        # Inside the try: loading takes a moment, and Ctrl-C then deserves no traceback either.
        from gateway.commands.table import build_app  # noqa: PLC0415

        build_app()()
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except Exception as error:  # noqa: BLE001  (the launcher: the last place, and nothing is swallowed)
        sys.exit(tell(error))


def tell(error: Exception) -> int:
    """Print what went wrong; the exit code."""
    import traceback  # noqa: PLC0415  (needed once, at the end)

    from gateway.commands.screen import fail  # noqa: PLC0415
    from gateway.embedded.errors import EmbeddedError  # noqa: PLC0415
    from gateway.logs import short  # noqa: PLC0415

    if isinstance(error, EmbeddedError):
        fail("The embedded servers did not start.", f"  {error}")
        return 1
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"  {short(frame.filename)}:{frame.lineno} in {frame.name}" for frame in frames[-8:]]
    fail(f"This is a fault of Forbear: {type(error).__qualname__}, at", *places)
    return EXIT_BUG


if __name__ == "__main__":
    main()
