"""Widget that draws what a pair would take of a device's memory; knows only the estimate it is given."""

from typing import NamedTuple

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme
from app.words import quantities
from engine.events import Estimated

_BAR = 2 * theme.GRID
_LEAST_WIDTH = 3.0
_LINES = 5


class MemorySegment(NamedTuple):
    """A part of the bar: its name, size, and the pattern that marks it besides its colour."""

    name: str
    n_bytes: int
    colour: str
    pattern: Qt.BrushStyle


class MemoryBar(QWidget):
    """Weights, cache, drafter and what stays free, to scale, with a legend in figures."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._needed: Estimated | None = None
        self.setFont(theme.tabular(self.font()))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Memory"))
        self.show_estimate(None)

    def show_estimate(self, needed: Estimated | None) -> None:
        """Draw this estimate; None where nothing is known yet."""
        self._needed = needed if needed is not None and needed.weights_bytes else None
        self.setAccessibleDescription(self._in_words())
        self.setToolTip(self._tip())
        self.update()

    def verdict(self) -> str:
        """Whether it fits, in words; empty where nothing is known."""
        needed = self._needed
        if needed is None:
            return ""
        if not self.fits:
            return self.tr("✗ does not fit")
        if self._left(needed) >= 0:
            return self.tr("✓ fits")
        return self.tr("⚠ fits texts of up to {0:,} tokens").format(needed.fitting_context)

    @property
    def fits(self) -> bool:
        """Whether the models alone are no larger than what is free."""
        needed = self._needed
        return needed is None or needed.weights_bytes + needed.drafter_bytes <= needed.free_bytes

    def segments(self) -> tuple[MemorySegment, ...]:
        """What is drawn, from the left."""
        needed = self._needed
        if needed is None:
            return ()
        c = theme.current()
        kv = self.tr("KV, {0:,} tokens").format(needed.context) if needed.context else self.tr("KV")
        return (
            MemorySegment(self.tr("weights"), needed.weights_bytes, c.accent, Qt.BrushStyle.SolidPattern),
            MemorySegment(kv, needed.kv_bytes, c.accent, Qt.BrushStyle.BDiagPattern),
            MemorySegment(self.tr("drafter and its KV"), needed.drafter_bytes, c.bonus, Qt.BrushStyle.Dense4Pattern),
            MemorySegment(self.tr("while computing"), needed.work_bytes, c.muted, Qt.BrushStyle.Dense6Pattern),
            MemorySegment(self.tr("left free"), max(0, self._left(needed)), c.muted, Qt.BrushStyle.NoBrush),
        )

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """The bar and a line for each part, also while no part is known: what stands below does not move."""
        return QSize(24 * theme.GRID, _BAR + theme.HALF + _LINES * self._line())

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """As high as it has to say, as narrow as its column."""
        return QSize(0, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """The bar, then the legend."""
        painter = QPainter(self)
        bar = QRectF(0.5, 0.5, self.width() - 1, _BAR - 1)
        painter.fillRect(bar, QColor(theme.current().base))
        self._paint_parts(painter, bar)
        painter.setPen(QPen(QColor(theme.current().muted)))
        painter.drawRect(bar)
        for row, segment in enumerate(self.segments()):
            self._paint_legend(painter, segment, _BAR + theme.HALF + row * self._line())
        if self._needed is None:
            self._paint_unknown(painter)
        painter.end()

    def _paint_parts(self, painter: QPainter, bar: QRectF) -> None:
        total = sum(segment.n_bytes for segment in self.segments()) or 1
        left = bar.left()
        for segment in self.segments():
            if not segment.n_bytes or segment.pattern is Qt.BrushStyle.NoBrush:
                continue
            width = min(max(_LEAST_WIDTH, bar.width() * segment.n_bytes / total), bar.right() - left)
            self._paint_part(painter, QRectF(left, bar.top(), width, bar.height()), segment)
            left += width
        needed = self._needed
        if needed is not None and self._left(needed) < 0:
            x = bar.left() + bar.width() * needed.free_bytes / total
            painter.setPen(QPen(QColor(theme.current().bad), 3))
            painter.drawLine(int(x), 0, int(x), _BAR)

    def _paint_part(self, painter: QPainter, part: QRectF, segment: MemorySegment) -> None:
        painter.fillRect(part, QBrush(QColor(segment.colour), segment.pattern))
        painter.setPen(QPen(QColor(segment.colour)))
        painter.drawRect(part)

    def _paint_unknown(self, painter: QPainter) -> None:
        """The legend without figures, so that the room it will take is not empty."""
        tr = self.tr
        names = tr("weights"), tr("KV"), tr("drafter and its KV"), tr("while computing"), tr("left free")
        line = self._line()
        for row, name in enumerate(names):
            room = QRectF(0, _BAR + theme.HALF + row * line, self.width(), line)
            painter.drawText(room.adjusted(3 * theme.GRID, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, name)
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, quantities.UNKNOWN)

    def _paint_legend(self, painter: QPainter, segment: MemorySegment, top: int) -> None:
        line, metrics = self._line(), self.fontMetrics()
        mark = QRectF(0.5, top + (line - theme.GRID) / 2 + 0.5, 2 * theme.GRID - 1, theme.GRID)
        self._paint_part(painter, mark, segment)
        figure = quantities.memory(segment.n_bytes)
        width = metrics.horizontalAdvance(figure)
        left = 2 * theme.GRID + theme.GRID
        painter.setPen(QPen(self.palette().windowText().color()))
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(self.width() - width, top, width, line, middle, figure)
        room = self.width() - width - left - theme.GRID
        name = metrics.elidedText(segment.name, Qt.TextElideMode.ElideRight, room)
        painter.drawText(left, top, room, line, middle, name)

    def _left(self, needed: Estimated) -> int:
        taken = needed.weights_bytes + needed.kv_bytes + needed.drafter_bytes + needed.work_bytes
        return needed.free_bytes - taken

    def _line(self) -> int:
        return self.fontMetrics().lineSpacing() + 2

    def _in_words(self) -> str:
        if self._needed is None:
            return self.tr("not known yet")
        parts = [f"{segment.name} {quantities.memory(segment.n_bytes)}" for segment in self.segments()]
        return "; ".join([*parts, self.verdict()])

    def _tip(self) -> str:
        needed = self._needed
        if needed is None:
            return self.tr("What the pair would take, once the models are known.")
        tip = self.tr(
            "Of {0} free on {1} before loading. The KV cache keeps what the target has read and grows with the text; "
            "its size here is for a full context of {2:,} tokens. The drafter counts with its own cache. A full "
            "cache is replaced by one of twice the size: texts that surely fit may be half as long as what is free "
            "would hold. A file may be smaller than its weights in memory, where the chosen number type takes more "
            "bits."
        )
        return tip.format(quantities.memory(needed.free_bytes), needed.device, needed.context)
