"""Panel of the calibration: how reliable the target's verdicts are, before and after fitting a temperature."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app import theme
from app.panel import Panel
from app.plots.export import Column, Table
from app.plots.plane import BOTH, Plane, Spot
from app.state.store import RunStore
from app.widgets.labels import plain_label
from app.words import quantities
from app.workspaces.rag import evaluation_words
from app.workspaces.rag.cluster_marks import mark_of
from app.workspaces.rag.evaluation_record import Evaluation, ShownBin, ShownCalibration
from app.workspaces.rag.evaluations import EvaluationProgress
from engine.events import Event
from engine.runs.summary import Summary

_BEFORE, _AFTER = mark_of(1), mark_of(0)
_WIDTH = 46 * theme.GRID


class CalibrationPanel(Panel):
    """Shows the calibration of the evaluation on show."""

    every_ms = 250

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._drawn: Evaluation | None = None
        marks = self.tr("{0} as it is · {1} with the fitted temperature · dashed: taken at its word")
        self.plane = Plane(
            self.tr("Reliability of the verdicts"),
            (self.tr("stated probability of Yes"), self.tr("share that was right")),
            marks.format(_BEFORE.glyph, _AFTER.glyph),
            self.tr("Open an evaluation with a calibration: what was stated against what was right appears here."),
            self,
            table=self.exported_table,
            note=lambda: evaluation_words.title(self._drawn),
            shares=BOTH,
        )
        self.plane.show_line((0.0, 1.0), (0.0, 1.0))
        self.plane.show_spots((), ends=(0.0, 1.02, 0.0, 1.05))
        self.headline = plain_label(quantities.UNKNOWN, self)
        self.headline.setFont(theme.tabular(theme.scaled(self.font(), theme.HEADLINE_SCALE, bold=True)))
        self.headline.setAccessibleName(self.tr("Fitted temperature"))
        self.meaning = plain_label("", self, role="muted", wraps=True)
        self.errors = plain_label("", self, wraps=True)
        self.use = plain_label("", self, role="muted", wraps=True)
        self._lay_out()
        self.draw((), store.summary)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Redraw when another evaluation is on show; runs do not matter here."""
        evaluation = self.store.tab(EvaluationProgress).shown
        if evaluation is not None and evaluation is self._drawn:
            return
        self._drawn = evaluation
        calibration = None if evaluation is None else evaluation.calibration
        self.headline.setText(quantities.UNKNOWN if calibration is None else f"T {calibration.temperature:.2f}")
        self.meaning.setText(self._meaning(calibration))
        self.errors.setText(self._errors(calibration))
        self.use.setText(self._use(calibration))
        if calibration is not None:
            points = [*_spots(calibration.bins_before, before=True), *_spots(calibration.bins_after, before=False)]
            self.plane.show_spots(points, ends=(0.0, 1.02, 0.0, 1.05))

    def exported_table(self) -> Table:
        """Return the content of a CSV file of the diagram: one row per bin."""
        calibration = None if self._drawn is None else self._drawn.calibration
        bins = ((), ()) if calibration is None else (calibration.bins_before, calibration.bins_after)
        series = zip(("as it is", "with the fitted temperature"), bins, strict=True)
        rows = [(name, shown_bin) for name, shown_bins in series for shown_bin in shown_bins]
        return Table(
            (f"draftscope: {self.tr('reliability of the verdicts')}", evaluation_words.title(self._drawn)),
            (
                Column("verdicts", np.array([name for name, _ in rows], dtype=object)),
                Column("stated probability of Yes", np.array([shown_bin.confidence for _, shown_bin in rows])),
                Column("share that was right", np.array([shown_bin.accuracy for _, shown_bin in rows])),
                Column("n", np.array([shown_bin.n for _, shown_bin in rows])),
            ),
        )

    def _meaning(self, calibration: ShownCalibration | None) -> str:
        if calibration is None:
            return self.tr(
                "The temperature by which the logits of Yes and No are divided, so that a stated 0.8 is right in 8 of "
                "10 cases. It is fitted by draftscope rag eval on questions with known answers."
            )
        if calibration.says_nothing:
            return self.tr(
                "Fitted on {0:,} verdicts, the temperature came to the end of its range: the scores say nothing about "
                "correctness. An even 0.5 for every draft fits better than any probability the target states."
            ).format(calibration.n)
        return self.tr("Temperature fitted on {0:,} verdicts. Above 1 the target was too sure of itself.").format(
            calibration.n
        )

    def _errors(self, calibration: ShownCalibration | None) -> str:
        if calibration is None:
            return ""
        text = self.tr("Expected calibration error on {0:,} others: {1:.3f} as it is, {2:.3f} with the temperature")
        return text.format(calibration.n_held_out, calibration.ece_before, calibration.ece_after)

    def _use(self, calibration: ShownCalibration | None) -> str:
        if calibration is None:
            return ""
        if calibration.says_nothing:
            return self.tr(
                "There is no temperature to use. Draft and self-containment may choose better without the verdict: an "
                "evaluation with the ablation says so."
            )
        return self.tr("To use it, set the verdict temperature to {0:.2f} in the setup of the answer.").format(
            calibration.temperature
        )

    def _lay_out(self) -> None:
        side = QWidget(self)
        side.setFixedWidth(_WIDTH)
        column = QVBoxLayout(side)
        column.setContentsMargins(2 * theme.GRID, theme.GRID, theme.GRID, theme.GRID)
        column.setSpacing(theme.GRID)
        column.addWidget(plain_label(self.tr("Fitted temperature"), self, role="title"))
        for label in (self.headline, self.meaning, self.errors, self.use):
            column.addWidget(label)
        column.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, theme.GRID, theme.GRID)
        row.addWidget(side)
        row.addWidget(self.plane, 1)


def _spots(bins: tuple[ShownBin, ...], *, before: bool) -> list[Spot]:
    mark = _BEFORE if before else _AFTER
    return [Spot("" if before else f"{b.n:,}", mark, b.confidence, b.accuracy) for b in bins]
