"""Panel of the gate: its ROC curve with the threshold as a point on it, or in words why no gate is known."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from app import theme
from app.panel import Panel
from app.state.store import RunStore
from app.widgets.labels import ElasticLine, plain_label
from app.widgets.number_box import NumberBox
from app.widgets.permission import allow
from app.widgets.side_column import SideColumn
from app.widgets.steady_button import SteadyButton
from app.workspaces.approximate.gate import figures, words
from app.workspaces.approximate.gate.known import GateChoice, KnownGate
from app.workspaces.approximate.gate.roc import RocPlot
from app.workspaces.approximate.state import ThresholdProgress
from engine.events import Event
from engine.runs.summary import Summary

_EMPTY_WIDTH = 30  # characters


class ThresholdBox(NumberBox):
    """A threshold from 0 to 1. `entered`: Enter was pressed."""

    entered = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setDecimals(3)
        self.setRange(0.0, 1.0)
        self.setFont(theme.tabular(self.font()))
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.setAccessibleName(self.tr("Threshold"))
        self.setToolTip(self.tr("The gate accepts a token from this probability on. ↑ ↓ move it; Enter measures it."))

    def stepBy(self, steps: int) -> None:  # noqa: N802 (Qt's name)
        """Step as the point of the curve does."""
        self.setValue(figures.stepped(self.value(), steps))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Take what was typed on Enter, and say so."""
        super().keyPressEvent(event)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.interpretText()
            self.entered.emit()


class RocPanel(Panel):
    """`threshold_settled`: the threshold stays where it was moved to; `threshold_chosen`: the point was let go of, or
    Enter was pressed; `measure_asked`: the button was. `threshold_moved` comes while it is dragged, too."""

    every_ms = 0
    threshold_moved = Signal(float)
    threshold_settled = Signal(float)
    threshold_chosen = Signal(float)
    measure_asked = Signal()

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._drawn: tuple[KnownGate, GateChoice] | None = None
        self.facts = ElasticLine(self, role="muted")
        self.roc = RocPlot(self)
        self.box = ThresholdBox(self)
        self.measure = SteadyButton((self.tr("Measure"),), self)
        self.empty = plain_label("", self, role="muted", wraps=True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.empty.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.stack = QStackedWidget(self)
        self._lay_out()
        self.roc.moved.connect(self.threshold_moved)
        self.roc.settled.connect(self.threshold_settled)
        self.roc.chosen.connect(self.threshold_chosen)
        self.roc.plane.export_failed.connect(store.report)
        self.box.valueChanged.connect(self._on_box)
        self.box.entered.connect(lambda: self.threshold_chosen.emit(round(self.box.value(), 3)))
        self.measure.clicked.connect(lambda _checked=False: self.measure_asked.emit())
        self.draw((), store.summary)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Follow the gate and the threshold."""
        state = self.store.tab(ThresholdProgress)
        if self._drawn != (state.gate, state.choice):
            self._drawn = (state.gate, state.choice)
            card = state.gate.card
            self.roc.show_card(card)
            self.facts.show_text(*("",) if card is None else (words.held_out(card), words.held_out_short(card)))
            self.empty.setText(words.why_none(state.gate))
            self.stack.setCurrentIndex(0 if card is not None else 1)
        self.roc.show_threshold(state.threshold)
        if round(self.box.value(), 3) != state.threshold:
            self.box.setValue(state.threshold)

    def allow_measure(self, why_not: str, tip: str) -> None:
        """Enable Measure if there is no reason against it."""
        allow(self.measure, why_not, tip)

    def _on_box(self, value: float) -> None:
        threshold = round(value, 3)
        if threshold != self.store.tab(ThresholdProgress).threshold:
            self.threshold_moved.emit(threshold)
            self.threshold_settled.emit(threshold)

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(2 * theme.GRID, 0, theme.GRID, 0)
        row.setSpacing(theme.GRID)
        label = plain_label(self.tr("Threshold"), self)
        label.setBuddy(self.box)
        label.setToolTip(self.box.toolTip())
        row.addWidget(label)
        row.addWidget(self.box)
        row.addWidget(self.measure)
        row.addWidget(self.facts, 1)
        known = QWidget(self)
        column = QVBoxLayout(known)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.roc, 1)
        column.addLayout(row)
        nothing = QWidget(self)
        words_column = QVBoxLayout(nothing)
        words_column.setContentsMargins(2 * theme.GRID, theme.GRID, 2 * theme.GRID, theme.GRID)
        words_column.addWidget(plain_label(self.tr("Gate"), self, role="title"))
        words_column.addWidget(self.empty, 1)
        for page in (known, SideColumn(nothing, _EMPTY_WIDTH)):  # many words, which scroll where there is little room
            self.stack.addWidget(page)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.stack)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Follow the font: the threshold keeps its room."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self.box.setMinimumWidth(self.fontMetrics().horizontalAdvance("0.9990") + 4 * theme.GRID)
