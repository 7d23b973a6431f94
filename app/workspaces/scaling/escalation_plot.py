"""Plot of escalation: how good each answer looked and whether it was right, and what a threshold would bring."""

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app import theme
from app.plots.export import Column, Table
from app.plots.panel import PlotPanel
from app.state.selection import Selection
from app.state.store import RunStore
from app.text.plain_text import one_line
from app.widgets.labels import ElasticLine
from app.widgets.permission import allow
from app.widgets.steady_button import SteadyButton
from app.words.choice_names import choice_name
from app.words.counts import count
from app.workspaces.scaling.sweeping import SweepProgress
from app.workspaces.scaling.words import allocation, share
from engine.allocation.escalation import EscalationPoint, at, curve
from engine.allocation.prices import TokenPrices
from engine.events import Event
from engine.events.allocation import EscalationLadder
from engine.runs.summary import Summary

# Above the curves, which end at 1: where right answers and where wrong ones stand.
_RIGHT, _WRONG, _SPREAD, _HEADROOM = 1.08, 1.24, 0.1, 0.4
_MOST_MARKS = 1000
_MARK_SIZE, _STEP = 7, 0.01
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
# Every score is below it.
ALWAYS = 1.0 + 1e-9
# Places that look random and are the same every time.
_GOLDEN = 0.618


def tr(text: str) -> str:
    """Translate a text about escalation."""
    return QCoreApplication.translate("scaling_escalation", text)


