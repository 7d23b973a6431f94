"""Measures the store of runs with made-up runs: taking them in, opening, filtering, noticing that nothing changed.

* imports neither Qt nor torch."""

import random
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from statistics import median

import msgspec

from engine.events import Event, PhaseFinished, Progressed, RoundFinished, RunFinished, RunStarted
from engine.runs.run_log import RunLog
from engine.store.index import RunIndex
from engine.store.rows import RunFilter

_WORDS = ("harbour", "master", "counted", "lanterns", "twice", "before", "boat", "island", "keeper", "letter", "winter")
_MODELS, _METHODS = ("builtin", "llama-3b", "qwen-1.5b", "granite-2b"), ("speculative", "plain", "speculative_rag")
_TAGS = ("night", "gpu", "paper", "wrong", "again")
_N_ROUNDS, _N_TIMES, _N_SHOWN = 12, 15, 100
_FILTERS = (
    RunFilter(), RunFilter("harbour"), RunFilter("nothing like that"), RunFilter("llama master letter"),
    RunFilter(tags=("gpu", "paper")), RunFilter(kinds=("run",), states=("finished",)),
    RunFilter("winter", order="alpha"), RunFilter(order="prompt", descending=False), RunFilter(order="target"),
)  # fmt: skip


class StoreBench(msgspec.Struct, frozen=True):
    """Results. take_in_s: reading every trace into a new index. open_ms: opening the index, its ids and first rows;
    filter_ms: the median over filters and orders, filter_max_ms: the slowest of them; unchanged_ms: comparing all
    folders with the index when nothing changed; version_us: asking whether another window changed it. n_bytes: of the
    traces; index_bytes: of the index."""

    runs: int
    take_in_s: float
    open_ms: float
    filter_ms: float
    filter_max_ms: float
    unchanged_ms: float
    version_us: float
    delete_100_ms: float
    restore_100_ms: float
    n_bytes: int
    index_bytes: int


def bench(n_runs: int) -> Iterator[Event | StoreBench]:
    """Make runs in a temporary folder and measure; yields progress, and last the results."""
    with tempfile.TemporaryDirectory(prefix="draftscope-store-") as name:
        folder = Path(name)
        for done in _made(folder, n_runs):
            yield Progressed("writing", done, n_runs, "runs")
        started = time.perf_counter()
        with closing(RunIndex(folder)) as index:
            for at in index.take_in():
                yield Progressed("reading", at.done, at.total, "runs")
            take_in_s = time.perf_counter() - started
            _label(index)
        yield _measured(folder, n_runs, take_in_s)


def made_run(number: int, rng: random.Random) -> Iterator[Event]:
    """A made-up run; its name follows from its number alone."""
    prompt = " ".join(rng.choice(_WORDS) for _ in range(40))
    utc = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1_700_000_000 + 61 * number))
    yield RunStarted(
        f"{number:08x}", rng.choice(_METHODS), utc, prompt, tuple(range(40)), tuple(prompt.split()),
        rng.choice(_MODELS), "builtin", (("gamma", 4), ("seed", number)), "cpu", "float32",
    )  # fmt: skip
    yield PhaseFinished("prefill", 12.0, 40)
    n_tokens = 0
    for i in range(_N_ROUNDS):
        event = _made_round(i, rng.randrange(5))
        n_tokens += len(event.emitted)
        yield event
    yield RunFinished("length", n_tokens, at_s=1.0)


def _made_round(i: int, n_accepted: int) -> RoundFinished:
    """A round as a file has it: only a generation builds the event itself."""
    top = [{"id": j, "text": _WORDS[j], "prob": 0.2} for j in range(5)]
    fates = ["accepted" if j < n_accepted else "rejected" if j == n_accepted else "untested" for j in range(4)]
    token = {"id": 3, "text": "boat", "p": 0.5, "q": 0.4, "accept_prob": 1.0, "u": 0.3, "overlap": 0.7, "rank": 0}
    content = {
        "event": "RoundFinished", "round": i, "proposed": [{**token, "fate": fate, "top_p": top} for fate in fates],
        "last": {"id": 7, "text": "boat", "kind": "correction", "p": 0.6, "rank": 1, "top_p": top},
        "emitted": list(range(n_accepted + 1)), "draft_ms": 2.0, "verify_ms": 9.0, "other_ms": 0.5, "at_s": 0.01 * i,
    }  # fmt: skip
    return msgspec.convert(content, RoundFinished)


def _made(folder: Path, n_runs: int) -> Iterator[int]:
    rng = random.Random(0)
    for number in range(n_runs):
        log = RunLog(folder, SimpleQueue())
        for event in made_run(number, rng):
            log.add(event)
        log.close()
        if number % 100 == 0:
            yield number


def _label(index: RunIndex) -> None:
    ids = index.ids()
    for place, tag in enumerate(_TAGS):
        index.add_tags(ids[place :: 7 + place], [tag])


def _measured(folder: Path, n_runs: int, take_in_s: float) -> StoreBench:
    open_ms = median(_ms(lambda: _open(folder)) for _ in range(_N_TIMES))
    with closing(RunIndex(folder)) as index:
        filters = [median(_ms(partial(_show, index, wanted)) for _ in range(_N_TIMES)) for wanted in _FILTERS]
        unchanged = median(_ms(lambda: deque(index.take_in(), maxlen=0)) for _ in range(3))
        version = median(_ms(index.version) for _ in range(200))
        some = index.ids()[:100]
        delete_ms = _ms(lambda: index.delete(some))
        restore_ms = _ms(lambda: index.restore(some))
    return StoreBench(
        n_runs, round(take_in_s, 2), round(open_ms, 1), round(median(filters), 1), round(max(filters), 1),
        round(unchanged, 1), round(1e3 * version, 1), round(delete_ms, 1), round(restore_ms, 1),
        sum(path.stat().st_size for path in folder.glob("*/trace.jsonl")), (folder / "index.sqlite").stat().st_size,
    )  # fmt: skip


def _open(folder: Path) -> None:
    with closing(RunIndex(folder)) as index:
        _show(index, RunFilter())


def _show(index: RunIndex, wanted: RunFilter) -> None:
    """What a list does for a filter: all ids, and the rows that are visible."""
    index.rows(index.ids(wanted)[:_N_SHOWN])


def _ms(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return 1e3 * (time.perf_counter() - started)
