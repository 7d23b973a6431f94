"""Panel: measured tokens per round, compared with the value that alpha predicts."""

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from app import theme
from app.plots.axis import round_end
from app.plots.curve import Curve
from app.plots.export import Column
from app.plots.panel import PlotPanel, tr
from app.state.store import RunStore
from engine.events import Event, RoundFinished
from engine.runs.round_counts import count_length
from engine.runs.summary import Summary
from engine.speed_model import expected_over

_FIRST_TOP = 5


class TokensPerRoundPlot(PlotPanel):
    """Running tau, and the value that the running alpha predicts for the lengths that were drafted."""

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(
            store,
            parent,
            title=tr("Tokens per round τ"),
            caption=tr("Plain decoding has 1. The lines should meet."),
            axis="τ",
            bottom=tr("round"),
            keys=(("━", tr("measured"), "accent"), ("╍", tr("from α"), "text")),
            empty=tr("τ appears with the first round."),
        )
        self.measured = Curve(self.plot)
        # Drawn on top, since the two nearly coincide where the paper's model holds.
        self.predicted = Curve(self.plot)
        self.recolour()
        self.clear()

    def clear(self) -> None:
        """Empty the plot."""
        self.decision_marks.clear()
        self._n_accepted = self._n_tested = self._n_emitted = 0
        self._n_rounds, self._most = 0, 0.0
        self._lengths: tuple[int, ...] = ()
        self.measured.clear()
        self.predicted.clear()
        self.set_span(Summary(), round_end(_FIRST_TOP))
        self.say_empty(Summary(), empty=True)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Append one point per round to both lines."""
        rounds = [event for event in new if isinstance(event, RoundFinished)]
        self.decision_marks.take(new)
        if rounds:
            self._append(rounds)
            self.measured.show()
            self.predicted.show()
        # A policy drafts more than gamma tokens where that pays.
        self.set_span(summary, round_end(max(2, summary.gamma + 1, self._most)))
        self.say_empty(summary, empty=not self._n_rounds)

    def _append(self, rounds: Sequence[RoundFinished]) -> None:
        numbers: list[float] = []
        taus: list[float] = []
        predicted_numbers: list[float] = []
        predictions: list[float] = []
        for event in rounds:
            self._n_accepted += event.n_accepted
            self._n_tested += event.n_tested
            self._n_emitted += len(event.emitted)
            self._n_rounds += 1
            self._lengths = count_length(self._lengths, event.depth)
            numbers.append(event.round)
            taus.append(self._n_emitted / self._n_rounds)
            self._most = max(self._most, taus[-1])
            if self._n_tested:
                predicted_numbers.append(event.round)
                alpha = self._n_accepted / self._n_tested
                predictions.append(expected_over(alpha, self._lengths, self._n_rounds))
        self.measured.extend(numbers, taus)
        self.predicted.extend(predicted_numbers, predictions)

    def reading(self, at: int) -> str | None:
        """Measured and predicted tokens per round up to a round."""
        measured, predicted = self.measured.at(at), self.predicted.at(at)
        if measured is None:
            return None
        if predicted is None:
            return tr("{0}: τ {1:.2f}").format(at + 1, measured)
        return tr("{0}: τ {1:.2f}, from α {2:.2f}").format(at + 1, measured, predicted)

    def columns(self) -> tuple[Column, ...]:
        """Both lines; the predicted one starts with the first tested token."""
        predicted = np.full(len(self.measured.x), np.nan)
        if n := len(self.predicted.y):
            predicted[-n:] = self.predicted.y
        return (
            Column(tr("round"), self.measured.x + 1), Column(tr("tau (tokens per round)"), self.measured.y),
            Column(tr("predicted from alpha (tokens per round)"), predicted),
        )  # fmt: skip

    def paint_items(self, colours: theme.Colours) -> None:
        """Paint the measured line solid and the predicted one dashed."""
        self.measured.item.setPen(pg.mkPen(colours.accent, width=2))
        self.predicted.item.setPen(pg.mkPen(colours.text, width=1, style=Qt.PenStyle.DashLine))