class EscalationPlot(PlotPanel):
    """`use_asked`: questions are to be asked with this threshold and score. A drag, a click or ← → move the line."""

    every_ms = 250
    use_asked = Signal(float, str)

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(
            store, parent, title=tr("Escalation"), caption="", axis=tr("share"), bottom=tr("quality score"),
            empty=tr("Sweep with a quality of answers: each answer by its score appears here, and what a threshold is "
                     "worth."),
            keys=(("━", tr("accuracy"), "accent"), ("╌", tr("go on"), "muted"), ("○", tr("right"), "accepted"),
                  ("×", tr("wrong"), "rejected")),
        )  # fmt: skip
        self._drawn = -1
        self._ladder: EscalationLadder | None = None
        self._points: tuple[EscalationPoint, ...] = ()
        self.prices = TokenPrices(0.0, 0.0)
        self.accuracy, self.going_on = (pg.PlotCurveItem(skipFiniteCheck=True) for _ in range(2))
        self.right, self.wrong = (pg.ScatterPlotItem(symbol=symbol, size=_MARK_SIZE) for symbol in "ox")
        self.threshold = pg.InfiniteLine(angle=90, movable=False)
        for item in (self.accuracy, self.going_on, self.right, self.wrong, self.threshold):
            self.plot.addItem(item)
        self.widget.setToolTip(
            tr("Drag or ← → move the threshold: answers left of it are asked again; right-click or Shift+F10 export.")
        )
        self.brings = ElasticLine(self)
        self.brings.setAccessibleName(tr("What the threshold brings"))
        self.use = SteadyButton((tr("Use"),), self)
        self.use.clicked.connect(self._on_use)
        row = QHBoxLayout()
        row.setSpacing(theme.GRID)
        row.addWidget(self.brings, 1)
        row.addWidget(self.use)
        if (column := self.layout()) is not None:
            column.addLayout(row)  # type: ignore[attr-defined]
        self.plot.getAxis("bottom").setTicks([[(x, f"{x:.2f}") for x in _TICKS]])
        self.set_range(-0.02, 1.02, 1.0, headroom=_HEADROOM)
        self.recolour()
        self._show_ladder()
        self.draw((), store.summary)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Redraw when the sweep, its fit or the threshold has changed."""
        sweep = self.store.tab(SweepProgress)
        if sweep.changes == self._drawn:
            return
        self._drawn = sweep.changes
        ladder = None if sweep.fitted is None else sweep.fitted.escalation
        if ladder is not self._ladder:
            self._ladder = ladder
            self._points = () if ladder is None else curve(ladder)
            self._show_ladder()
        self.threshold.setValue(sweep.threshold)
        self.show_words()

    def show_prices(self, prices: TokenPrices) -> None:
        """Say what a question costs at these prices."""
        self.prices = prices
        self.show_words()

    def show_words(self) -> None:
        """Say what the threshold brings, or why nothing can be said."""
        sweep, ladder = self.store.tab(SweepProgress), self._ladder
        why_not = "" if sweep.fitted is None else one_line(sweep.fitted.why_no_escalation)
        self.caption.show_text("" if ladder is None else _of_what(ladder))
        self.say_empty(Summary(), empty=ladder is None)
        if ladder is None:
            self.brings.show_text(tr("no threshold: {0}").format(why_not) if why_not else "")
            allow(self.use, why_not or tr("there is no judged sweep yet"), "")
            return
        self.brings.show_text(words_at(ladder, sweep.threshold, self.prices))
        why_not = "" if sweep.threshold > 0 else tr("below 0 nothing is asked again")
        allow(self.use, why_not, tr("Answer from small to large from now on, with this threshold and score"))

    def _show_ladder(self) -> None:
        questions = () if self._ladder is None else self._ladder.questions
        self.accuracy.setData([p.threshold for p in self._points], [p.accuracy for p in self._points])
        self.going_on.setData([p.threshold for p in self._points], [p.share_escalated for p in self._points])
        stride = -(-len(questions) // _MOST_MARKS) or 1
        for item, is_right, level in ((self.right, True, _RIGHT), (self.wrong, False, _WRONG)):
            xs = [question.quality[0] for question in questions[::stride] if question.right[0] is is_right]
            item.setData(np.array(xs), level + _SPREAD * (np.arange(len(xs)) * _GOLDEN % 1))
        for item in (self.accuracy, self.going_on, self.right, self.wrong, self.threshold):
            item.setVisible(self._ladder is not None)

    def paint_items(self, colours: theme.Colours) -> None:
        """Paint curves, marks and threshold in the colours of the palette."""
        if not hasattr(self, "threshold"):
            return
        self.accuracy.setPen(pg.mkPen(colours.accent, width=2))
        self.going_on.setPen(pg.mkPen(colours.muted, width=1.5, style=Qt.PenStyle.DashLine))
        self.threshold.setPen(pg.mkPen(colours.text, width=2))
        for item, colour in ((self.right, colours.accepted), (self.wrong, colours.rejected)):
            item.setPen(pg.mkPen(QColor(colour), width=1.2))
            item.setBrush(pg.mkBrush(None))

    # Moving the threshold

    def mark(self, selection: Selection | None) -> None:
        """Mark nothing: the axis is not rounds."""

    def _on_pointed(self, place: float) -> None:
        if QGuiApplication.mouseButtons() & Qt.MouseButton.LeftButton:
            self.move_to(place)

    def _select(self, number: int) -> None:
        """Do nothing: a click moves the threshold to where it was, see `_connect_canvas`."""

    def _on_stepped(self, by: int) -> None:
        self.move_to(self.store.tab(SweepProgress).threshold + by * _STEP)

    def _connect_canvas(self) -> None:
        super()._connect_canvas()
        self.widget.picked.connect(self.move_to)
        self.widget.end_asked.connect(lambda last: self.move_to(1.0 if last else 0.0))

    def move_to(self, place: float) -> None:
        """Move the threshold."""
        if self._ladder is not None:
            self.store.tab(SweepProgress).choose_threshold(round(min(1.0, max(0.0, place)), 2))
            self.draw((), self.store.summary)

    def _on_use(self) -> None:
        if self._ladder is not None:
            self.use_asked.emit(self.store.tab(SweepProgress).threshold, self._ladder.score)

    # Export

    def columns(self) -> tuple[Column, ...]:
        """Return every threshold with what it brings."""
        names = (tr("threshold"), tr("accuracy"), tr("tokens read"), tr("go on"), tr("tokens written"))
        return tuple(
            Column(name, np.array([point[place] for point in self._points], dtype=np.float64))
            for place, name in enumerate(names)
        )

    def table(self) -> Table:
        """Return the content of a CSV file of the plot."""
        return Table((f"draftscope: {self.title}", self.note()), self.columns())

    def note(self) -> str:
        """Return what the figures hold for."""
        of_what = "" if self._ladder is None else _of_what(self._ladder)
        return " · ".join(filter(None, (of_what, self.store.tab(SweepProgress).scope)))

    def origin(self) -> str:
        """Return what tells the exported file apart."""
        return "" if self._ladder is None else self._ladder.score


def _of_what(ladder: EscalationLadder) -> str:
    """Through which cells, judged by what, and what the ends of the axis bring."""
    steps = " → ".join(map(allocation, ladder.steps))
    never, always = at(ladder, 0.0), at(ladder, ALWAYS)
    return tr("by {0}; never: {1} at {2}, always: {3} at {4}; {5}").format(
        choice_name("quality", ladder.score), share(never.accuracy), count(round(never.mean_context), "token"),
        share(always.accuracy), count(round(always.mean_context), "token"), steps,
    )  # fmt: skip


def words_at(ladder: EscalationLadder, threshold: float, prices: TokenPrices) -> str:
    """Say what a threshold brings."""
    chosen = at(ladder, threshold)
    text = tr("below {0}: {1:.0%} go on, accuracy {2}, {3}")
    cost = _cost(chosen, prices)
    return text.format(share(threshold), chosen.share_escalated, share(chosen.accuracy), cost)


def _cost(point: EscalationPoint, prices: TokenPrices) -> str:
    tokens = tr("{0} each").format(count(round(point.mean_context), "token"))
    if not any(prices):
        return tokens
    cost = (point.mean_context * prices.input + point.mean_output * prices.output) / 1e6
    return tr("{0} at {1:.6f}").format(tokens, cost)
