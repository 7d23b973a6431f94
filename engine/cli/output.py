"""What the commands print: JSON objects a line for programs, text for people, progress on stderr."""

import sys
from collections.abc import Mapping
from typing import TypeAlias

import msgspec
from rich.console import Console
from rich.table import Table

from engine import events
from engine.events import Event

Value: TypeAlias = object
# The one table between the engine's events and the objects other programs read: event type -> its name in the output.
NAMES: dict[type[Event], str] = {
    events.RunStarted: "started",
    events.PhaseFinished: "phase",
    events.RoundFinished: "round",
    events.BlockFinished: "block",
    events.Compared: "compared",
    events.Measured: "measured",
    events.Decided: "decided",
    events.ModelLoaded: "loaded",
    events.Estimated: "estimated",
    events.RunFinished: "finished",
    events.RunFailed: "failed",
    events.TrainingEstimated: "training_estimated",
    events.TrainingStarted: "training_started",
    events.TrainingFinished: "training_finished",
    events.DrafterMeasured: "drafter_measured",
    events.CheckpointSaved: "checkpoint_saved",
    events.Warned: "warned",
    events.Retrieved: "retrieved",
    events.Mapped: "mapped",
    events.Partitioned: "partition",
    events.PromptRead: "prompt_read",
    events.DraftFinished: "draft",
    events.CandidateScored: "score",
    events.CostPredicted: "cost",
    events.QuestionAnswered: "answered",
    events.FileSkipped: "file_skipped",
    events.Indexed: "indexed",
}


def project(event: Event) -> dict[str, Value] | None:
    """The object printed for an event; None where it is not printed."""
    name = NAMES.get(type(event))
    if name is None:
        return None
    fields: dict[str, Value] = msgspec.to_builtins(event)
    return {**fields, "event": name}


class Output:
    """Where a command's results go."""

    def __init__(self, *, json: bool) -> None:
        self.json = json
        self.console = Console(highlight=False, soft_wrap=True)
        self._errors = Console(stderr=True, highlight=False)

    def event(self, event: Event) -> None:
        """Print an event as JSON, or progress as a line on stderr."""
        if isinstance(event, events.Progressed):
            self._progress(event)
        elif self.json and (line := project(event)) is not None:
            self.line(line)

    def summary(self, fields: Mapping[str, Value]) -> None:
        """Print the last object, or its fields as a table."""
        if self.json:
            self.line({"event": "summary", **fields})
            return
        table = Table(show_header=False, box=None, pad_edge=False)
        for name, value in fields.items():
            table.add_row(name.replace("_", " "), _readable(value))
        self.console.print(table)

    def note(self, text: str) -> None:
        """A word to the person at the terminal, on stderr."""
        self._errors.print(text, markup=False)

    def line(self, fields: Mapping[str, Value]) -> None:
        """Print one object."""
        sys.stdout.write(msgspec.json.encode(fields).decode() + "\n")
        sys.stdout.flush()

    def _progress(self, event: events.Progressed) -> None:
        if sys.stderr.isatty():
            line = f"{event.phase} {event.done:g} of {event.total:g} {event.unit}"
            self._errors.print(f"{line:<60}", end="\r", markup=False)


def _readable(value: Value) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple) and all(isinstance(item, float) for item in value):
        return "[" + ", ".join(f"{item:.4g}" for item in value) + "]"
    if isinstance(value, list | tuple) and len(value) > 12:
        return f"{len(value)} items"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_readable(item)}" for name, item in value.items())
    return "-" if value is None else str(value)
