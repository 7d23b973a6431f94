"""A button that opens a sheet of further controls below it."""

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QPushButton, QVBoxLayout, QWidget

from app import theme


class PopupSheet(QFrame):
    """Closes on a click outside or on Escape, which then stops nothing else."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setProperty("role", "sheet")
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(2 * theme.GRID, 2 * theme.GRID, 2 * theme.GRID, 2 * theme.GRID)
        self.column.setSpacing(theme.GRID)

    def first_control(self) -> QWidget | None:
        """The first control that the keyboard reaches; None where there is none."""
        widget = self.nextInFocusChain()
        while widget is not None and widget is not self:
            reachable = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus) and widget.focusProxy() is None
            if reachable and self.isAncestorOf(widget) and widget.isEnabledTo(self) and widget.isVisibleTo(self):
                return widget
            widget = widget.nextInFocusChain()
        return None

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Close on Escape."""
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)


class PopupButton(QPushButton):
    """Opens `sheet`, whose column takes the controls; its text ends with ▾."""

    def __init__(self, text: str, tip: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.sheet = PopupSheet(self)
        self.setToolTip(tip)
        self.setAccessibleDescription(tip)
        self.show_text(text)
        self.clicked.connect(self.open)

    def show_text(self, text: str) -> None:
        """Set the text, without the arrow."""
        if self.text() != f"{text} ▾":
            self.setText(f"{text} ▾")

    def open(self) -> None:
        """Open the sheet below the button, inside the screen."""
        self.sheet.adjustSize()
        corner = self.mapToGlobal(QPoint(0, self.height() + theme.HALF))
        room = self.screen().availableGeometry()
        corner.setX(max(room.left(), min(corner.x(), room.right() - self.sheet.width())))
        corner.setY(max(room.top(), min(corner.y(), room.bottom() - self.sheet.height())))
        self.sheet.move(corner)
        self.sheet.show()
        if (first := self.sheet.first_control()) is not None:
            first.setFocus(Qt.FocusReason.PopupFocusReason)
