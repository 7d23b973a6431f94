"""What a download would bring, its files, and how far it is, with the buttons that go with each step."""

from time import monotonic

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFormLayout, QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app import theme
from app.panels.get_model import words
from app.panels.get_model.downloads import ModelDownloads
from app.panels.get_model.row_table import RowTable
from app.panels.get_model.words import Row
from app.state.progress import ProgressWatch
from app.text.plain_text import one_line, plain_tip
from app.widgets import labels
from app.widgets.elided_label import ElidedLabel
from app.widgets.labels import ElasticLine, plain_label
from app.widgets.permission import allow
from app.widgets.progress_bar import CalmProgressBar
from app.words import quantities
from engine.events import ModelDescribed

_N_FACTS = 7
_FILE_HEADS = ("File", "Size", "State")
# The box keeps its height whatever it shows, so that the lists above it stay where they are.
_LINES, _NOTE_LINES = 15, 3
_FILES_WIDTH = 48 * theme.GRID


class BringingBox(QFrame):
    """`get_asked`, `stop_asked`: the buttons; `use_asked`: with the role that the downloaded model is to have."""

    get_asked = Signal()
    stop_asked = Signal()
    use_asked = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._watch = ProgressWatch()
        self._facts: list[tuple[QLabel, ElidedLabel]] = []
        self.title = ElasticLine(self, strong=True)
        hint = self.tr("Size, licence, files and where they go appear here once a model was looked up.")
        self.hint = plain_label(hint, self, role="muted")
        self.files = RowTable([words.tr(head) for head in _FILE_HEADS], self.tr("Files to download"), self)
        self.files.setMinimumWidth(_FILES_WIDTH)
        self.note = plain_label("", self, wraps=True)
        self.note.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.bar = CalmProgressBar(self.tr("Download"), self)
        self.bar.setFixedHeight(theme.GRID)
        self.amount = ElasticLine(self)
        self.get = self._button(self.tr("Download"), self.get_asked.emit, primary=True)
        self.stop = self._button(self.tr("Stop"), self.stop_asked.emit)
        self.as_target = self._button(self.tr("Use as target"), lambda: self.use_asked.emit("target"))
        self.as_drafter = self._button(self.tr("Use as drafter"), lambda: self.use_asked.emit("drafter"))
        self._lay_out()

    def show_state(self, state: ModelDownloads, may_start: str) -> None:
        """Show the step that a model is at. may_start: why nothing can be started, empty where something can."""
        self._show_described(state)
        self._show_note(state)
        self._show_progress(state)
        downloading, event = state.step == "downloading", state.described
        refused = event is None or bool(event.why_not)
        reason = self.tr("look a model up first") if event is None else event.why_not
        reason = self.tr("it is being downloaded") if downloading else reason
        reason = self.tr("it is in the cache already") if state.step == "downloaded" else reason
        tip = self.tr("Download the files listed here into the cache; a download that was stopped is continued")
        allow(self.get, one_line(reason) or may_start, tip)
        self.get.setVisible(not downloading and (refused or state.step != "downloaded"))
        self.stop.setVisible(downloading)
        allow(self.stop, state.stopping, self.tr("Stop; what was downloaded so far is kept"))
        for button in (self.as_target, self.as_drafter):
            button.setVisible(state.step == "downloaded")

    def _show_described(self, state: ModelDownloads) -> None:
        event = state.described
        facts = [] if event is None else list(words.facts(event))
        self.title.show_text(self._title(state))
        self.hint.setVisible(event is None and not self.title.text())
        for i, (name, value) in enumerate(self._facts):
            shown = i < len(facts)
            name.setVisible(shown)
            value.setVisible(shown)
            if shown and value.text() != facts[i][1]:
                name.setText(facts[i][0])
                value.setText(facts[i][1])
                value.setToolTip(plain_tip(facts[i][1]))
        self.files.setVisible(event is not None)
        if event is not None:
            self.files.show_rows(self._file_rows(event, state.complete))

    def _title(self, state: ModelDownloads) -> str:
        if state.described is not None:
            return words.title(state.described)
        if state.step == "looking":
            return self.tr("Looking {0} up…").format(one_line(state.spec))
        if state.step in ("downloading", "removing"):
            doing = self.tr("Downloading {0}…") if state.step == "downloading" else self.tr("Removing {0}…")
            return doing.format(one_line(state.spec))
        return ""

    def _file_rows(self, event: ModelDescribed, complete: frozenset[str]) -> list[Row]:
        rows = []
        for file in sorted(event.files, key=lambda file: -file.n_bytes):
            kept = file.n_bytes - file.missing_bytes
            state = self.tr("to download")
            if file.name in complete:
                state = self.tr("✓ checksum right")
            elif not file.missing_bytes:
                state = self.tr("✓ here already")
            elif kept:
                state = self.tr("{0} here").format(quantities.size(kept))
            cells = (one_line(file.name), quantities.size(file.n_bytes), state)
            rows.append(Row(file.name, cells, state.startswith("✓"), len(cells) - 1))
        return rows

    def _show_note(self, state: ModelDownloads) -> None:
        text, bad = "", False
        if state.step == "refused" and state.refused is not None:
            text, bad = words.refusal(state.refused), True
        elif state.step == "described" and state.described is not None and state.described.why_not:
            text, bad = words.not_now(state.described), True
        elif state.downloaded is not None:
            text = words.downloaded(state.downloaded)
        elif state.removed is not None:
            text = words.removed(state.removed)
        if text != self.note.text():
            self.note.setText(text)
        labels.set_role(self.note, "bad" if bad else "good")
        self.note.setVisible(bool(text))

    def _show_progress(self, state: ModelDownloads) -> None:
        at, downloading = state.progressed, state.step == "downloading"
        self.bar.setVisible(downloading)
        self.amount.setVisible(downloading)
        if not downloading or at is None:
            self.bar.show_share(0, 0)
            self.amount.show_text(self.tr("asking the hub…"))
            return
        self._watch.see(state.spec, at.done, at.total, monotonic())
        self.bar.show_share(at.done, at.total)
        if state.stopping:
            self.amount.show_text(state.stopping)
            return
        self.amount.show_text(words.progress(at, self._watch.per_s, self._watch.left_s))

    def _button(self, text: str, slot: object, *, primary: bool = False) -> QPushButton:
        button = QPushButton(text, self)
        button.setAutoDefault(False)
        button.setProperty("primary", "true" if primary else "false")
        button.clicked.connect(slot)
        return button

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setHorizontalSpacing(2 * theme.GRID)
        form.setVerticalSpacing(theme.HALF)
        for _ in range(_N_FACTS):
            pair = plain_label("", self, role="muted"), ElidedLabel(self)
            form.addRow(*pair)
            self._facts.append(pair)
        upper = QHBoxLayout()
        upper.setSpacing(2 * theme.GRID)
        upper.addLayout(form, 1)
        upper.addWidget(self.files)
        lower = QHBoxLayout()
        lower.setSpacing(theme.GRID)
        middle = QVBoxLayout()
        middle.setSpacing(theme.HALF)
        middle.addStretch(1)
        middle.addWidget(self.note)
        middle.addWidget(self.amount)
        middle.addWidget(self.bar)
        lower.addLayout(middle, 1)
        lower.addStrut(_NOTE_LINES * self.fontMetrics().lineSpacing())
        for button in (self.as_target, self.as_drafter, self.get, self.stop):
            lower.addWidget(button, 0, Qt.AlignmentFlag.AlignBottom)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GRID)
        self.setFixedHeight(_LINES * self.fontMetrics().lineSpacing())
        column.addWidget(self.title)
        column.addWidget(self.hint)
        column.addLayout(upper, 1)
        column.addLayout(lower)
