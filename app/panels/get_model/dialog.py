"""The window that gets a model from a hub: says what a download brings before it begins, then how far it is."""

from collections.abc import Sequence

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLineEdit, QPushButton, QTabWidget, QVBoxLayout, QWidget

from app import theme
from app.panel import Panel
from app.panels.get_model.bringing import BringingBox
from app.panels.get_model.downloads import ModelDownloads
from app.panels.get_model.lists import CachedList, PairsList
from app.state.store import RunStore
from app.widgets.labels import plain_label
from app.widgets.permission import allow
from engine.errors import InputError
from engine.events import Event
from engine.hub.hub_id import checked_revision, parse_id
from engine.runs.summary import Summary

_SIZE = QSize(124 * theme.GRID, 82 * theme.GRID)
_MIN_SIZE = QSize(112 * theme.GRID, 64 * theme.GRID)
_REVISION_WIDTH = 14 * theme.GRID


class GetModelPanel(Panel):
    """The id to look up, the lists to choose one from, and what it would bring."""

    every_ms = 100

    def __init__(self, store: RunStore, parent: QWidget) -> None:
        super().__init__(store, parent)
        self.state = store.tab(ModelDownloads)
        self._n_changes_asked = -1
        self._n_changes = 0
        self.model = self._line(self.tr("Model"), self.tr("OWNER/NAME, its address, or OWNER/NAME/FILE.gguf"))
        self.model.setPlaceholderText(self.tr("OWNER/NAME, for instance HuggingFaceTB/SmolLM2-135M-Instruct"))
        self.revision = self._line(self.tr("Revision"), self.tr("A branch, a tag or a commit"))
        self.revision.setText("main")
        self.revision.setFixedWidth(_REVISION_WIDTH)
        self.look = QPushButton(self.tr("Look up"), self)
        self.look.setDefault(True)
        self.promise = plain_label(
            self.tr(
                "Nothing is sent before you look a model up, and nothing is downloaded before you say so. "
                "A token is read from HF_TOKEN or your login, the hub's address from HF_ENDPOINT."
            ),
            self, role="muted", wraps=True,
        )  # fmt: skip
        self.pairs = PairsList(self)
        self.cached = CachedList(self)
        self.lists = QTabWidget(self)
        self.lists.setDocumentMode(True)
        self.lists.addTab(self.pairs, self.tr("Pairs that fit each other"))
        self.lists.addTab(self.cached, self.tr("In the cache"))
        self.bringing = BringingBox(self)
        self._connect()
        self._lay_out()

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Show what the engine answered, and ask anew what is cached once that has changed."""
        self._ask_around()
        may_start = self.store.may_start()
        self.pairs.show_state(self.state)
        self.cached.show_state(self.state, may_start)
        self.bringing.show_state(self.state, may_start)
        self._allow()

    def ask(self, spec: str, revision: str = "main") -> None:
        """Look a model up."""
        self.model.setText(spec)
        self.revision.setText(revision)
        self._look_up()

    def _ask_around(self) -> None:
        if self._n_changes_asked != self._n_changes:
            self._n_changes_asked = self._n_changes
            self.state.look_around("auto", "auto")

    def _note_change(self) -> None:
        self._n_changes += 1

    def _look_up(self) -> None:
        if not self._why_not():
            self.state.look_up(self.model.text().strip(), self.revision.text().strip() or "main")

    def _why_not(self) -> str:
        """Why the id cannot be looked up, empty where it can."""
        if self.state.step in ("downloading", "looking"):
            return self.tr("wait until {0} is done").format(self.state.spec)
        if not self.model.text().strip():
            return self.tr("write the id of a model first")
        try:
            parse_id(self.model.text())
            checked_revision(self.revision.text().strip() or "main")
        except InputError as err:
            return str(err)
        return ""

    def _allow(self) -> None:
        allow(self.look, self._why_not(), self.tr("Ask the hub for size, licence and files; downloads nothing"))

    def _use_downloaded(self, role: str) -> None:
        if self.state.downloaded is not None:
            self.store.model_offered.emit(self.state.downloaded.spec, role)

    def _line(self, name: str, tip: str) -> QLineEdit:
        line = QLineEdit(self)
        line.setProperty("role", "search")
        line.setAccessibleName(name)
        line.setToolTip(tip)
        return line

    def _connect(self) -> None:
        self.look.clicked.connect(lambda _checked=False: self._look_up())
        for line in (self.model, self.revision):
            line.textChanged.connect(lambda _text: self._allow())
            line.returnPressed.connect(self._look_up)
        self.pairs.wanted.connect(self.ask)
        self.pairs.pair_wanted.connect(self.store.drafter_offered)
        self.cached.use_wanted.connect(self.store.model_offered)
        self.cached.remove_wanted.connect(self.state.remove)
        self.bringing.get_asked.connect(self.state.get)
        self.bringing.stop_asked.connect(self.store.cancel)
        self.bringing.use_asked.connect(self._use_downloaded)
        self.store.models_changed.connect(self._note_change)

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(theme.GRID)
        for text, line in ((self.tr("&Model"), self.model), (self.tr("&Revision"), self.revision)):
            label = plain_label(text, self)
            label.setBuddy(line)
            row.addWidget(label)
            row.addWidget(line, 1 if line is self.model else 0)
        row.addWidget(self.look)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * theme.GRID, 2 * theme.GRID, 2 * theme.GRID, 2 * theme.GRID)
        column.setSpacing(theme.GRID)
        column.addLayout(row)
        column.addWidget(self.promise)
        column.addWidget(self.lists, 1)
        column.addWidget(self.bringing)


class GetModelDialog(QDialog):
    """The panel in a non-modal window; Escape closes it, and a download continues."""

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Get a model"))
        self.setModal(False)
        self.panel = GetModelPanel(store, self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.panel)
        self.setMinimumSize(_MIN_SIZE)
        self.resize(_SIZE.boundedTo(self.screen().availableSize()))

    def show_beside(self) -> None:
        """Show the window, or bring it to the front."""
        self.show()
        self.raise_()
        self.panel.model.setFocus()
