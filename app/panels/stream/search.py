"""Search bar: a field for the text, the number of matches, and buttons to step between them; the panel searches."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QToolButton, QWidget

from app import theme
from app.widgets.labels import plain_label

_WIDTH_IN_CHARACTERS = 28


class SearchBar(QWidget):
    """wanted: the text changed. stepped: 1 for the next match, -1 for the previous one. left: close the bar."""

    wanted = Signal(str)
    stepped = Signal(int)
    left = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.field = _Field(self)
        self.field.setProperty("role", "search")
        self.field.setPlaceholderText(self.tr("Search the text"))
        self.field.setAccessibleName(self.tr("Text to search for"))
        self.field.setToolTip(
            self.tr("Capital and small letters are the same. Enter: next, Shift+Enter: previous, Esc: close.")
        )
        self.field.setFixedWidth(self.fontMetrics().averageCharWidth() * _WIDTH_IN_CHARACTERS)
        self.count = plain_label("", self, role="muted")
        self.count.setAccessibleName(self.tr("Finds"))
        self.back = self._button("↑", self.tr("Previous find"), self.tr("Previous find (Shift+F3)"))
        self.on = self._button("↓", self.tr("Next find"), self.tr("Next find (F3)"))
        self.shut = self._button("✕", self.tr("Close search"), self.tr("Close search (Esc)"))
        self.field.textChanged.connect(self.wanted)
        self.field.entered.connect(self.stepped)
        self.field.left.connect(self.left)
        self.back.clicked.connect(lambda: self.stepped.emit(-1))
        self.on.clicked.connect(lambda: self.stepped.emit(1))
        self.shut.clicked.connect(self.left)
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * theme.GRID, theme.HALF, theme.GRID, theme.HALF)
        row.setSpacing(theme.HALF)
        row.addStretch(1)
        for widget in (self.count, self.field, self.back, self.on, self.shut):
            row.addWidget(widget)

    def open(self, typed: str) -> None:
        """Take the focus: with the typed text or, if there is none, with the last text selected."""
        if typed:
            self.field.setText(typed)
            self.field.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
            self.field.selectAll()

    def show_count(self, at: int, n: int) -> None:
        """Show which of n matches is current; at counts from 0."""
        position = self.tr("{0} of {1}").format(f"{at + 1:,}", f"{n:,}")
        self.count.setText("" if not self.field.text() else position if n else self.tr("not found"))
        self.on.setEnabled(n > 0)
        self.back.setEnabled(n > 0)

    def _button(self, mark: str, name: str, tip: str) -> QToolButton:
        button = QToolButton(self)
        button.setText(mark)
        button.setAutoRaise(True)
        button.setAccessibleName(name)
        button.setToolTip(tip)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        return button


class _Field(QLineEdit):
    """A line edit whose Enter steps and whose Escape leaves, ahead of the window's shortcuts."""

    entered = Signal(int)
    left = Signal()

    def event(self, event: QEvent) -> bool:
        """Keep Escape from the window's shortcuts."""
        shortcut = event.type() == QEvent.Type.ShortcutOverride
        if shortcut and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Step or leave."""
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.entered.emit(-1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1)
        else:
            super().keyPressEvent(event)
