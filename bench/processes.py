"""The processor time that processes have used, from /proc: the figure that others on the machine hardly move."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

TICK_S: Final = 1 / os.sysconf("SC_CLK_TCK")
PROC: Final = Path("/proc")


def cpu_s(pid: int) -> float:
    """The seconds that a process, its children and their ended children have used; 0 once it is gone."""
    return sum(own_s(each) for each in family(pid))


def own_s(pid: int) -> float:
    """The seconds of one process, ended children included."""
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(int(ticks) for ticks in fields[11:15]) * TICK_S


def family(pid: int) -> list[int]:
    """The process and all its living descendants."""
    found = [pid]
    for each in found:
        for task in (PROC / str(each) / "task").glob("*/children"):
            try:
                found += [int(child) for child in task.read_text().split()]
            except OSError:
                continue
    return found


class Meter:
    """What named processes use between its making and `read`."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = dict(pids)
        self._before = {name: cpu_s(pid) for name, pid in self._pids.items()}

    def read(self) -> dict[str, float]:
        """Seconds by name."""
        return {name: max(0.0, cpu_s(pid) - self._before[name]) for name, pid in self._pids.items()}
