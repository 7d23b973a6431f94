"""A combo box of models, in which unusable models stay visible with the reason."""

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QPen, QStandardItem, QStandardItemModel, QWheelEvent
from PySide6.QtWidgets import QComboBox, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app import theme
from app.text.plain_text import elide_mode, one_line, plain_tip
from app.widgets.dropped_file import PathDrop
from app.widgets.elided_line_edit import ElidedLineEdit

_SPEC = Qt.ItemDataRole.UserRole
_DETAIL = Qt.ItemDataRole.UserRole + 1
_NOTE = Qt.ItemDataRole.UserRole + 2
_REFUSED = Qt.ItemDataRole.UserRole + 3
_ACTION = Qt.ItemDataRole.UserRole + 4
_LIST_WIDTH = 52 * theme.GRID
_ROWS = 14
_FRAME = 2


class ModelChoice(NamedTuple):
    """A row. detail: the size. note: what the model is. why_not: why it cannot be chosen, empty where it can."""

    spec: str
    title: str
    detail: str = ""
    note: str = ""
    why_not: str = ""


class ModelPicker(QComboBox):
    """Holds a SPEC verbatim and shows it in a form that is safe to read; any text may be typed."""

    spec_changed = Signal()
    folder_asked = Signal()
    file_asked = Signal()
    look_asked = Signal()

    def __init__(self, spec: str, name: str, tip: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._spec = spec
        self._tip = tip
        self._fault = ""
        self._choices: tuple[ModelChoice, ...] = ()
        self._rows = QStandardItemModel(self)
        self.setModel(self._rows)
        self.setItemDelegate(_RowDelegate(self))
        self._line_edit = ElidedLineEdit(self)
        self.setLineEdit(self._line_edit)
        PathDrop(self._line_edit, self.set_spec)
        self.setCompleter(None)  # type: ignore[arg-type]
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.setMaxVisibleItems(_ROWS)
        self.setMinimumContentsLength(4)
        self.setMinimumWidth(9 * theme.GRID)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(name)
        self.view().setMinimumWidth(_LIST_WIDTH)
        self._line_edit.textEdited.connect(self._on_edited)
        self.activated.connect(self._on_activated)
        self._update_text()

    def spec(self) -> str:
        """The chosen SPEC."""
        return self._spec

    def set_spec(self, spec: str) -> None:
        """Choose a model."""
        changed = spec != self._spec
        self._spec = spec
        self._update_text()
        if changed:
            self.spec_changed.emit()

    def setEditText(self, text: str) -> None:  # noqa: N802 (Qt's name)
        """Choose a model by its SPEC."""
        self.set_spec(text)

    def choices(self) -> tuple[ModelChoice, ...]:
        """The rows that name a model."""
        return self._choices

    def set_choices(self, choices: Sequence[ModelChoice]) -> None:
        """Offer these models, then the rows that choose a folder or file and that look for models again."""
        if tuple(choices) == self._choices:
            return
        self._choices = tuple(choices)
        self._rows.clear()
        for choice in choices:
            self._rows.appendRow(_row(choice, self.tr("why not: {0}")))
        self._rows.appendRow(_action_row("folder", self.tr("folder…"), self.tr("choose a folder with a checkpoint")))
        self._rows.appendRow(_action_row("file", self.tr("GGUF file…"), self.tr("choose a file; it is converted once")))
        self._rows.appendRow(_action_row("look", self.tr("Look again"), self.tr("read the folders and the cache anew")))
        self._update_text()

    def show_fault(self, why_not: str) -> None:
        """Frame the box while its model is unusable; why_not: the reason, empty where it is usable."""
        if why_not != self._fault:
            self._fault = why_not
            self.setAccessibleDescription(why_not)
            self.setToolTip(self._full_tip())
            self.update()

    @property
    def faulty(self) -> bool:
        """Whether the box is framed."""
        return bool(self._fault)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Draw the box, with a frame if its model is unusable; a note below gives the reason in words."""
        super().paintEvent(event)
        if self._fault:
            painter = QPainter(self)
            painter.setPen(QPen(QColor(theme.current().bad), _FRAME))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
            painter.end()

    def showPopup(self) -> None:  # noqa: N802 (Qt's name)
        """Open the list at the chosen model."""
        self.setCurrentIndex(next((i for i, choice in enumerate(self._choices) if choice.spec == self._spec), -1))
        self._update_text()
        super().showPopup()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Open the list on Up and Down, which would otherwise change the model unnoticed."""
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.showPopup()
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 (Qt's name)
        """Ignore the wheel: it scrolls the column and never changes the model."""
        event.ignore()

    def _on_edited(self, text: str) -> None:
        self._spec = text
        self.setToolTip(self._full_tip())
        self.spec_changed.emit()

    def _on_activated(self, index: int) -> None:
        row = self._rows.item(index)
        action = row.data(_ACTION)
        self.set_spec(self._spec if action else str(row.data(_SPEC)))
        if action == "folder":
            self.folder_asked.emit()
        elif action == "file":
            self.file_asked.emit()
        elif action == "look":
            self.look_asked.emit()

    def _update_text(self) -> None:
        self._line_edit.setText(one_line(self._spec))
        self._line_edit.setCursorPosition(0)
        self.setToolTip(self._full_tip())

    def _full_tip(self) -> str:
        parts = (self._tip, one_line(self._spec), self._fault)
        return plain_tip("\n".join(part for part in parts if part))


def _row(choice: ModelChoice, why_not: str) -> QStandardItem:
    note = why_not.format(one_line(choice.why_not)) if choice.why_not else one_line(choice.note)
    item = QStandardItem(one_line(choice.title))
    item.setData(choice.spec, _SPEC)
    item.setData(choice.detail, _DETAIL)
    item.setData(note, _NOTE)
    item.setData(bool(choice.why_not), _REFUSED)
    item.setToolTip(plain_tip(f"{one_line(choice.spec)}\n{note}"))
    item.setAccessibleText(", ".join(part for part in (item.text(), choice.detail, note) if part))
    item.setEnabled(not choice.why_not)
    return item


def _action_row(name: str, text: str, note: str) -> QStandardItem:
    item = QStandardItem(text)
    item.setData(name, _ACTION)
    item.setData(note, _NOTE)
    return item


class _RowDelegate(QStyledItemDelegate):
    """Draws title and size on one line and, below, what the model is or why it is unusable."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Paint a row."""
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        colours = theme.current()
        painter.fillRect(option.rect, QColor(colours.chosen if selected else colours.base))
        line = option.fontMetrics.lineSpacing()
        inner = option.rect.adjusted(theme.GRID, theme.HALF, -theme.GRID, -theme.HALF)
        refused = bool(index.data(_REFUSED))
        detail = str(index.data(_DETAIL) or "")
        width = option.fontMetrics.horizontalAdvance(detail) + theme.GRID
        title_line = QRect(inner.left(), inner.top(), inner.width(), line)
        painter.setPen(QColor(colours.muted if refused else colours.text))
        painter.drawText(title_line, Qt.AlignmentFlag.AlignRight, detail)
        title = option.fontMetrics.elidedText(index.data(), Qt.TextElideMode.ElideMiddle, inner.width() - width)
        painter.drawText(title_line, Qt.AlignmentFlag.AlignLeft, title)
        painter.setPen(QColor(colours.bad if refused else colours.muted))
        note = str(index.data(_NOTE))
        note = option.fontMetrics.elidedText(note, elide_mode(note), inner.width())
        painter.drawText(title_line.translated(0, line), Qt.AlignmentFlag.AlignLeft, note)

    def sizeHint(  # noqa: N802 (Qt's name)
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        """Two lines high."""
        return QSize(_LIST_WIDTH, 2 * option.fontMetrics.lineSpacing() + theme.GRID)
