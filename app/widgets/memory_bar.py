"""Draws what a pair would take of a device's memory, from the engine's estimate."""

from typing import NamedTuple

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme
from app.words import quantities
from engine.events import Estimated

_BAR = 2 * theme.GRID
_MIN_WIDTH = 3.0
_LINES = 5


class MemorySegment(NamedTuple):
    """A part of the bar: its name, size, colour, and the pattern that marks it besides its colour."""

    name: str
    n_bytes: int
    colour: str
    pattern: Qt.BrushStyle


class MemoryBar(QWidget):
    """Shows weights, cache, drafter and what stays free, to scale, with a legend in figures."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._estimate: Estimated | None = None
        self.setFont(theme.tabular(self.font()))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Memory"))
        self.show_estimate(None)

    def show_estimate(self, estimate: Estimated | None) -> None:
        """Draw an estimate; None where there is none yet."""
        self._estimate = estimate if estimate is not None and estimate.weights_bytes else None
        self.setAccessibleDescription(self._description())
        self.setToolTip(self._tip())
        self.update()

    def verdict(self) -> str:
        """Whether the pair fits, in words; empty without an estimate."""
        estimate = self._estimate
        if estimate is None:
            return ""
        if not self.fits:
            return self.tr("✗ does not fit")
        if self._left_bytes(estimate) >= 0:
            return self.tr("✓ fits")
        return self.tr("⚠ fits texts of up to {0:,} tokens").format(estimate.fitting_context)

    @property
    def fits(self) -> bool:
        """Whether the models alone fit into the free memory."""
        estimate = self._estimate
        return estimate is None or estimate.weights_bytes + estimate.drafter_bytes <= estimate.free_bytes

    def segments(self) -> tuple[MemorySegment, ...]:
        """The parts of the bar, from the left."""
        estimate = self._estimate
        if estimate is None:
            return ()
        c = theme.current()
        kv = self.tr("KV, {0:,} tokens").format(estimate.context) if estimate.context else self.tr("KV")
        return (
            MemorySegment(self.tr("weights"), estimate.weights_bytes, c.accent, Qt.BrushStyle.SolidPattern),
            MemorySegment(kv, estimate.kv_bytes, c.accent, Qt.BrushStyle.BDiagPattern),
            MemorySegment(self.tr("drafter and its KV"), estimate.drafter_bytes, c.bonus, Qt.BrushStyle.Dense4Pattern),
            MemorySegment(self.tr("while computing"), _computing_bytes(estimate), c.muted, Qt.BrushStyle.Dense6Pattern),
            MemorySegment(self.tr("left free"), max(0, self._left_bytes(estimate)), c.muted, Qt.BrushStyle.NoBrush),
        )

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """The bar and a line for each part, even without an estimate, so that what stands below does not move."""
        return QSize(24 * theme.GRID, _BAR + theme.HALF + _LINES * self._line_height())

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """The full height, of any width."""
        return QSize(0, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Draw the bar, then the legend."""
        painter = QPainter(self)
        bar = QRectF(0.5, 0.5, self.width() - 1, _BAR - 1)
        painter.fillRect(bar, QColor(theme.current().base))
        self._paint_segments(painter, bar)
        painter.setPen(QPen(QColor(theme.current().muted)))
        painter.drawRect(bar)
        for row, segment in enumerate(self.segments()):
            self._paint_legend(painter, segment, _BAR + theme.HALF + row * self._line_height())
        if self._estimate is None:
            self._paint_unknown(painter)
        painter.end()

    def _paint_segments(self, painter: QPainter, bar: QRectF) -> None:
        total = sum(segment.n_bytes for segment in self.segments()) or 1
        left = bar.left()
        for segment in self.segments():
            if not segment.n_bytes or segment.pattern is Qt.BrushStyle.NoBrush:
                continue
            width = min(max(_MIN_WIDTH, bar.width() * segment.n_bytes / total), bar.right() - left)
            self._paint_segment(painter, QRectF(left, bar.top(), width, bar.height()), segment)
            left += width
        estimate = self._estimate
        if estimate is not None and self._left_bytes(estimate) < 0:
            x = bar.left() + bar.width() * estimate.free_bytes / total
            painter.setPen(QPen(QColor(theme.current().bad), 3))
            painter.drawLine(int(x), 0, int(x), _BAR)

    def _paint_segment(self, painter: QPainter, rect: QRectF, segment: MemorySegment) -> None:
        painter.fillRect(rect, QBrush(QColor(segment.colour), segment.pattern))
        painter.setPen(QPen(QColor(segment.colour)))
        painter.drawRect(rect)

    def _paint_unknown(self, painter: QPainter) -> None:
        """Draw the legend without figures, so that its space is not empty."""
        tr = self.tr
        names = tr("weights"), tr("KV"), tr("drafter and its KV"), tr("while computing"), tr("left free")
        line = self._line_height()
        for row, name in enumerate(names):
            row_rect = QRectF(0, _BAR + theme.HALF + row * line, self.width(), line)
            painter.drawText(row_rect.adjusted(3 * theme.GRID, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, name)
            painter.drawText(row_rect, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, quantities.UNKNOWN)

    def _paint_legend(self, painter: QPainter, segment: MemorySegment, top: int) -> None:
        line, metrics = self._line_height(), self.fontMetrics()
        mark = QRectF(0.5, top + (line - theme.GRID) / 2 + 0.5, 2 * theme.GRID - 1, theme.GRID)
        self._paint_segment(painter, mark, segment)
        figure = quantities.memory(segment.n_bytes)
        figure_width = metrics.horizontalAdvance(figure)
        left = 2 * theme.GRID + theme.GRID
        painter.setPen(QPen(self.palette().windowText().color()))
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(self.width() - figure_width, top, figure_width, line, middle, figure)
        name_width = self.width() - figure_width - left - theme.GRID
        name = metrics.elidedText(segment.name, Qt.TextElideMode.ElideRight, name_width)
        painter.drawText(left, top, name_width, line, middle, name)

    def _left_bytes(self, estimate: Estimated) -> int:
        models_bytes = estimate.weights_bytes + estimate.kv_bytes + estimate.drafter_bytes
        return estimate.free_bytes - models_bytes - _computing_bytes(estimate)

    def _line_height(self) -> int:
        return self.fontMetrics().lineSpacing() + 2

    def _description(self) -> str:
        if self._estimate is None:
            return self.tr("not known yet")
        parts = [f"{segment.name} {quantities.memory(segment.n_bytes)}" for segment in self.segments()]
        return "; ".join([*parts, self.verdict()])

    def _tip(self) -> str:
        estimate = self._estimate
        if estimate is None:
            return self.tr("What the pair would take, once the models are known.")
        tip = self.tr(
            "Of {0} free on {1} before loading. The KV cache keeps what the target has read and grows with the text; "
            "its size here is for a full context of {2:,} tokens. The drafter counts with its own cache. A full "
            "cache is replaced by one of twice the size: texts that surely fit may be half as long as what is free "
            "would hold. A file may be smaller than its weights in memory, where the chosen number type takes more "
            "bits."
        )
        return tip.format(quantities.memory(estimate.free_bytes), estimate.device, estimate.context)


def _computing_bytes(estimate: Estimated) -> int:
    return estimate.work_bytes + estimate.packed_bytes
