"""The page of a live run: the prompt, its text with what the gate gave each token, the audit strip and the figures."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QSettings, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app import theme
from app.panel import Panel
from app.panels.audit import AuditPanel
from app.panels.prompt import PromptPanel
from app.panels.stream.panel import TokenStreamPanel
from app.panels.transport import TransportPanel
from app.panels.verbs import Verbs
from app.state.store import RunStore
from app.text.plain_text import plain_tip
from app.widgets.config_form import ConfigForm
from app.widgets.note_label import NoteLabel
from app.widgets.side_column import SideColumn
from app.workspaces.approximate import live_words
from engine.events import Event, Setting
from engine.methods.sprinter.config import SprinterConfig
from engine.runs.summary import Summary

OF_A_RUN = ("baseline", "repeats", "stop_at_end")
_WIDTH, _N_LINES = 36, 15
# Lower pages, in lines of text, leave the replay to its key, so that the text has room.
_LOW_LINES = 31
_GROUP = "approximate/run"


class LiveFiguresPanel(Panel):
    """The settings that only a run has, and its figures, a line each. `changed`: another setting."""

    every_ms = 250
    changed = Signal()

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        others = [name for name in SprinterConfig.__struct_fields__ if name not in OF_A_RUN]
        self.form = ConfigForm(SprinterConfig, self, first=OF_A_RUN, without=others)
        self.form.changed.connect(self.changed)
        self.figures = NoteLabel(_N_LINES, self)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.GRID, theme.GRID, 2 * theme.GRID, theme.GRID)
        column.setSpacing(theme.GRID)
        column.addWidget(self.form)
        column.addWidget(self.figures)
        column.addStretch(1)
        self.draw((), store.summary)

    def clear(self) -> None:
        """Forget the run before."""

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Spell out the figures of the run on show."""
        text = live_words.figures(summary, self.store.started)
        if text != self.figures.text():
            self.figures.setText(text)
            self.figures.setToolTip(plain_tip(text))


class LivePage(QWidget):
    """The run on show is the one of Decode as well. `changed`: another setting."""

    changed = Signal()

    def __init__(self, store: RunStore, verbs: Verbs, parent: QWidget) -> None:
        super().__init__(parent)
        self.prompt = PromptPanel(store, self, verbs=verbs)
        self.stream = TokenStreamPanel(store, self, verbs=verbs)
        self.stream.view.empty_text = self.tr(
            "The text appears here: solid lines under what the target tested, wavy ones under what the gate passed."
        )
        self.stream.mode.inspect(True)
        self.stream.gate.setChecked(True)
        self.audit = AuditPanel(store, self)
        self.transport = TransportPanel(store, self)
        self.figures = LiveFiguresPanel(store, self)
        self.figures.changed.connect(self.changed)
        text = QVBoxLayout()
        text.setSpacing(0)
        text.addWidget(self.prompt)
        text.addWidget(self.stream, 1)
        text.addWidget(self.audit)
        text.addWidget(self.transport)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addLayout(text, 1)
        row.addWidget(SideColumn(self.figures, _WIDTH, self, fixed=True))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Leave the text its room where the page is low."""
        super().resizeEvent(event)
        self.transport.setVisible(self.height() >= _LOW_LINES * self.fontMetrics().lineSpacing())

    def settings(self) -> Mapping[str, Setting]:
        """The settings that only a run has."""
        return self.figures.form.values(SprinterConfig)

    def save(self, settings: QSettings) -> None:
        """Save the choices and the prompt."""
        self.figures.form.save(settings, _GROUP)
        settings.setValue(f"{_GROUP}/prompt", self.prompt.prompt.toPlainText())
        settings.setValue(f"{_GROUP}/inspecting", self.stream.inspecting)

    def restore(self, settings: QSettings) -> None:
        """Restore the saved choices and prompt."""
        self.figures.form.restore(settings, _GROUP)
        if prompt := settings.value(f"{_GROUP}/prompt"):
            self.prompt.prompt.setPlainText(str(prompt))
        self.stream.mode.inspect(bool(settings.value(f"{_GROUP}/inspecting", True, type=bool)))
