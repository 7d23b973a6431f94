"""A one-line label of plain text that is cut with an ellipsis where it does not fit."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from app import theme
from app.widgets.labels import Role, fitted


class ElidedLabel(QLabel):
    """Takes the width there is and demands none; its height is that of one line. `text()` is the full text.

    Where that does not fit, the first shorter version that does is drawn."""

    def __init__(self, parent: QWidget, *, role: Role = "normal") -> None:
        super().__init__(parent)
        self._shorter: tuple[str, ...] = ()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setFont(theme.tabular(self.font()))
        self.setProperty("role", role)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def set_versions(self, text: str, *shorter: str) -> None:
        """Set the full text, and versions of it that say less, the longest first."""
        if (text, *shorter) != (self.text(), *self._shorter):
            self.setText(text)
            self._shorter = shorter
            self.update()

    def setText(self, text: str) -> None:  # noqa: N802 (Qt's name)
        """Set a text that has no shorter version."""
        self._shorter = ()
        super().setText(text)

    @property
    def drawn_text(self) -> str:
        """What is drawn: the longest version that fits, or else as much of the shortest as does."""
        return fitted((self.text(), *self._shorter), self.fontMetrics(), self.width())

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """The full text on one line."""
        return QSize(self.fontMetrics().horizontalAdvance(self.text()) + 1, self.fontMetrics().height())

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """One line high, of any width."""
        return QSize(0, self.fontMetrics().height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Draw what fits."""
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self.drawn_text)
        painter.end()
