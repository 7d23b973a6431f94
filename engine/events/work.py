"""Work that is kept besides runs and comparisons, and how kept work was cut short; others import from `engine.events`.

* imports neither Qt nor torch."""

from typing import Literal, TypeAlias

from engine.events.base import SCHEMA, Event, Setting

WorkKind: TypeAlias = Literal["run", "comparison", "training", "evaluation", "measurement"]


class WorkStarted(Event, frozen=True):
    """A training, an evaluation or a measurement began, with everything needed to repeat it.

    method: the objective, the method or the measurement, in a word. subject: what it works on: a text, a set of
    questions. hashes: of the models, by role."""

    work_id: str
    kind: WorkKind
    started_utc: str
    method: str
    target: str
    drafter: str
    settings: tuple[tuple[str, Setting], ...]
    device: str
    dtype: str
    subject: str = ""
    versions: tuple[tuple[str, str], ...] = ()
    processor: str = ""
    hashes: tuple[tuple[str, str], ...] = ()
    schema: int = SCHEMA


class WorkEnded(Event, frozen=True):
    """Work that is no run ended: before its own last event, or, if it has none, as it should. It is written to its log
    alone: whoever started the work learns the same from a refusal or an answer."""

    state: Literal["finished", "stopped", "failed"]
    why: str = ""
    hint: str = ""
    at_s: float = 0.0
