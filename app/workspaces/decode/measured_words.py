"""Describes a measurement in words: its progress, how it ended, what it was made with."""

from pathlib import Path

from PySide6.QtCore import QCoreApplication

from app.text.plain_text import one_line
from app.words import runs, speedups
from app.words.counts import count
from app.words.model_names import builtin_name
from engine.events import Progressed, Role, ScalingMeasured


def tr(text: str) -> str:
    """Translate a text about a measurement."""
    return QCoreApplication.translate("measured", text)


def state(measured: ScalingMeasured | None, at: Progressed | None) -> str:
    """Describe the progress of the measurement under way."""
    if at is None or at.phase != "measuring":
        return tr("preparing to measure")
    return tr("{0}: {1:.0f} of {2:.0f} {3}").format(_stage(measured), at.done, at.total, one_line(at.unit))


def _stage(measured: ScalingMeasured | None) -> str:
    """Which plot is being filled."""
    if measured is None or measured.complete or not measured.contexts:
        return tr("measuring")
    if measured.batches:
        return tr("measuring, {0} and {1} done").format(
            count(len(measured.contexts), "context"), count(len(measured.batches), "batch size")
        )
    return tr("measuring, {0} done").format(count(len(measured.contexts), "context"))


def ending(measured: ScalingMeasured | None, source: Path | None, *, early: bool) -> str:
    """Say how the measurement on show ended, or what one takes. source: its file; early: some points are missing."""
    if measured is None:
        return tr("Takes about a minute with the built-in pair. What the window draws meanwhile is in the times.")
    read_from = "" if source is None else tr("from {0}: ").format(one_line(source.name))
    so_far = tr("ended early; the points so far are shown: ") if early else ""
    return read_from + so_far + made_with(measured)


def made_with(measured: ScalingMeasured) -> str:
    """Return what tells this measurement from another: pair, settings, machine, date."""
    pair = " + ".join(filter(None, (_name(measured.target, "target"), _name(measured.drafter, "drafter"))))
    device = runs.short(" ".join(filter(None, (measured.device, measured.dtype))))
    blocks = tr("{0} of {1}").format(
        speedups.counted(measured.n_blocks, "blocks"), count(measured.max_new_tokens, "token")
    )
    facts = (
        pair,
        tr("γ {0}").format(measured.gamma),
        tr("greedy"),
        blocks,
        speedups.bars(measured.n_blocks),
        device,
        runs.short(measured.measured_utc),
    )
    note = (one_line(measured.timing_pair),) if measured.timing_pair else ()
    return " · ".join(filter(None, (*facts, *note)))


def _name(spec: str, role: Role) -> str:
    return builtin_name(spec, role) or runs.short(spec) if spec else ""
