"""Reads from the beginning of a kept trace what it was made with: settings, machine, versions, model hashes.

* imports neither Qt nor torch."""

from collections.abc import Iterable
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple, TypeAlias

from engine.events import (
    GATE_ROWS,
    GATE_TRAINING,
    ComparisonStarted,
    Event,
    GateRowsCollected,
    GateTrained,
    RunStarted,
    Setting,
    TrainingStarted,
    WorkStarted,
)
from engine.runs import trace
from engine.store import blind_rating
from engine.store.blind_rating import RatingCounts

Fields: TypeAlias = tuple[tuple[str, str], ...]
# A training states its estimate, and a kept one its start, before what it trains with.
_N_LOOKED_AT = 8
_LONGEST = 2_000


class Particulars(NamedTuple):
    """What a run was made with: pairs of a name and a value, which are foreign text; and how its texts were rated."""

    settings: Fields = ()
    machine: Fields = ()
    versions: Fields = ()
    hashes: Fields = ()
    figures: Fields = ()
    rated: tuple[RatingCounts, ...] = ()


def read_particulars(path: Path) -> Particulars:
    """Read the beginning of a trace, and of one of a gate, which is short, all. Raises EngineError where it cannot be
    read."""
    events = trace.follow(path)
    first = list(islice(events, _N_LOOKED_AT))
    of_gate = any(isinstance(event, WorkStarted) and event.method in (GATE_ROWS, GATE_TRAINING) for event in first)
    known = particulars(chain(first, events) if of_gate else first)
    return known._replace(rated=blind_rating.counts(blind_rating.kept(path)))


def particulars(events: Iterable[Event]) -> Particulars:
    """What the first events say."""
    known = Particulars()
    for event in events:
        match event:
            case RunStarted() | ComparisonStarted() | WorkStarted():
                known = Particulars(
                    _fields(event.settings),
                    _machine(event),
                    _fields(event.versions),
                    _fields(event.hashes),
                )
            case TrainingStarted() if not known.settings:
                machine = (("device", event.device), ("dtype", event.dtype))
                known = Particulars(_fields(event.settings), machine, _fields(event.versions))
            case GateRowsCollected() | GateTrained():
                known = known._replace(figures=_fields(_gate_figures(event)))
    return known


def _gate_figures(event: GateRowsCollected | GateTrained) -> Iterable[tuple[str, Setting]]:
    """The figures of a collection of rows or of a gate, as pairs of a name and a number."""
    if isinstance(event, GateRowsCollected):
        yield from (
            ("labelled tokens", event.n_rows), ("documents", event.n_documents), ("accepted, share", event.accepted),
            ("target's first choice, share", event.matched), ("total variation", event.tv), ("folder", event.folder),
        )  # fmt: skip
        return
    for score in event.scores:
        whose = "gate" if score.name == "gate" else "q alone"
        yield from ((f"AUC, {whose}", score.auc), (f"calibration error, {whose}", score.ece))
    yield from (
        ("weights", event.n_parameters), ("loss", event.loss), ("loss, held out", event.held_out_loss),
        ("tokens held out", event.n_held_out), ("documents held out", event.n_held_out_documents),
        ("folder", event.folder),
    )  # fmt: skip


def _machine(event: RunStarted | ComparisonStarted | WorkStarted) -> Fields:
    fields = [("device", event.device), ("dtype", event.dtype), ("processor", event.processor)]
    if not isinstance(event, WorkStarted):
        fields += [("forward", event.runtime or ""), ("quantized", "" if event.quantize == "none" else event.quantize)]
        fields += [("note", event.note)]
    return tuple((name, value[:_LONGEST]) for name, value in fields if value)


def _fields(pairs: Iterable[tuple[str, Setting]]) -> Fields:
    return tuple((name, _text(value)[:_LONGEST]) for name, value in pairs)


def _text(value: Setting) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
