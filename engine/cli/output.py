"""Prints what the commands report: one JSON object per line for programs, text for people, progress on stderr."""

import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import msgspec
from rich.table import Table

from engine import events
from engine.cli import terminal
from engine.cli.terminal import SafeConsole
from engine.errors import EngineError, InputError
from engine.events import Event
from engine.machine.file_kinds import refuse_irregular
from engine.machine.refused_writes import way_out
from engine.reports import shown_text, writing

Value: TypeAlias = object
# Without a terminal, progress is a line of its own, so long after the last one.
_PLAIN_EVERY_S = 30.0
# The only map from the engine's events to the objects that other programs read: event type -> name in the output.
NAMES: dict[type[Event], str] = {
    events.RunStarted: "started",
    events.PhaseFinished: "phase",
    events.RoundFinished: "round",
    events.BlockFinished: "block",
    events.PolicyDecided: "policy",
    events.Compared: "compared",
    events.Measured: "measured",
    events.ModelLoaded: "loaded",
    events.Estimated: "estimated",
    events.RunFinished: "finished",
    events.RunFailed: "failed",
    events.TrainingEstimated: "training_estimated",
    events.LayersTried: "layers_tried",
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
    events.VerifierTested: "verifier_tested",
    events.CostPredicted: "cost",
    events.QuestionAnswered: "answered",
    events.FileSkipped: "file_skipped",
    events.Indexed: "indexed",
    events.ComparisonStarted: "comparison",
    events.LaneRefused: "lane_refused",
    events.ConversionStarted: "conversion",
    events.LengthsStarted: "lengths",
    events.PrefillMeasured: "prefill",
    events.LengthMeasured: "length",
    events.SweepStarted: "sweep",
    events.SweepEstimated: "estimate",
    events.CellAnswered: "cell_answered",
    events.AllocationRouted: "routed",
    events.QualityJudged: "quality",
    events.QueryPriced: "priced",
    events.GateRowsCollected: "gate_rows",
    events.GateTrainingStarted: "gate_training",
    events.GateTrained: "gate_trained",
    events.SettingMeasured: "setting",
    events.DemonstrationsChosen: "demonstrations",
    events.ModelCalled: "call",
    events.IterationFinished: "iteration",
    events.ScalingAnswered: "scaling_answered",
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

    def __init__(self, *, json: bool, out: Path | None = None) -> None:
        """out: a file for the summary, machine and date included. Raises InputError where it cannot be written."""
        self.json = json
        self._out = out
        if out is not None:
            _refuse_unwritable(out)
        self.console = SafeConsole(highlight=False, soft_wrap=True, markup=False, emoji=False)  # names may hold either
        self._errors = SafeConsole(stderr=True, highlight=False, markup=False, emoji=False)
        self._progress_shown_s = time.monotonic()

    @property
    def saves(self) -> bool:
        """Whether the summary is written to a file too."""
        return self._out is not None

    def event(self, event: Event) -> None:
        """Print an event as JSON, or progress as a line on stderr: over the last one, or, where stderr is no terminal,
        a line every half minute."""
        if isinstance(event, events.Progressed):
            self._progress(event)
            return
        if isinstance(event, events.ConversionStarted):
            self.note(_conversion(event))
        if self.json and (line := project(event)) is not None:
            self.line(line)

    def summary(self, fields: Mapping[str, Value], *, saved: Mapping[str, Value] | None = None) -> None:
        """Print the last object, or its fields as a table, and write it to the file that was named, whichever of these
        is refused. saved: what the file holds in its place."""
        try:
            self._print_summary(fields)
        finally:
            if self._out is not None:
                self.save(fields if saved is None else saved)

    def _print_summary(self, fields: Mapping[str, Value]) -> None:
        if self.json:
            self.line({"event": "summary", **fields})
            return
        table = Table(show_header=False, box=None, pad_edge=False)
        for name, value in fields.items():
            table.add_row(name.replace("_", " "), _readable(value))
        self.console.print(table)

    def table(self, rows: Sequence[Sequence[str]]) -> None:
        """Print rows in columns, header first; on stderr where JSON is printed."""
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            print(shown_text.printable(line), file=sys.stderr if self.json else sys.stdout)

    def save(self, fields: Mapping[str, Value]) -> None:
        """Write fields to the file that was named, with the machine, versions and date they were measured with.

        Raises EngineError where the system refuses; a file that was there is then as it was."""
        # Imported late: they load torch.
        import torch

        from engine.machine import versions

        assert self._out is not None
        device = torch.device(str(fields.get("device", "cpu")))
        environment = {
            "machine": versions.processor(device), "versions": dict(versions.versions()),
            "measured_utc": versions.now_utc(),
        }  # fmt: skip
        text = msgspec.json.format(msgspec.json.encode({**environment, **fields}), indent=1)
        try:
            writing.replace(self._out, text + b"\n")
        except OSError as err:
            raise EngineError(f"{self._out} cannot be written ({err.strerror or err})", way_out(err)) from err

    def note(self, text: str) -> None:
        """Print a note for the person at the terminal, on stderr and always as one line, whatever names are in it."""
        self._errors.print(terminal.line(text), markup=False, soft_wrap=True)

    def line(self, fields: Mapping[str, Value]) -> None:
        """Print one object."""
        sys.stdout.write(terminal.json_line(fields) + "\n")
        sys.stdout.flush()

    def _progress(self, event: events.Progressed) -> None:
        if sys.stderr.isatty():
            self._errors.print(f"{_progress_line(event):<60}", end="\r", markup=False)
        elif (now := time.monotonic()) - self._progress_shown_s >= _PLAIN_EVERY_S:
            self._progress_shown_s = now
            self.note(_progress_line(event))


def _progress_line(event: events.Progressed) -> str:
    of_total = f" of {event.total:,.0f}" if event.total else ""
    left = "" if event.left_s is None else f", {event.left_s:,.0f} s left"
    return f"{event.phase} {event.done:,.0f}{of_total} {event.unit}{left}"


def _refuse_unwritable(out: Path) -> None:
    """Raises InputError for a file that could not be written once the work is done."""
    refuse_irregular(out, "name a file")
    folder, hint = out.absolute().parent, "name a file in a folder that is there and can be written"
    try:
        is_there = out.exists()
    except OSError as err:
        raise InputError(f"{out} cannot be written ({err.strerror})", hint) from err
    if not folder.is_dir() or not os.access(out if is_there else folder, os.W_OK):
        raise InputError(f"{out} cannot be written", hint)


def _conversion(event: events.ConversionStarted) -> str:
    """What a conversion takes, before it is done."""
    return (
        f"{Path(event.file).name} is converted once into safetensors ({event.dtype}): about {event.seconds:.0f} s, "
        f"{event.disk_bytes / 2**30:.1f} GiB in {event.folder}, up to {event.memory_bytes / 2**30:.1f} GiB of memory"
    )


def _readable(value: Value) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple) and value and all(isinstance(element, float) for element in value):
        return "[" + ", ".join(f"{element:.4g}" for element in value) + "]"
    if isinstance(value, list | tuple) and len(value) > 12:
        return f"{len(value)} items"
    if isinstance(value, list | tuple):
        return ", ".join(map(_readable, value)) or "-"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_readable(element)}" for name, element in value.items())
    return "-" if value is None else str(value)
