"""The page on which a gate is made: rows are collected and a gate is trained on them, both in view."""

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import QSettings, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app import theme
from app.panel import Panel
from app.state.store import RunStore
from app.text.plain_text import plain_tip
from app.widgets.labels import ElasticLine
from app.widgets.note_label import NoteLabel
from app.widgets.permission import allow
from app.widgets.progress_bar import CalmProgressBar
from app.widgets.reserved_space import keep_room
from app.widgets.side_column import SideColumn
from app.workspaces.approximate import gate_words
from app.workspaces.approximate.gate_form import GateForm
from app.workspaces.approximate.gate_loss import GateLossPlot
from app.workspaces.approximate.gate_state import GateProgress
from app.workspaces.approximate.gate_words import tr
from engine.commands import Load
from engine.events import Event, Setting
from engine.runs.summary import Summary

# The figures scroll where the page is lower than they are.
_FORM_WIDTH, _FIGURES_WIDTH, _N_LINES = 34, 40, 40
_GROUP = "approximate/gate"


class GateBarPanel(Panel):
    """The buttons, and below them the state of the work. `asked` carries the name of what a button asks for."""

    every_ms = 100
    asked = Signal(str)

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self.both = self._button("both", tr("▶  Collect and train"))
        self.both.setProperty("primary", True)
        self.collect = self._button("collect", tr("Collect"))
        self.train = self._button("train", tr("Train"))
        self.use = self._button("use", tr("Use this gate"))
        self.state = ElasticLine(self)
        self.state.setAccessibleName(tr("State of the gate"))
        self.progress = CalmProgressBar(tr("Progress of the gate"), self)
        self.progress.setFixedSize(16 * theme.GRID, theme.GRID)
        keep_room(self.progress)
        row = QHBoxLayout()
        row.setSpacing(theme.GRID)
        for button in (self.both, self.collect, self.train, self.use):
            row.addWidget(button)
        row.addStretch(1)
        below = QHBoxLayout()
        below.setSpacing(theme.GRID)
        below.addWidget(self.state, 1)
        below.addWidget(self.progress)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * theme.GRID, theme.GRID, 2 * theme.GRID, 0)
        column.setSpacing(theme.HALF)
        column.addLayout(row)
        column.addLayout(below)
        self.draw((), store.summary)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Update state and progress, and offer the gate where there is one."""
        gate, at = self.store.tab(GateProgress), self.store.engine.progressed
        live = gate.live or gate.record.live
        self.state.show_text(*(gate.status(at),) if live else gate_words.endings(gate.record))
        self.progress.setVisible(live)
        if live:
            self.progress.show_progress(at)
        tip = tr("Decode with this gate from now on: in Run, in Sweep")
        allow(self.use, gate_words.why_not_usable(gate.record), tip)

    def allow_work(self, why_not: str) -> None:
        """Enable what begins work if there is no reason against it."""
        for button, tip in (
            (self.both, tr("Label drafted tokens along the texts, then train a gate on them (Ctrl+Enter)")),
            (self.collect, tr("Label drafted tokens along the texts; continues where it was stopped")),
            (self.train, tr("Train a gate on the rows that are in their folder")),
        ):
            allow(button, why_not, tip)

    def _button(self, what: str, text: str) -> QPushButton:
        button = QPushButton(text, self)
        button.clicked.connect(lambda _checked=False: self.asked.emit(what))
        return button


class GateFiguresPanel(Panel):
    """What is known of rows, training and gate, a line each."""

    every_ms = 250

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self.figures = NoteLabel(_N_LINES, self)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.GRID, theme.GRID, 2 * theme.GRID, theme.GRID)
        column.addWidget(self.figures)
        column.addStretch(1)
        self.draw((), store.summary)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Spell out the figures."""
        text = gate_words.figures(self.store.tab(GateProgress).record) or tr(
            "Collect has the drafter write along texts and labels each of its tokens by what the target would do."
            " Train fits a gate to these rows and measures it on documents that it did not see."
        )
        if text != self.figures.text():
            self.figures.setText(text)
            self.figures.setToolTip(plain_tip(text))


class GatePage(QWidget):
    """`use_asked` carries the folder of a gate that is to be used. pair, sampling: what the tab has chosen."""

    use_asked = Signal(str)
    changed = Signal()

    def __init__(
        self,
        store: RunStore,
        parent: QWidget,
        *,
        pair: Callable[[], Load],
        sampling: Callable[[], Mapping[str, Setting]],
    ) -> None:
        super().__init__(parent)
        self._store, self._pair, self._sampling = store, pair, sampling
        self.form = GateForm(self)
        self.bar = GateBarPanel(store, self)
        self.loss = GateLossPlot(store, self)
        self.figures = GateFiguresPanel(store, self)
        self.bar.asked.connect(self.do)
        self.form.changed.connect(self.changed)
        self.loss.export_failed.connect(store.report)
        self.loss.exported.connect(lambda path: store.tell(tr("exported to {0}").format(path)))
        lower = QHBoxLayout()
        lower.setSpacing(0)
        lower.addWidget(self.loss, 1)
        lower.addWidget(SideColumn(self.figures, _FIGURES_WIDTH, self, fixed=True))
        right = QVBoxLayout()
        right.setSpacing(0)
        right.addWidget(self.bar)
        right.addLayout(lower, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(SideColumn(self.form, _FORM_WIDTH, self, fixed=True))
        row.addLayout(right, 1)
        self._why_no_settings = ""
        self.follow_choice()

    @property
    def _gate(self) -> GateProgress:
        return self._store.tab(GateProgress)

    def do(self, what: str) -> None:
        """Collect rows, train a gate, do both, or offer the gate to the tab."""
        if what == "use":
            trained = self._gate.record.trained
            if trained is not None:
                self.use_asked.emit(trained.folder)
            return
        if self.why_not():
            return
        pair = self._pair()
        training = self.form.training_of(pair)
        if what == "train":
            self._gate.train(training)
        else:
            collection = self.form.collection(pair, self._sampling())
            self._gate.collect(pair, collection, training if what == "both" else None)

    def why_not(self) -> str:
        """Why nothing can be collected or trained now; empty where it can."""
        return self._why_no_settings or self._store.may_start()

    def follow_choice(self) -> None:
        """Find out whether the chosen settings go together, for the pair that is chosen."""
        pair = self._pair()
        self._why_no_settings = self.form.why_not(pair, self._sampling())
        self.form.show_places(pair)
        self.follow_engine()

    def follow_engine(self) -> None:
        """Follow whether work may begin."""
        self.bar.allow_work(self.why_not())

    def save(self, settings: QSettings) -> None:
        """Save the choices."""
        self.form.save(settings, _GROUP)

    def restore(self, settings: QSettings) -> None:
        """Restore the saved choices."""
        self.form.restore(settings, _GROUP)
