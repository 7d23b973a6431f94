"""Reads what a kept run was made with from the beginning of its trace: settings, machine, versions, model hashes.

* imports neither Qt nor torch."""

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TypeAlias

from engine.events import ComparisonStarted, Event, RunStarted, Setting, TrainingStarted, WorkStarted
from engine.runs import trace

Fields: TypeAlias = tuple[tuple[str, str], ...]
# A training states its estimate, and a kept one its start, before what it trains with.
_N_LOOKED_AT = 8
_LONGEST = 2_000


class Particulars(NamedTuple):
    """What a run was made with: pairs of a name and a value, which are foreign text."""

    settings: Fields = ()
    machine: Fields = ()
    versions: Fields = ()
    hashes: Fields = ()


def read_particulars(path: Path) -> Particulars:
    """Read the beginning of a trace. Raises EngineError where it cannot be read."""
    return particulars(islice(trace.follow(path), _N_LOOKED_AT))


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
    return known


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
