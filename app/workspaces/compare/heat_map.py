"""Panel with the map of speedups over drafters and draft lengths: measured ones filled, predicted ones hatched."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QEvent, QRectF, Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QContextMenuEvent,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QVBoxLayout, QWidget

from app import theme
from app.panel import Panel
from app.plots import export
from app.plots.export import Column, Table
from app.plots.export_menu import ExportMenu
from app.state.store import RunStore
from app.text.plain_text import one_line, plain_tip
from app.widgets.labels import ElasticLine, plain_label
from app.workspaces.compare.comparing import ComparingProgress
from app.workspaces.compare.lane_model import csv_notes
from app.workspaces.compare.lane_plot import plot_note, plot_origin
from app.workspaces.compare.record import ComparisonRecord
from app.workspaces.compare.words import tr
from engine.events import PLAIN_LANE, Event
from engine.runs.summary import Summary

_KEYS = {
    Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0)
}  # fmt: skip
_LONGEST_NAME, _NAME_SHARE = 40, 0.36
_MOST_ROW = 5 * theme.GRID
# The scale of figures in narrow cells.
_SMALL = 0.8
# How much of the colour of gains and losses a cell has at most, at this factor and beyond.
_STRONGEST, _FULL_AT = 0.4, 2.0


class HeatCell(NamedTuple):
    """A drafter at a draft length; a measured cell may have been predicted before."""

    drafter: str
    gamma: int
    predicted: float | None
    measured: float | None

    @property
    def speedup(self) -> float | None:
        """The measured speedup, else the predicted one."""
        return self.predicted if self.measured is None else self.measured


class HeatGrid(NamedTuple):
    """drafters: the rows; gammas: the columns; cells: by both."""

    drafters: tuple[str, ...]
    gammas: tuple[int, ...]
    cells: dict[tuple[str, int], HeatCell]


def heat_grid(record: ComparisonRecord) -> HeatGrid:
    """Return what was predicted and measured of each drafter at each draft length."""
    cells: dict[tuple[str, int], HeatCell] = {}
    predictions = () if record.measured is None else record.measured.predictions
    for told in predictions:
        cells[told.drafter, told.gamma] = HeatCell(told.drafter, told.gamma, told.predicted, told.measured)
    for lane in record.figures:
        if lane.lane == PLAIN_LANE or lane.speedup is None:
            continue
        before = cells.get((lane.drafter, lane.gamma))
        predicted = lane.predicted_speedup if before is None else before.predicted
        cells[lane.drafter, lane.gamma] = HeatCell(lane.drafter, lane.gamma, predicted, lane.speedup.value)
    drafters = tuple(dict.fromkeys(cell.drafter for cell in cells.values()))
    return HeatGrid(drafters, tuple(sorted({cell.gamma for cell in cells.values()})), cells)


class HeatCanvas(QWidget):
    """Paints the grid; arrow keys and the mouse read off a cell."""

    def __init__(self, menu: ExportMenu, parent: QWidget) -> None:
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
        """The longest way to write the speedup of a cell that fits into it; empty where none does."""
        assert cell.speedup is not None
        star = "★ " if self.best == (cell.drafter, cell.gamma) else ""
        ways = (f"{star}{cell.speedup:.2f}×", f"{cell.speedup:.2f}×", f"{cell.speedup:.2f}", f"{cell.speedup:.1f}")
        for scale in (1.0, _SMALL):
            painter.setFont(theme.tabular(theme.scaled(self.font(), scale)))
            width = painter.fontMetrics().horizontalAdvance
            if text := next((way for way in ways if width(way) <= rect.width() - 1), ""):
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


class HeatMapPanel(Panel):
    """The canvas with title, caption and export."""

    every_ms = 250

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._drawn: tuple[int, int] = (-1, -1)
        title = self.tr("Speedup by drafter and draft length")
        self.menu = ExportMenu(title, self, picture=self._picture, table=self.table, origin=self._origin)
        self.canvas = HeatCanvas(self.menu, self)
        self.canvas.setAccessibleName(title)
        self.caption = ElasticLine(self, role="muted")
        self.caption.show_text(self.tr("Filled: measured; hatched: predicted; ★ framed: recommended."))
        self.words = plain_label(
            self.tr("Every drafter at every draft length becomes a cell here: predicted by Tune γ, or measured."),
            self.canvas, role="muted", wraps=True,
        )  # fmt: skip
        self.words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        middle = QVBoxLayout(self.canvas)
        middle.addWidget(self.words)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.GRID, theme.GRID, theme.GRID, 0)
        column.setSpacing(theme.HALF)
        column.addWidget(plain_label(title, self, role="title"))
        column.addWidget(self.canvas, 1)
        column.addWidget(self.caption)
        self.setMinimumHeight(20 * theme.GRID)
        self.draw((), store.summary)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Redraw when the figures have changed."""
        record = self.store.tab(ComparingProgress).record
        if self._drawn == (record.number, record.changes):
            return
        self._drawn = (record.number, record.changes)
        recommendation = None if record.measured is None else record.measured.recommendation
        best = None if recommendation is None else (recommendation.drafter, recommendation.gamma)
        self.canvas.show_grid(heat_grid(record), best)
        self.words.setVisible(not self.canvas.grid.cells)

    def table(self) -> Table:
        """Return the content of a CSV file of the map."""
        cells = list(self.canvas.grid.cells.values())
        notes = csv_notes(self.store.tab(ComparingProgress).record)
        return Table(
            (f"draftscope: {self.tr('speedup by drafter and draft length')}", *notes[1:]),
            (
                Column("drafter", np.array([cell.drafter for cell in cells], dtype=object)),
                Column("gamma", np.array([cell.gamma for cell in cells], dtype=np.float64)),
                Column("predicted", _figures([cell.predicted for cell in cells])),
                Column("measured", _figures([cell.measured for cell in cells])),
            ),
        )

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 (Qt's name)
        """Finish an export under way."""
        self.menu.exporter.close()
        super().hideEvent(event)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Follow the colour scheme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "canvas"):
            self.canvas.update()

    def _origin(self) -> str:
        return plot_origin(self.store.tab(ComparingProgress).record)

    def _picture(self, svg: bool) -> bytes:
        note = plot_note(self.store.tab(ComparingProgress).record)
        return export.as_svg(self, self.tr("Speedup"), note) if svg else export.as_png(self, note)


def _inside(at: tuple[int, int], grid: HeatGrid) -> tuple[int, int]:
    row, column = at
    return max(0, min(len(grid.drafters) - 1, row)), max(0, min(len(grid.gammas) - 1, column))


def _short(drafter: str) -> str:
    return one_line(drafter, longest=_LONGEST_NAME)


def _strength(speedup: float) -> float:
    """How strong the colour of a cell is: 0 at 1×, the same for twice as fast and half as fast."""
    factor = abs(np.log(min(1e6, max(1e-6, speedup)))) / np.log(_FULL_AT)
    return float(_STRONGEST * min(1.0, 0.25 + 0.75 * factor))


def _figures(values: Sequence[float | None]) -> np.ndarray:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
