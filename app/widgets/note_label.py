"""A label of plain text that always has the height of so many lines, so that a new text moves nothing beside it."""

from PySide6.QtCore import QEvent, QPointF, QSize, Qt
from PySide6.QtGui import QHelpEvent, QPainter, QPaintEvent, QTextLayout, QTextOption
from PySide6.QtWidgets import QLabel, QSizePolicy, QToolTip, QWidget

from app import theme
from app.text.plain_text import plain_tip
from app.widgets.labels import Role


class NoteLabel(QLabel):
    """Wraps its text; the last line ends in an ellipsis where there is more, and the tooltip then has all of it."""

    def __init__(self, n_lines: int, parent: QWidget, *, role: Role = "normal") -> None:
        super().__init__(parent)
        self._n_lines = n_lines
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setFont(theme.tabular(self.font()))
        self.setProperty("role", role)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """So many lines high."""
        return QSize(0, self._n_lines * self.fontMetrics().lineSpacing())

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """As high, of any width."""
        return self.sizeHint()

    def shown_lines(self) -> list[str]:
        """The lines as they are painted."""
        lines = wrapped(self.text(), self.width(), self)
        if len(lines) <= self._n_lines:
            return lines
        rest = " ".join(lines[self._n_lines - 1 :])
        last = self.fontMetrics().elidedText(rest, Qt.TextElideMode.ElideRight, self.width())
        return [*lines[: self._n_lines - 1], last]

    def event(self, event: QEvent) -> bool:
        """Show the whole text as a tooltip where it is cut."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent) and not self.toolTip():
            cut = "\n".join(self.shown_lines()) != self.text() and self.text()
            QToolTip.showText(event.globalPos(), plain_tip(self.text()) if cut else "", self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Draw the lines."""
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        spacing = self.fontMetrics().lineSpacing()
        for number, line in enumerate(self.shown_lines()):
            painter.drawText(QPointF(0, number * spacing + self.fontMetrics().ascent()), line)
        painter.end()


def wrapped(text: str, width: int, label: QLabel) -> list[str]:
    """The lines of a text in a width; a word longer than a line is broken."""
    lines: list[str] = []
    for paragraph in text.split("\n") if text else []:
        layout = QTextLayout(paragraph, label.font())
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        layout.setTextOption(option)
        layout.beginLayout()
        while (line := layout.createLine()).isValid():
            line.setLineWidth(max(1, width))
            lines.append(paragraph[line.textStart() : line.textStart() + line.textLength()].rstrip())
        layout.endLayout()
    return lines
