"""`forbear send`: posts a file of contact requests and tells what became of each."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from gateway.commands.read_settings import read_settings, required
from gateway.commands.screen import err, fail, out

if TYPE_CHECKING:
    from gateway.sending.follow import Sender, Stopped
    from gateway.sending.tally import Tally

EXIT_REFUSED, EXIT_UNDER_WAY, EXIT_INTERRUPTED = 1, 3, 130


def send(
    file: Annotated[
        Path,
        typer.Argument(help="NDJSON, one request a line; - for standard input."),
    ],
    wait: Annotated[
        float, typer.Option(min=0, help="Seconds to follow what is under way, once all is posted.")
    ] = 60.0,
) -> None:
    """Post a file of contact requests, follow them, and end with a table of what became of them.

    Each line is a body of POST /v1/contacts with an idempotency_key. Sending a file again is safe: a line that was
    taken is answered from the first time. Needs FORBEAR_API_KEY, and FORBEAR_API_URL unless the API is here.

    Ends with 0 if every line was taken and is at rest (sent, delivered, scheduled, denied ...), 1 if a line was not
    taken, 3 if some were still under way, 130 at Ctrl-C. A denied contact is an answer and no error.
    """
    from gateway.sending.api import Api
    from gateway.sending.follow import Sender
    from gateway.sending.tally import Tally

    settings = required(read_settings(), "api_key")
    assert settings.api_key is not None
    tally = Tally()
    sender = Sender(Api(settings.api_url, settings.api_key), tally)
    code = EXIT_INTERRUPTED
    try:
        code = _post_and_follow(sender, tally, file, wait)
    except KeyboardInterrupt:
        fail("Interrupted. What is known so far; what was taken goes on without us:")
    _tell(sender, tally)
    raise typer.Exit(code)


def _post_and_follow(sender: "Sender", tally: "Tally", file: Path, wait_s: float) -> int:
    with _opened(file) as (stream, size), _progress() as progress:
        stopped = _post(sender, tally, progress, stream, size)
        if stopped is not None:
            progress.stop()
            fail(
                stopped.reason,
                f"  {tally.lines} lines were posted before. Send the file again when it is put right.",
            )
            return EXIT_REFUSED
        task = progress.add_task("following", total=tally.taken, words="")

        def tell() -> None:
            under_way = tally.under_way()
            progress.update(task, completed=tally.taken - under_way, words=f"{under_way} under way")

        settled = sender.settle(wait_s=wait_s, tell=tell)
    if tally.refused:
        return EXIT_REFUSED
    return 0 if settled else EXIT_UNDER_WAY


def _post(
    sender: "Sender", tally: "Tally", progress: Progress, stream: BinaryIO, size: int | None
) -> "Stopped | None":
    from gateway.sending.lines import batches

    task = progress.add_task("posting", total=size, words="")
    posted = 0
    for lines in batches(stream):
        stopped = sender.send(lines)
        if stopped is not None:
            return stopped
        posted += sum(len(line.raw) + 1 for line in lines)
        progress.update(task, completed=posted, words=f"{tally.lines:,} lines")
    progress.update(task, total=max(posted, 1), completed=max(posted, 1))
    return None


@contextmanager
def _opened(file: Path) -> Iterator[tuple[BinaryIO, int | None]]:
    if str(file) == "-":
        yield sys.stdin.buffer, None
        return
    try:
        stream = file.open("rb")
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}.")
        raise typer.Exit(EXIT_REFUSED) from error
    with stream:
        yield stream, file.stat().st_size


def _progress() -> Progress:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[words]}"),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=err, disable=not err.is_terminal)


def _tell(sender: "Sender", tally: "Tally") -> None:
    from gateway.commands.send_report import faults_of, report

    for line in faults_of(tally):
        err.print(line, markup=False)
    out.print(report(tally))
    if not sender.followed:
        err.print("This key may not read some creditor's contacts (contacts:read): those were not followed.")
