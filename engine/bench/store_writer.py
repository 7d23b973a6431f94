"""`python -m engine.bench.store_writer FOLDER SEED`: keeps runs and changes the index until it is killed.

* imports neither Qt nor torch. Each line on stdout is a promise: `round ID N` is written, `finished ID` is whole."""

import random
import sys
import time
from collections import deque
from contextlib import closing
from pathlib import Path
from queue import SimpleQueue

from engine.bench.store import made_run
from engine.events import RoundFinished
from engine.runs.run_log import RunLog
from engine.store.index import RunIndex

# So that about half of the kills come while a run is being written.
_ROUND_S = 0.0, 0.002, 0.004


def write(folder: Path, seed: int) -> None:
    """Keep runs without end; label, delete and restore others between them."""
    rng = random.Random(seed)
    with closing(RunIndex(folder)) as index:
        for number in range(1000 * seed, 1000 * (seed + 1)):
            keep(folder, number, rng)
            deque(index.take_in(), maxlen=0)
            ids = index.ids()
            index.add_tags(ids[:3], [rng.choice("abc")])
            index.rename(ids[0], f"number {number}")
            index.restore(index.delete(ids[-3:]))


def keep(folder: Path, number: int, rng: random.Random) -> None:
    """Keep one run, and say so line by line."""
    log = RunLog(folder, SimpleQueue())
    name = ""
    for event in made_run(number, rng):
        log.add(event)
        name = name or (log.path.parent.name if log.path is not None else "")
        if isinstance(event, RoundFinished):
            _say(f"round {name} {event.round + 1}")
            time.sleep(rng.choice(_ROUND_S))
    log.close()
    _say(f"finished {name}")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]))
