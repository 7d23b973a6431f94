"""The bar of the tab: Run on the document, Measure lengths, Pause, Step and Stop."""

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QWidget

from app import theme
from app.panels.verbs import Verbs
from app.state.verbs import Verb
from app.widgets.permission import allow
from app.widgets.steady_button import SteadyButton


class LongContextBar(QWidget):
    """`measure_asked`: the lengths are to be measured; the action of the same name is in the menu Run."""

    measure_asked = Signal()

    def __init__(self, verbs: Verbs, parent: QWidget) -> None:
        super().__init__(parent)
        self._verbs = verbs
        self.run = self._button("run", (self.tr("▶  Run on the document"),), self.tr(
            "Write on from the document, in view below (Ctrl+Enter)"
        ))  # fmt: skip
        self.run.setProperty("primary", True)
        pause_tip = self.tr("Hold after the round under way, or continue (Ctrl+P)")
        self.pause = self._button("pause", (self.tr("Pause"), self.tr("Resume")), pause_tip)
        self.step = self._button("step", (self.tr("Step"),), self.tr("Make one round and hold (F10)"))
        self.stop = self._button("stop", (self.tr("Stop"),), self.tr("Stop; what was made or measured is kept (Esc)"))
        self.measure = QPushButton(self.tr("Measure lengths"), self)
        self.measure_action = QAction(self.tr("Measure lengths"), self)
        for trigger in (self.measure.clicked, self.measure_action.triggered):
            trigger.connect(lambda _checked=False: self.measure_asked.emit())
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * theme.GRID, theme.GRID, 2 * theme.GRID, 0)
        row.setSpacing(theme.GRID)
        for button in (self.run, self.measure, self.pause, self.step, self.stop):
            row.addWidget(button)
        row.addStretch(1)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def show_state(self, *, paused: bool) -> None:
        """Label Pause with what it does next."""
        self.pause.show_text(self.tr("Resume") if paused else self.tr("Pause"))

    def allow_measuring(self, why_not: str) -> None:
        """Enable Measure if there is no reason against it."""
        tip = self.tr("Measure every drafter at every length, in turn with plain decoding")
        allow(self.measure, why_not, tip)
        self.measure_action.setEnabled(not why_not)
        self.measure_action.setToolTip(why_not or self.measure_action.text())

    def _button(self, verb: Verb, texts: tuple[str, ...], tip: str) -> SteadyButton:
        button = SteadyButton(texts, self)
        self._verbs.follow(button, verb, tip)
        return button
