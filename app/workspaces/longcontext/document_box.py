"""Box of the document: which text is read, which pages of it, how much, and where it is cut."""

from pathlib import Path

from PySide6.QtCore import QSettings, Qt, Signal
from PySide6.QtWidgets import QFormLayout, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from app import theme
from app.text.plain_text import one_line, plain_tip
from app.widgets import path_line
from app.widgets.choice_box import ChoiceBox
from app.widgets.dropped_file import PathDrop
from app.widgets.labels import plain_label, set_role
from app.widgets.note_label import NoteLabel
from app.widgets.number_box import WholeNumberBox
from app.widgets.steady_box import SteadyBox
from app.words.counts import count
from engine.commands import ReadText
from engine.documents.page_range import BUILTIN, parse_pages
from engine.errors import InputError
from engine.events import TextPart, TextRead

_KEY, _MOST_RECENT, _NOTE_LINES, _MOST_SKIPPED = "long-context/documents", 8, 3, 2
_MOST_TOKENS = 10**8


class DocumentBox(QWidget):
    """`changed`: another text, or another part of it, is to be read."""

    changed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.box = SteadyBox(self)
        self.box.setAccessibleName(self.tr("Document"))
        self.box.setToolTip(self.tr("The text to read: the one that comes with Draftscope, or a file of yours."))
        self.box.addItem(self.tr("built-in text"), BUILTIN)
        self.box.currentIndexChanged.connect(self._on_changed)
        self.file = QPushButton(self.tr("File…"), self)
        self.file.setToolTip(self.tr("Choose a text, a PDF, a page, a book or an Office file"))
        self.file.clicked.connect(
            lambda: path_line.choose(self, self.tr("Choose a long document"), self.choose, file=True)
        )
        self.pages = QLineEdit(self)
        self.pages.setProperty("role", "search")
        self.pages.setPlaceholderText(self.tr("all"))
        self.pages.setToolTip(self.tr("Pages of the document, such as 3-7; empty: all"))
        PathDrop(self.pages, self.choose)
        self.n_read = WholeNumberBox(self)
        self.n_read.setRange(0, _MOST_TOKENS)
        self.n_read.setSpecialValueText(self.tr("all that fits"))
        self.n_read.setSingleStep(512)
        self.n_read.setToolTip(self.tr("Tokens that a run reads; 0: as many as the target's context holds"))
        self.part = ChoiceBox("part", ("start", "end"), self)
        self.part.setToolTip(
            self.tr("Which part is read of a text that is longer: its beginning, or what is before its end")
        )
        self.note = NoteLabel(_NOTE_LINES, self, role="muted")
        self.note.setAccessibleName(self.tr("What the document holds"))
        for signal in (self.pages.textChanged, self.n_read.valueChanged, self.part.currentIndexChanged):
            signal.connect(self._on_changed)
        self._lay_out()

    def spec(self) -> str:
        """The chosen document: `builtin`, or the path of a file."""
        return str(self.box.currentData())

    def choose(self, spec: str) -> None:
        """Choose a document."""
        if (place := self.box.findData(spec)) < 0:
            place = 1
            self.box.insertItem(1, one_line(Path(spec).name or spec), spec)
            self.box.setItemData(1, plain_tip(one_line(spec)), Qt.ItemDataRole.ToolTipRole)
            while self.box.count() > _MOST_RECENT + 1:
                self.box.removeItem(self.box.count() - 1)
        self.box.setCurrentIndex(place)

    def chosen_part(self) -> TextPart:
        """Where the document is cut."""
        return "end" if self.part.value() == "end" else "start"

    def question(self, n_new: int) -> ReadText:
        """The question for what is chosen as a prompt that leaves room for n_new tokens. Raises InputError."""
        pages = self.pages.text().strip()
        parse_pages(pages)
        return ReadText(self.spec(), pages, self.chosen_part(), self.n_read.value(), n_new)

    def why_not(self) -> str:
        """Why nothing can be read; empty where something may."""
        try:
            self.question(1)
        except InputError as err:
            return err.message
        return ""

    def show_text(self, read: TextRead | None, note: str, *, bad: bool = False) -> None:
        """Say what was read, or why nothing is; bad: it cannot be."""
        if read is not None:
            parts = [one_line(read.name), count(read.n_tokens, "token"), *map(one_line, read.skipped[:_MOST_SKIPPED])]
            note, bad = ", ".join(parts), False
        self.note.setText(self.tr("⚠ {0}").format(one_line(note)) if bad else one_line(note))
        set_role(self.note, "bad" if bad else "muted")

    def save(self, settings: QSettings) -> None:
        """Save the list of documents and the choices."""
        settings.setValue(_KEY, [str(self.box.itemData(i)) for i in range(1, self.box.count())])
        settings.setValue("long-context/document", self.spec())
        settings.setValue("long-context/pages", self.pages.text())
        settings.setValue("long-context/n_read", self.n_read.value())
        settings.setValue("long-context/part", self.part.value())

    def restore(self, settings: QSettings) -> None:
        """Restore them; a file that is gone stays in the list, and is said to be when it is read."""
        stored = settings.value(_KEY, [])
        for spec in reversed(stored if isinstance(stored, list) else [stored]):
            if isinstance(spec, str) and spec:
                self.choose(spec)
        self.choose(str(settings.value("long-context/document", BUILTIN)) or BUILTIN)
        self.pages.setText(str(settings.value("long-context/pages", ""))[:40])
        n_read = str(settings.value("long-context/n_read", "0"))
        self.n_read.setValue(min(_MOST_TOKENS, int(n_read)) if n_read.isascii() and n_read.isdigit() else 0)
        self.part.choose(str(settings.value("long-context/part", "start")))

    def _on_changed(self) -> None:
        self.changed.emit()

    def _lay_out(self) -> None:
        first = QHBoxLayout()
        first.setSpacing(theme.GRID)
        first.addWidget(self.box, 1)
        first.addWidget(self.file)
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.setVerticalSpacing(theme.GRID - 2)
        form.setHorizontalSpacing(theme.GRID)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for text, control in (
            (self.tr("Pages"), self.pages),
            (self.tr("Tokens to read"), self.n_read),
            (self.tr("If it is longer"), self.part),
        ):
            label = plain_label(text, self)
            label.setBuddy(control)
            label.setToolTip(control.toolTip())
            control.setAccessibleName(text)
            control.setAccessibleDescription(control.toolTip())
            form.addRow(label, control)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.HALF)
        column.addLayout(first)
        column.addWidget(self.note)
        column.addLayout(form)
