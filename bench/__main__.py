"""One command, one table: `make bench`, or `make bench QUICK=1` for twenty seconds while developing."""

import argparse
import os
import platform
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeVar

import msgspec
from rich.console import Console

from bench import permits
from bench.arrival import accepts, accepts_batches, echo_server, echoes
from bench.figures import Figure, Sample, beside, figure
from bench.parts import Answer as PartsAnswer
from bench.rig import BenchError, Rig, open_rig
from bench.table import show, write
from bench.through import PARTS, goes_through

OUT: Final = Path(__file__).parent / "out"
GUESS_PERMITS_PER_S: Final = 6_000

T = TypeVar("T")


class Effort(msgspec.Struct, frozen=True, kw_only=True):
    """How long and how often each figure is measured, and at which rates end to end."""

    seconds: float
    repeats: int
    rates: tuple[int, ...]


FULL: Final = Effort(seconds=4.0, repeats=3, rates=(1_000, 1_500, 2_000))
QUICK: Final = Effort(seconds=1.0, repeats=1, rates=(500,))


class Bench:
    """The measurements, told one by one on standard error while they run."""

    def __init__(self, rig: Rig, effort: Effort, console: Console) -> None:
        self._rig, self._effort, self._console = rig, effort, console
        self.figures: list[Figure] = []
        self.foot: list[str] = []

    def measure_all(self) -> None:
        """Every row, each beside its limit in turn."""
        rig = self._rig
        rig.start("serve")
        self._told("warming up", lambda: accepts(rig, 1.0))
        self._acceptance()
        waiting = self._batches()
        rig.stop("serve")
        self._permits(waiting)
        self._parts()
        rig.start(*PARTS)
        self._end_to_end()

    def _acceptance(self) -> None:
        single, raw = [], []
        with echo_server() as (port, pid):
            for _ in range(self._effort.repeats):
                raw.append(self._told("raw echo", lambda: echoes(self._rig, port, pid, self._effort.seconds)))
                single.append(
                    self._told("single acceptance", lambda: accepts(self._rig, self._effort.seconds))
                )
        limit = figure("raw aiohttp echo", "/s", raw)
        row = figure("single acceptance, HTTP to durable 202", "/s", single)
        self.figures += [beside(row, limit, goal=0.18, ratio=True), limit]

    def _batches(self) -> int:
        runs = [
            self._told("batch acceptance", lambda: accepts_batches(self._rig, self._effort.seconds))
            for _ in range(self._effort.repeats)
        ]
        row = figure("batch acceptance, one API process", "contacts/s", runs)
        self.figures.append(beside(row, goal=4_000))
        return int(min(run.value for run in runs) * self._effort.seconds * self._effort.repeats)

    def _permits(self, waiting: int) -> None:
        effort = self._effort
        count = min(int(effort.seconds * GUESS_PERMITS_PER_S), waiting // effort.repeats)
        answer = self._told(
            "permits", lambda: self._inside("bench.permits", count, effort.repeats, type_=permits.Answer)
        )
        row = figure("permits, one worker", "permits/s", answer.samples)
        steps = {f"{name} us": us for name, us in answer.steps_us.items()}
        self.figures.append(beside(msgspec.structs.replace(row, more=steps), goal=5_000))

    def _parts(self) -> None:
        effort = self._effort
        answer = self._told(
            "decide, ledger, group commit",
            lambda: self._inside("bench.parts", effort.seconds / 2, effort.repeats, type_=PartsAnswer),
        )
        median_us, p99_us, looked = answer.decide_us
        name = f"decide, 20 events, {looked} rules"
        row = figure(name, "us", [Sample(value=median_us, cpu_us={}, more={"p99_us": p99_us})])
        self.figures.append(beside(row, goal=50, less=True))
        for mine, unit, limit in (
            ("ledger", "read+reserve/s", "evalsha"),
            ("group commit", "contacts/s", "bare commit"),
        ):
            raw = figure(f"raw {limit}", "/s", answer.runs[limit])
            self.figures += [beside(figure(mine, unit, answer.runs[mine]), raw), raw]

    def _end_to_end(self) -> None:
        seconds = max(self._effort.seconds, 2.0)
        self._told("warming up the whole line", lambda: goes_through(self._rig, 200, 2.0))
        for rate in self._effort.rates:
            try:
                runs = [
                    self._told(
                        f"end to end at {rate}/s",
                        lambda rate=rate: goes_through(self._rig, rate, seconds),  # type: ignore[misc]
                    )
                    for _ in range(self._effort.repeats)
                ]
            except BenchError as fault:
                self.foot.append(f"End to end at {rate}/s: {fault}")
                return
            row = figure(f"end to end asked for {rate:,}/s, receipts included", "/s", runs)
            self.figures.append(beside(row, goal=1_500 if rate == 1_500 else 0.0))

    def _inside(self, module: str, *arguments: object, type_: type[T]) -> T:
        pids = self._rig.stack.pids
        return msgspec.convert(self._rig.inside(module, *arguments, pids["postgres"], pids["valkey"]), type_)

    def _told(self, what: str, work: Callable[[], T]) -> T:
        with self._console.status(what):
            answer = work()
        said = f" {answer.value:,.0f}" if isinstance(answer, Sample) else ""
        self._console.print(f"  {what}{said}")
        return answer


def _stop(_number: int, _frame: object) -> None:
    """Unwind everything, also where a shell started this with SIGINT ignored."""
    raise KeyboardInterrupt


def main(arguments: Sequence[str]) -> int:
    """Measure, print, write; 130 when somebody stopped it."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short run of each")
    effort = QUICK if parser.parse_args(arguments).quick else FULL
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    progress, console = Console(stderr=True), Console(width=170)
    load = os.getloadavg()[0]
    try:
        with open_rig() as rig:
            bench = Bench(rig, effort, progress)
            try:
                bench.measure_all()
            except BenchError as fault:
                bench.foot.append(f"Stopped early: {fault}")
            if load > 0.5:
                bench.foot.append(
                    f"Others used this machine (load {load:.1f} at the start): trust ratios only."
                )
            show(console, bench.figures, bench.foot)
    except KeyboardInterrupt:
        progress.print("Stopped; nothing is left running.")
        return 130
    about = {"cpus": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version()}
    name = "quick.json" if effort is QUICK else "full.json"
    write(OUT / name, bench.figures, {**about, "load_at_start": load, "notes": bench.foot})
    console.print(f"Written to bench/out/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
