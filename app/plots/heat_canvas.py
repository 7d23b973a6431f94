"""Paints a map of figures over rows and columns: measured ones filled, predicted ones hatched, the best one framed."""

from collections.abc import Mapping
from typing import NamedTuple

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QContextMenuEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QMenu, QSizePolicy, QToolTip, QWidget

from app import theme
from app.text.plain_text import path_line, plain_tip

_KEYS = {
    Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0)
}  # fmt: skip
_LONGEST_NAME, _NAME_SHARE = 40, 0.36
_MOST_ROW = 5 * theme.GRID
# The scales of figures, tried from the first on until one fits into its cell with space around it.
_SCALES = 1.0, 0.85, 0.75
_BESIDE = theme.HALF
_STRONGEST = 0.4


class HeatCell(NamedTuple):
    """ways: its figure as it may be written, from the longest on. hue: its colour in the theme; strength: how much of
    that it has, as a share; is_measured: else only predicted."""

    ways: tuple[str, ...]
    hue: str
    strength: float
    is_measured: bool = True


class HeatGrid(NamedTuple):
    """cells: by row and column. readings: every place in words. symbol: what the columns are, before their names."""

    rows: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    cells: Mapping[tuple[int, int], HeatCell] = {}
    readings: Mapping[tuple[int, int], str] = {}
    symbol: str = ""


class HeatCanvas(QWidget):
    """Paints the grid; arrow keys and the mouse read off a cell. `picked`: a row and a column, by click or Enter."""

    picked = Signal(int, int)

    def __init__(self, menu: QMenu, parent: QWidget) -> None:
        super().__init__(parent)
        self._menu = menu
        self.grid = HeatGrid()
        self.best: tuple[int, int] | None = None
        self.current: tuple[int, int] | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_grid(self, grid: HeatGrid, best: tuple[int, int] | None) -> None:
        """Show a grid, and which cell is recommended."""
        same_places = (grid.rows, grid.columns) == (self.grid.rows, self.grid.columns)
        self.grid, self.best = grid, best
        self.current = self.current if same_places else None
        self.update()

    def reading(self, row: int, column: int) -> str:
        """What is known of a cell, in words."""
        return self.grid.readings.get((row, column), "")

    def _cell_size(self) -> tuple[float, float, float, float]:
        """Where the cells begin, and their size: left, top, width, height."""
        metrics = self.fontMetrics()
        widest = max((metrics.horizontalAdvance(_short(name)) for name in self.grid.rows), default=0)
        left = min(_NAME_SHARE * self.width(), widest + 2 * theme.GRID)
        top = metrics.height() + theme.HALF
        width = (self.width() - left) / max(1, len(self.grid.columns))
        height = min(_MOST_ROW, (self.height() - top) / max(1, len(self.grid.rows)))
        return left, top, width, height

    def _cell_at(self, x: float, y: float) -> tuple[int, int] | None:
        left, top, width, height = self._cell_size()
        row, column = int((y - top) // max(1.0, height)), int((x - left) // max(1.0, width))
        inside = 0 <= row < len(self.grid.rows) and 0 <= column < len(self.grid.columns)
        return (row, column) if inside else None

    # Qt

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Paint names, draft lengths and cells."""
        painter = QPainter(self)
        painter.setFont(theme.tabular(self.font()))
        left, top, width, height = self._cell_size()
        colours = theme.current()
        painter.setPen(QColor(colours.muted))
        symbol = self.grid.symbol
        longest = max(
            (painter.fontMetrics().horizontalAdvance(f"{symbol} {name}") for name in self.grid.columns), default=0
        )
        with_symbol = width > longest + theme.GRID
        for column, title in enumerate(self.grid.columns):
            head = QRectF(left + column * width, 0, width, top)
            painter.drawText(head, Qt.AlignmentFlag.AlignCenter, f"{symbol} {title}" if with_symbol else title)
        if not with_symbol:
            painter.drawText(QRectF(theme.HALF, 0, left, top), Qt.AlignmentFlag.AlignVCenter, symbol)
        for row, title in enumerate(self.grid.rows):
            painter.setPen(QColor(colours.text))
            painter.setFont(self.font())
            room = QRectF(theme.HALF, top + row * height, left - theme.GRID, height)
            name = painter.fontMetrics().elidedText(_short(title), Qt.TextElideMode.ElideMiddle, int(room.width()))
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)
            for column in range(len(self.grid.columns)):
                rect = QRectF(left + column * width, top + row * height, width, height).adjusted(1, 1, -1, -1)
                self._paint_cell(painter, rect, (row, column))
                if self.current == (row, column) and self.hasFocus():
                    painter.setPen(QPen(QColor(colours.accent), 2))
                    painter.drawRect(rect)
        painter.end()

    def _paint_cell(self, painter: QPainter, rect: QRectF, at: tuple[int, int]) -> None:
        colours = theme.current()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if (cell := self.grid.cells.get(at)) is None:
            return
        hue = QColor(getattr(colours, cell.hue))
        fill = theme.blend(hue, QColor(colours.base), min(_STRONGEST, cell.strength * _STRONGEST))
        if cell.is_measured:
            painter.fillRect(rect, fill)
        else:
            painter.fillRect(rect, QColor(colours.base))
            painter.fillRect(rect, QBrush(fill, Qt.BrushStyle.BDiagPattern))
            painter.setPen(QPen(hue, 1, Qt.PenStyle.DashLine))
            painter.drawRect(rect)
        painter.setPen(QColor(colours.text))
        if text := self._fitting(painter, rect, cell, is_best=at == self.best):
            if not cell.is_measured:
                self._clear_behind(painter, rect, text)
            painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, text)
        if at == self.best:
            painter.setPen(QPen(QColor(colours.text), 2))
            painter.drawRect(rect.adjusted(1, 1, -1, -1))

    def _fitting(self, painter: QPainter, rect: QRectF, cell: HeatCell, *, is_best: bool) -> str:
        """The longest way to write the figure of a cell that fits into it with space beside it; empty where none does:
        then the tooltip has it."""
        ways = (f"★ {cell.ways[0]}", *cell.ways) if is_best else cell.ways
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

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Choose the cell under the mouse."""
        at = self._cell_at(event.position().x(), event.position().y())
        if at is not None and event.button() == Qt.MouseButton.LeftButton:
            self.current = at
            self.picked.emit(*at)
            self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Go from cell to cell, or open the menu."""
        by_key = event.key() == Qt.Key.Key_F10 and event.modifiers() == Qt.KeyboardModifier.ShiftModifier
        if by_key:
            self._menu.popup(self.mapToGlobal(self.rect().center()))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self.current is not None:
            self.picked.emit(*self.current)
        elif event.key() in _KEYS and self.grid.rows and self.grid.columns:
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
    return max(0, min(len(grid.rows) - 1, row)), max(0, min(len(grid.columns) - 1, column))


def _short(name: str) -> str:
    return path_line(name, longest=_LONGEST_NAME)
