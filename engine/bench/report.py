"""Measures how long the report of a comparison takes and how large it is."""

import time
from collections.abc import Callable, Sequence
from statistics import median

import msgspec

from engine.commands import Compare
from engine.errors import InputError
from engine.events import Event, LaneSpec
from engine.experiments.lane_specs import lanes_of
from engine.reports import compared, html
from engine.reports.cells import as_csv
from engine.reports.documents import ReportOptions
from engine.reports.tables import tables

_N_TIMES = 5
_DRAFTERS = "builtin", "builtin:small", "lookup"


class ReportBench(msgspec.Struct, frozen=True):
    """Medians over five times, in seconds. all_texts: with the texts of every prompt in place of the first few."""

    n_lanes: int
    n_prompts: int
    n_generations: int
    seconds: float
    bytes: int
    all_texts_seconds: float
    all_texts_bytes: int
    csv_seconds: float
    csv_bytes: int


def comparison(n_prompts: int, n_tokens: int) -> tuple[Event, ...]:
    """The log of a comparison of plain decoding and three drafters of the built-in target, as it is measured now."""
    from engine.session.session import Session  # imported late: it loads torch, which a kept comparison does not need

    lanes: tuple[LaneSpec, ...] = lanes_of(list(_DRAFTERS), (4,), "speculative")
    settings = {"max_new_tokens": n_tokens, "stop_at_end": False}
    return tuple(Session().do(Compare(lanes, n_prompts=n_prompts, settings=settings)))


def bench(events: Sequence[Event]) -> ReportBench:
    """Measure the report of a comparison's log. Raises InputError where it is none."""
    facts = compared.facts(events)
    if facts is None:
        raise InputError("this is no comparison", "name the trace of a comparison")
    n_prompts = len(facts.started.prompts)
    seconds, n_bytes = _timed(lambda: html.report(events).encode())
    all_seconds, all_bytes = _timed(lambda: html.report(events, ReportOptions(n_prompts=n_prompts)).encode())
    csv_seconds, csv_bytes = _timed(lambda: "".join(map(as_csv, tables(events).values())).encode())
    return ReportBench(
        len(facts.taking_part), n_prompts, len(facts.generations), seconds, n_bytes, all_seconds, all_bytes,
        csv_seconds, csv_bytes,
    )  # fmt: skip


def _timed(make: Callable[[], bytes]) -> tuple[float, int]:
    """The median time of making something, and its size."""
    times = []
    for _ in range(_N_TIMES):
        start = time.perf_counter()
        n_bytes = len(make())
        times.append(time.perf_counter() - start)
    return median(times), n_bytes
