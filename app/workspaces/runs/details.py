"""The page of one kept run, or of several: title, tags and note to edit, figures, what it was made with."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.text.plain_text import one_line, paragraphs
from app.widgets.labels import plain_label
from app.words import quantities, ratings
from app.workspaces.runs import words
from app.workspaces.runs.library import RunLibrary
from app.workspaces.runs.particulars import Fields, Particulars, read_particulars
from engine.store.rows import RunRow

_SAVE_MS = 1500
_NOTE_LINES = 4
_LONGEST = 2_000
_NAME_CHARACTERS = 16


class NoteEdit(QPlainTextEdit):
    """left: the focus went elsewhere."""

    left = Signal()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802 (Qt's name)
        """Say that the note is left."""
        super().focusOutEvent(event)
        self.left.emit()


class DetailsPage(QScrollArea):
    """What is typed is kept when the field is left, Enter is pressed, or another run is selected."""

    def __init__(self, library: RunLibrary, parent: QWidget) -> None:
        super().__init__(parent)
        self._library = library
        self._rows: tuple[RunRow, ...] = ()
        self._n = 0
        self._particulars_of = ""
        self.title = self._line(self.tr("Title"), self.tr("A name of your own (F2)"))
        self.tags = self._line(self.tr("Tags"), self.tr("Separated by commas"))
        self.note = NoteEdit(self)
        self.note.setTabChangesFocus(True)
        self.note.setAccessibleName(self.tr("Note"))
        self.note.setPlaceholderText(self.tr("Your note"))
        self.note.setFixedHeight(self.fontMetrics().lineSpacing() * _NOTE_LINES + 2 * theme.GRID)
        self.heading = plain_label("", self, wraps=True)
        self.heading.setFont(theme.scaled(self.heading.font(), 1.0, bold=True))
        self.damage = plain_label("", self, role="bad", wraps=True)
        self.figures = FieldList(self)
        self.made_with = {
            "figures": FieldList(self, self.tr("Figures of the gate")),
            "settings": FieldList(self, self.tr("Settings")),
            "machine": FieldList(self, self.tr("Machine")),
            "versions": FieldList(self, self.tr("Versions")),
            "hashes": FieldList(self, self.tr("Model hashes")),
        }
        self.rated = FieldList(self, self.tr("Rated blind"))
        self._save_timer = QTimer(self)
        self._save_timer.setSingleShot(True)
        self._save_timer.setInterval(_SAVE_MS)
        self._save_timer.timeout.connect(self.keep)
        self.title.editingFinished.connect(self.keep)
        self.tags.editingFinished.connect(self.keep)
        self.note.textChanged.connect(self._save_timer.start)
        self.note.left.connect(self.keep)
        self._lay_out()
        self.show_rows((), 0)

    def show_rows(self, rows: tuple[RunRow, ...], n: int) -> None:
        """Show a run, what several have in common, or what to do. n: number of selected runs, if more than rows."""
        same = [row.id for row in rows] == [row.id for row in self._rows]
        if not same:
            self.keep()
        old, self._rows = self._rows, rows
        if rows == old and n == self._n and not (n == 0 and not self.heading.text()):
            return
        self._n = n
        self.heading.setText(self._heading(rows, n))
        for field in (self.title, self.note, self.damage, self.figures, self.rated, *self.made_with.values()):
            field.setVisible(len(rows) == 1)
        self.tags.setVisible(bool(rows))
        if rows:
            self._fill(rows, same=same)
        if len(rows) == 1 and self._particulars_of != rows[0].id:
            self._read_particulars(rows[0])

    def keep(self) -> None:
        """Keep what was typed and differs."""
        self._save_timer.stop()
        rows = self._rows
        if len(rows) == 1:
            (row,) = rows
            if self.title.text().strip() != row.title and self.title.isModified():
                self._library.rename(row.id, self.title.text())
            if self.note.toPlainText().strip() != row.note and self.note.document().isModified():
                self._library.set_note(row.id, self.note.toPlainText())
            self.title.setModified(False)
            self.note.document().setModified(False)
        if rows and self.tags.isModified():
            old, new = words.shared_tags(rows), words.split_tags(self.tags.text())
            added, removed = [t for t in new if t not in old], [t for t in old if t not in new]
            if added or removed:
                self._library.change_tags([row.id for row in rows], add=added, remove=removed)
            self.tags.setModified(False)

    def edit_title(self) -> None:
        """Begin to type a title."""
        self.title.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.title.selectAll()

    def edit_tags(self) -> None:
        """Begin to type tags."""
        self.tags.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.tags.end(False)

    def _fill(self, rows: Sequence[RunRow], *, same: bool) -> None:
        """Show the labels, except where one is being typed over, and the figures."""
        if not (same and self.tags.isModified()):
            self.tags.setText(", ".join(words.shared_tags(rows)))
        if len(rows) > 1:
            return
        row = rows[0]
        if not (same and self.title.isModified()):
            self.title.setText(row.title)
        if not (same and self.note.document().isModified()) and self.note.toPlainText() != row.note:
            self.note.setPlainText(row.note)
            self.note.document().setModified(False)
            self._save_timer.stop()
        self.damage.setText(f"⚠ {one_line(row.damage)}" if row.damage else "")
        self.damage.setVisible(bool(row.damage))
        self.figures.show_fields(self._figures(row))

    def _heading(self, rows: Sequence[RunRow], n: int) -> str:
        if not rows and n:
            return self.tr("{0} selected.").format(words.counted(n))
        if not rows:
            return self.tr("Select a run to see what it was made with; two or more to compare them.")
        if len(rows) > 1:
            return self.tr("{0} selected. Tags that all of them have:").format(words.counted(len(rows)))
        return one_line(words.title(rows[0]), longest=_LONGEST)

    def _figures(self, row: RunRow) -> Fields:
        n_tokens, per_s = words.n_tokens(row), quantities.number(row.tokens_per_s, 0)
        fields = [
            (self.tr("what"), f"{words.kind_in_full(row)}, {words.state(row)}"),
            (self.tr("started"), words.started(row)),
            (self.tr("target"), row.target),
            (self.tr("drafter"), row.drafter),
            (self.tr("tokens"), n_tokens),
            ("acceptance rate α", quantities.number(row.alpha)),
            ("tokens per round τ", quantities.number(row.tau)),
            (self.tr("tokens/s"), per_s),
            (self.tr("speedup"), words.speedup(row)),
            (self.tr("size"), quantities.memory(row.n_bytes)),
            (self.tr("file"), str(row.path)),
        ]
        return tuple((name, value) for name, value in fields if value not in ("", quantities.UNKNOWN))

    def read_again(self) -> None:
        """Read what the run was made with, and how it was rated, once more: it was added to."""
        self._particulars_of = ""
        if len(self._rows) == 1:
            self._read_particulars(self._rows[0])

    def _read_particulars(self, row: RunRow) -> None:
        self._particulars_of = row.id
        for fields in (self.rated, *self.made_with.values()):
            fields.show_fields(())
        self._library.read(lambda: read_particulars(row.path), self._show_particulars, topic="particulars")

    def _show_particulars(self, known: Particulars) -> None:
        for name, fields in self.made_with.items():
            fields.show_fields(words.named(getattr(known, name)))
        self.rated.show_fields(
            tuple(
                (ratings.versus(each), f"{ratings.in_a_line(each)}. {ratings.preference(each)}") for each in known.rated
            )
        )

    def _line(self, name: str, placeholder: str) -> QLineEdit:
        line = QLineEdit(self)
        line.setProperty("role", "search")
        line.setAccessibleName(name)
        line.setPlaceholderText(f"{name}: {placeholder}")
        return line

    def _lay_out(self) -> None:
        page = QWidget(self)
        column = QVBoxLayout(page)
        column.setContentsMargins(2 * theme.GRID, theme.GRID, 2 * theme.GRID, theme.GRID)
        column.setSpacing(theme.GRID)
        for widget in (self.heading, self.damage, self.title, self.tags, self.note, self.figures):
            column.addWidget(widget)
        for fields in (self.rated, *self.made_with.values()):
            column.addWidget(fields)
        column.addStretch(1)
        self.setWidget(page)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)


class FieldList(QWidget):
    """Names and values, two columns; takes no space without any. title: above them."""

    def __init__(self, parent: QWidget, title: str = "") -> None:
        super().__init__(parent)
        self._title = title
        self.fields: Fields = ()
        self._labels: list[QLabel] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(2 * theme.GRID)
        self._grid.setVerticalSpacing(theme.HALF // 2)
        self._grid.setColumnStretch(1, 1)
        self._fit()

    def show_fields(self, fields: Fields) -> None:
        """Show these instead of the last ones."""
        if fields == self.fields:
            return
        self.fields = fields
        for label in self._labels:
            self._grid.removeWidget(label)
            label.deleteLater()
        self._labels.clear()
        if fields and self._title:
            self._add(plain_label(self._title, self, role="title"), 0, 0, 2)
        for row, (name, value) in enumerate(fields, 1):
            shown = plain_label(paragraphs(value), self, wraps=True)
            shown.setTextInteractionFlags(
                Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
            )
            self._add(plain_label(one_line(name), self, role="muted"), row, 0)
            self._add(shown, row, 1)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Follow the system font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def _fit(self) -> None:
        """Names of all lists are equally wide, so that the values line up."""
        self._grid.setColumnMinimumWidth(0, self.fontMetrics().averageCharWidth() * _NAME_CHARACTERS)

    def _add(self, label: QLabel, row: int, column: int, n_columns: int = 1) -> None:
        self._labels.append(label)
        self._grid.addWidget(label, row, column, 1, n_columns, Qt.AlignmentFlag.AlignTop)
