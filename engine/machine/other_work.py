"""Notices what other programs compute while something is timed, from the processor times that the system counts.

* imports neither Qt nor torch."""

import os
import time
from typing import NamedTuple

import psutil

# The system counts in hundredths of a second: of shorter blocks nothing can be said.
_SHORTEST_S = 0.1
# Others may use what our threads leave free, and this share of what they do not.
_TOLERATED = 0.15


class CpuShare(NamedTuple):
    """Processors in use on average during a block: by this process, and by all other programs, of n_processors."""

    own: float
    others: float
    n_processors: int

    def disturbs(self, n_threads: int) -> bool:
        """Whether others used more than what n_threads of ours leave free, and a tolerated share of theirs."""
        n_busy = min(n_threads, self.n_processors)
        return self.others > self.n_processors - n_busy + _TOLERATED * n_busy


class OtherWork:
    """Watches one block, from its creation to `ended`."""

    def __init__(self) -> None:
        self._began = _now()

    def ended(self) -> CpuShare | None:
        """The shares since the creation; None where the block was too short, or the system does not tell."""
        wall_s, busy_s, own_s = (now - then for now, then in zip(_now(), self._began, strict=True))
        if wall_s < _SHORTEST_S:
            return None
        n = len(_processors())
        others = max(0.0, (busy_s - own_s) / wall_s)
        return CpuShare(own_s / wall_s, min(float(n), others), n)


class _Times(NamedTuple):
    """Seconds: of a clock, of all our processors in use, and of this process."""

    wall_s: float
    busy_s: float
    own_s: float


def _now() -> _Times:
    times = psutil.cpu_times(percpu=True)
    busy_s = sum(_busy_s(times[number]) for number in _processors() if number < len(times))
    return _Times(time.perf_counter(), busy_s, time.process_time())


def _busy_s(times: object) -> float:
    """Seconds in which a processor was in use, or was taken away by a hypervisor."""
    names = ("user", "system", "nice", "irq", "softirq", "steal", "interrupt", "dpc")
    return float(sum(getattr(times, name, 0.0) for name in names))


def _processors() -> tuple[int, ...]:
    """The logical processors that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return tuple(sorted(os.sched_getaffinity(0)))
    return tuple(range(os.cpu_count() or 1))
