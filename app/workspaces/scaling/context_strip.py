"""What the window of the model is filled with at a step: documents, demonstrations, steps, the question, and what is
free."""

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app import theme
from app.text.plain_text import one_line, plain_tip
from app.widgets.strip_parts import StripPart, names_width, paint_names, paint_part
from app.words.counts import count
from app.workspaces.scaling import words
from app.workspaces.scaling.record import CallRecord
from app.workspaces.scaling.words import tr
from engine.events.iterations import ContextRole

_LOOKS: dict[ContextRole, tuple[str, Qt.BrushStyle]] = {
    "task": ("muted", Qt.BrushStyle.Dense4Pattern),
    "demonstrations": ("bonus", Qt.BrushStyle.BDiagPattern),
    "documents": ("correction", Qt.BrushStyle.SolidPattern),
    "question": ("text", Qt.BrushStyle.Dense2Pattern),
    "steps": ("unverified", Qt.BrushStyle.FDiagPattern),
}


class ContextStrip(QWidget):
    """A line of words, the strip, and the names of its parts. All of it is in words for assistive tools as well."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._call: CallRecord | None = None
        self.setFont(theme.tabular(self.font()))
        self.setMouseTracking(True)
        self.setAccessibleName(self.tr("Context of the selected step"))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_call(self, record: CallRecord | None) -> None:
        """Show the window of a call; None: nothing was read yet."""
        if record != self._call:
            self._call = record
            self.setAccessibleDescription(self.description())
            self.update()

    def description(self) -> str:
        """All of it in words."""
        if self._call is None or not self._call.call.window:
            return self.tr("Context: what fills the model's window appears here, step by step.")
        call = self._call.call
        used = sum(part.n_tokens for part in call.context if part.role != "free")
        parts = [self.tr("Context: {0:,} of {1}").format(used, count(call.window, "token"))]
        parts += [
            f"{words.role(part.role)} {part.n_tokens:,}"
            for part in call.context
            if part.n_tokens and part.role in _LOOKS
        ]
        if call.note:
            parts.append(one_line(call.note))
        return " · ".join(parts)

    def parts(self) -> tuple[StripPart, ...]:
        """The parts of the strip, from the left; what is free stays empty."""
        if self._call is None or self._call.call.window <= 0:
            return ()
        colours, start, parts = theme.current(), 0, []
        window = self._call.call.window
        for part in self._call.call.context:
            if part.role in _LOOKS and part.n_tokens > 0:
                hue, pattern = _LOOKS[part.role]
                end = min(1.0, (start + part.n_tokens) / window)
                name = f"{words.role(part.role)} {part.n_tokens:,}"
                parts.append(StripPart(name, min(1.0, start / window), end, getattr(colours, hue), pattern))
                start += part.n_tokens
        return tuple(parts)

    # Painting

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Three lines."""
        return QSize(40 * theme.GRID, 3 * self.fontMetrics().height() + 2 * theme.GRID)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """The full height, of any width."""
        return QSize(0, self.sizeHint().height())

    def _bar(self) -> QRectF:
        line = self.fontMetrics().height()
        return QRectF(2 * theme.GRID + 0.5, line + theme.HALF + 0.5, max(1, self.width() - 4 * theme.GRID), line)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Paint words, parts and names."""
        painter, colours, bar = QPainter(self), theme.current(), self._bar()
        painter.setFont(self.font())
        painter.setPen(self.palette().windowText().color())
        room = QRectF(bar.left(), 0, bar.width(), self.fontMetrics().height())
        text = self.fontMetrics().elidedText(self._headline(), Qt.TextElideMode.ElideRight, int(room.width()))
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
        painter.fillRect(bar, QColor(colours.base))
        parts = self.parts()
        for part in parts:
            paint_part(painter, bar, part)
        painter.setPen(QPen(QColor(colours.edge), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(bar)
        self._paint_names(painter, bar, parts)
        painter.end()

    def _paint_names(self, painter: QPainter, bar: QRectF, parts: tuple[StripPart, ...]) -> None:
        """Numbers are left out where there is no room for them, before names are; all of it is in the tooltip."""
        metrics, room = painter.fontMetrics(), bar.width() + theme.GRID
        if names_width(metrics, parts) > room:
            parts = tuple(part._replace(name=part.name.rpartition(" ")[0]) for part in parts)
        while parts and names_width(metrics, parts) > room:
            parts = parts[1:]  # the first is the shortest: the task
        paint_names(painter, QPointF(bar.left(), bar.bottom() + theme.HALF), parts)

    def _headline(self) -> str:
        """The words above the strip; what each part has stands below it."""
        head, _, rest = self.description().partition(" · ")
        note = "" if self._call is None else one_line(self._call.call.note)
        free = [part.n_tokens for part in self._call.call.context if part.role == "free"] if self._call else []
        return " · ".join(filter(None, (head, tr("free {0:,}").format(free[0]) if free else "", note if rest else "")))

    def event(self, event: QEvent) -> bool:
        """Say all of it in a tooltip."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), plain_tip(self.description()), self)
            return True
        return super().event(event)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Follow the font and the colours."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.PaletteChange):
            self.updateGeometry()
            self.update()
