"""Paints speedups over drafters and draft lengths: measured ones filled, predicted ones hatched."""

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QContextMenuEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QMenu, QSizePolicy, QToolTip, QWidget

from app import theme
from app.text.plain_text import one_line, path_line, plain_tip
from app.workspaces.compare.heat_grid import HeatCell, HeatGrid
from app.workspaces.compare.words import tr

_KEYS = {
    Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0)
}  # fmt: skip
_LONGEST_NAME, _NAME_SHARE = 40, 0.36
_MOST_ROW = 5 * theme.GRID
# The scales of figures, tried from the first on until one fits into its cell with space around it.
_SCALES = 1.0, 0.85, 0.75
_BESIDE = theme.HALF
# How much of the colour of gains and losses a cell has at most, at this factor and beyond.
_STRONGEST, _FULL_AT = 0.4, 2.0


class HeatCanvas(QWidget):
    """Paints the grid; arrow keys and the mouse read off a cell."""

    def __init__(self, menu: QMenu, parent: QWidget) -> None:
        super().__init__(parent)
        self._menu = menu
        self.grid = HeatGrid((), (), {})
        self.best: tuple[str, int] | None = None
        self.current: tuple[int, int] | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_grid(self, grid: HeatGrid, best: tuple[str, int] | None) -> None:
        """Show a grid, and which cell is recommended."""
        self.grid, self.best, self.current = grid, best, None
        self.update()

    def reading(self, row: int, column: int) -> str:
        """What is known of a cell, in words."""
        drafter, gamma = self.grid.drafters[row], self.grid.gammas[column]
        cell = self.grid.cells.get((drafter, gamma))
        name = tr("{0} at γ {1}").format(one_line(drafter), gamma)
        if cell is None:
            return tr("{0}: neither predicted nor measured").format(name)
        parts = []
        if cell.measured is not None:
            parts.append(tr("measured {0:.2f}×").format(cell.measured))
        if cell.predicted is not None:
            parts.append(tr("predicted {0:.2f}×").format(cell.predicted))
        return tr("{0}: {1}").format(name, ", ".join(parts))

    def _cell_size(self) -> tuple[float, float, float, float]:
        """Where the cells begin, and their size: left, top, width, height."""
        metrics = self.fontMetrics()
        widest = max((metrics.horizontalAdvance(_short(name)) for name in self.grid.drafters), default=0)
        left = min(_NAME_SHARE * self.width(), widest + 2 * theme.GRID)
        top = metrics.height() + theme.HALF
        width = (self.width() - left) / max(1, len(self.grid.gammas))
        height = min(_MOST_ROW, (self.height() - top) / max(1, len(self.grid.drafters)))
        return left, top, width, height

    def _cell_at(self, x: float, y: float) -> tuple[int, int] | None:
        left, top, width, height = self._cell_size()
        row, column = int((y - top) // max(1.0, height)), int((x - left) // max(1.0, width))
        inside = 0 <= row < len(self.grid.drafters) and 0 <= column < len(self.grid.gammas)
        return (row, column) if inside else None

    # Qt

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Paint names, draft lengths and cells."""
        painter = QPainter(self)
        painter.setFont(theme.tabular(self.font()))
        left, top, width, height = self._cell_size()
        colours = theme.current()
        painter.setPen(QColor(colours.muted))
        with_letter = width > 1.3 * painter.fontMetrics().horizontalAdvance("γ 00")
        for column, gamma in enumerate(self.grid.gammas):
            head = QRectF(left + column * width, 0, width, top)
            painter.drawText(head, Qt.AlignmentFlag.AlignCenter, f"γ {gamma}" if with_letter else str(gamma))
        if not with_letter:
            painter.drawText(QRectF(theme.HALF, 0, left, top), Qt.AlignmentFlag.AlignVCenter, "γ")
        for row, drafter in enumerate(self.grid.drafters):
            painter.setPen(QColor(colours.text))
            painter.setFont(self.font())
            room = QRectF(theme.HALF, top + row * height, left - theme.GRID, height)
            name = painter.fontMetrics().elidedText(_short(drafter), Qt.TextElideMode.ElideMiddle, int(room.width()))
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)
            for column, gamma in enumerate(self.grid.gammas):
                rect = QRectF(left + column * width, top + row * height, width, height).adjusted(1, 1, -1, -1)
                self._paint_cell(painter, rect, self.grid.cells.get((drafter, gamma)))
                if self.current == (row, column) and self.hasFocus():
                    painter.setPen(QPen(QColor(colours.accent), 2))
                    painter.drawRect(rect)
        painter.end()

    def _paint_cell(self, painter: QPainter, rect: QRectF, cell: HeatCell | None) -> None:
        colours = theme.current()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if cell is None or cell.speedup is None:
            return
        hue = QColor(colours.good if cell.speedup >= 1 else colours.bad)
        fill = theme.blend(hue, QColor(colours.base), _strength(cell.speedup))
        if cell.measured is not None:
            painter.fillRect(rect, fill)
        else:
            painter.fillRect(rect, QColor(colours.base))
            painter.fillRect(rect, QBrush(fill, Qt.BrushStyle.BDiagPattern))
            painter.setPen(QPen(hue, 1, Qt.PenStyle.DashLine))
            painter.drawRect(rect)
        painter.setPen(QColor(colours.text))
        if text := self._fitting(painter, rect, cell):
            if cell.measured is None:
                self._clear_behind(painter, rect, text)
            painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, text)
        if self.best == (cell.drafter, cell.gamma):
            painter.setPen(QPen(QColor(colours.text), 2))
            painter.drawRect(rect.adjusted(1, 1, -1, -1))

    def _fitting(self, painter: QPainter, rect: QRectF, cell: HeatCell) -> str:
        """The longest way to write the speedup of a cell that fits into it with space beside it; empty where none does:
        then the tooltip has it."""
        assert cell.speedup is not None
        star = "★ " if self.best == (cell.drafter, cell.gamma) else ""
        ways = (f"{star}{cell.speedup:.2f}×", f"{cell.speedup:.2f}×", f"{cell.speedup:.2f}", f"{cell.speedup:.1f}")
        for scale in _SCALES:
            painter.setFont(theme.tabular(theme.scaled(self.font(), scale)))
            width = painter.fontMetrics().horizontalAdvance
            if text := next((way for way in ways if width(way) <= rect.width() - _BESIDE), ""):
                return text
        return ""

    def _clear_behind(self, painter: QPainter, rect: QRectF, text: str) -> None:
        """Keep the hatching away from the figure."""
        width, height = painter.fontMetrics().horizontalAdvance(text) + theme.HALF, painter.fontMetrics().height()
        behind = QRectF(rect.center().x() - width / 2, rect.center().y() - height / 2, width, height)
        painter.fillRect(behind.intersected(rect), QColor(theme.current().base))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Show what is known of the cell under the mouse."""
        at = self._cell_at(event.position().x(), event.position().y())
        self.setToolTip("" if at is None else plain_tip(self.reading(*at)))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Go from cell to cell, or open the menu."""
        by_key = event.key() == Qt.Key.Key_F10 and event.modifiers() == Qt.KeyboardModifier.ShiftModifier
        if by_key:
            self._menu.popup(self.mapToGlobal(self.rect().center()))
        elif event.key() in _KEYS and self.grid.drafters:
            down, right = _KEYS[Qt.Key(event.key())]
            row, column = self.current or (0, 0)
            moved = (row + down, column + right) if self.current is not None else (row, column)
            self.current = _inside(moved, self.grid)
            text = self.reading(*self.current)
            self.setAccessibleDescription(text)
            left, top, width, height = self._cell_size()
            corner = QRectF(left + self.current[1] * width, top + (self.current[0] + 1) * height, 0, 0).topLeft()
            QToolTip.showText(self.mapToGlobal(corner.toPoint()), plain_tip(text), self)
            self.update()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802 (Qt's name)
        """Open the export menu."""
        by_mouse = event.reason() == QContextMenuEvent.Reason.Mouse
        self._menu.popup(event.globalPos() if by_mouse else self.mapToGlobal(self.rect().center()))


def _inside(at: tuple[int, int], grid: HeatGrid) -> tuple[int, int]:
    row, column = at
    return max(0, min(len(grid.drafters) - 1, row)), max(0, min(len(grid.gammas) - 1, column))


def _short(drafter: str) -> str:
    return path_line(drafter, longest=_LONGEST_NAME)


def _strength(speedup: float) -> float:
    """How strong the colour of a cell is: 0 at 1×, the same for twice as fast and half as fast."""
    factor = abs(np.log(min(1e6, max(1e-6, speedup)))) / np.log(_FULL_AT)
    return float(_STRONGEST * min(1.0, 0.25 + 0.75 * factor))
