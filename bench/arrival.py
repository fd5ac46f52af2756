"""Acceptance over HTTP: one request at a time and in batches, beside a server that only echoes."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from bench.figures import Sample
from bench.load import Orders, Report
from bench.processes import Meter
from bench.rig import BenchError, Load, Rig, free_port

SINGLE: Final = "/v1/contacts"
BATCH: Final = "/v1/contacts:batch"
ITEMS: Final = 1_000
GUESS_PER_S: Final = 9_000  # requests made ahead for each second of a closed loop; more than anybody answers


def echoes(rig: Rig, port: int, pid: int, seconds: float) -> Sample:
    """Requests a second of the raw echo, with the bodies that acceptance is sent."""
    meter = Meter({"echo": pid})
    report = _run(_orders(rig, SINGLE, seconds, count=5_000, port=port, again=True))
    return _sample(report, meter, 1)


def accepts(rig: Rig, seconds: float) -> Sample:
    """Contacts a second, each a request of its own, 64 connections."""
    load = Load(_orders(rig, SINGLE, seconds, count=int(GUESS_PER_S * seconds)))
    return _checked(rig, load, 1)


def accepts_batches(rig: Rig, seconds: float) -> Sample:
    """Contacts a second in batches of 1,000, four at a time."""
    count = int(GUESS_PER_S * seconds) // ITEMS * ITEMS
    orders = _orders(rig, BATCH, seconds, count=count, batch=ITEMS, connections=4)
    return _checked(rig, Load(orders), ITEMS)


@contextmanager
def echo_server() -> Iterator[tuple[int, int]]:
    """Port and process id of a running echo."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "bench.echo", str(port)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    try:
        yield port, process.pid
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def _orders(
    rig: Rig,
    path: str,
    seconds: float,
    *,
    count: int,
    port: int = 0,
    connections: int = 64,
    batch: int = 1,
    again: bool = False,
) -> Orders:
    return Orders(
        port=port or rig.settings.listen.port,
        path=path,
        token=rig.token,
        first=rig.reserve(count),
        count=count,
        seconds=seconds,
        connections=connections,
        batch=batch,
        again=again,
    )


def _run(orders: Orders) -> Report:
    return Load(orders).run()


def _checked(rig: Rig, load: Load, items: int) -> Sample:
    meter = rig.meter()
    report = load.run()
    check(report)
    return _sample(report, meter, items)


def check(report: Report) -> None:
    """Raise BenchError unless everything was accepted, and allowed."""
    if set(report.answers) - {"202", "200"} or '"verdict":"allow"' not in report.first_answer:
        raise BenchError(f"not everything was accepted: {report.answers} {report.first_answer[:300]}")


def _sample(report: Report, meter: Meter, items: int) -> Sample:
    spent = meter.read() | {"load": report.cpu_s}
    done = sum(report.answers.values()) * items
    return Sample(
        value=done / report.seconds,
        cpu_us={name: seconds / done * 1e6 for name, seconds in spent.items()},
        more={"p50_ms": report.p50_ms, "p99_ms": report.p99_ms},
    )
