"""Kills a process that keeps runs, at random moments, and looks whether anything finished is lost.

* imports neither Qt nor torch."""

import random
import sqlite3
import subprocess
import time
from collections import deque
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec

from engine.errors import EngineError
from engine.events import RoundFinished
from engine.machine.own_module import environment, run_module
from engine.runs import trace
from engine.store.database import NAME
from engine.store.index import RunIndex
from engine.store.rows import RunFilter

_SHORTEST_S, _LONGEST_S = 0.0, 0.6


class Kill(msgspec.Struct, frozen=True):
    """One kill and what was there afterwards. after_s: counted from the first round. lost: ids of finished runs that
    are gone or no longer finished. lost_rounds: rounds that had been written and are not in their file. torn: runs that
    the kill cut off. damage: what is wrong with the index, empty if nothing is."""

    after_s: float
    n_finished: int
    torn: tuple[str, ...]
    lost: tuple[str, ...]
    lost_rounds: int
    damage: str

    @property
    def intact(self) -> bool:
        """Whether nothing is lost and the index is whole."""
        return not (self.lost or self.lost_rounds or self.damage)


def kills(folder: Path, n: int, seed: int = 0) -> Iterator[Kill]:
    """Let a process write into a folder and kill it, n times; the runs of all before stay there."""
    rng = random.Random(seed)
    finished: list[str] = []
    for turn in range(n):
        after_s = rng.uniform(_SHORTEST_S, _LONGEST_S)
        lines = _killed(folder, turn, after_s)
        finished += [line.split()[1] for line in lines if line.startswith("finished")]
        yield _examined(folder, after_s, finished, lines)


def _killed(folder: Path, turn: int, after_s: float) -> list[str]:
    """Start the writer and kill it so long after its first round; returns the whole lines that it wrote."""
    command = [*run_module("engine.bench.store_writer"), str(folder), str(turn)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment()) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(after_s)
        process.kill()
        text = first + process.stdout.read()
    if not first:
        raise EngineError("the process that keeps runs did not start", "see what it wrote on stderr")
    return text[: text.rfind("\n") + 1].splitlines()


def _examined(folder: Path, after_s: float, finished: list[str], lines: list[str]) -> Kill:
    with closing(RunIndex(folder)) as index:
        deque(index.take_in(), maxlen=0)
        ids = (*index.ids(), *index.ids(RunFilter(deleted=True)))
        rows = {row.id: row for row in index.rows(ids)}
        damage = " ".join(index.notes) or _damage(folder / NAME)
    lost = tuple(name for name in finished if name not in rows or rows[name].state != "finished")
    torn = tuple(row.id for row in rows.values() if row.state != "finished")
    written: dict[str, int] = {}
    for line in lines:
        if line.startswith("round"):
            _, name, n_rounds = line.split()
            written[name] = int(n_rounds)
    missing = [n - _n_rounds(rows[name].path) if name in rows else n for name, n in written.items()]
    return Kill(round(after_s, 3), len(finished), torn, lost, sum(n for n in missing if n > 0), damage)


def _n_rounds(path: Path) -> int:
    return sum(isinstance(event, RoundFinished) for event in trace.read(path).events)


def _damage(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        ((verdict, *_), *_) = connection.execute("PRAGMA integrity_check").fetchall()
    return "" if verdict == "ok" else str(verdict)
