"""Panel with the map of speedups over drafters and draft lengths, its caption and its export."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app import theme
from app.panel import Panel
from app.plots import export
from app.plots.export import Column, Table
from app.plots.export_menu import ExportMenu
from app.plots.heat_canvas import HeatCanvas
from app.state.store import RunStore
from app.widgets.labels import ElasticLine, plain_label
from app.workspaces.compare.comparing import ComparingProgress
from app.workspaces.compare.heat_grid import SpeedupGrid, heat_grid
from app.workspaces.compare.lane_model import csv_notes
from app.workspaces.compare.lane_plot import plot_note, plot_origin
from engine.events import Event
from engine.runs.summary import Summary


class HeatMapPanel(Panel):
    """The canvas with title, caption and export."""

    every_ms = 250

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._drawn: tuple[int, int] = (-1, -1)
        self.grid = SpeedupGrid((), (), {})
        title = self.tr("Speedup by drafter and draft length")
        self.menu = ExportMenu(title, self, picture=self._picture, table=self.table, origin=self._origin)
        self.canvas = HeatCanvas(self.menu, self)
        self.canvas.setAccessibleName(title)
        self.caption = ElasticLine(self, role="muted")
        self.caption.show_text(
            self.tr("Filled: measured; hatched: predicted; ★ framed: recommended. Point at a cell for its figures.")
        )
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
        self.grid = heat_grid(record)
        best = None if recommendation is None else self.grid.place_of(recommendation.drafter, recommendation.gamma)
        self.canvas.show_grid(self.grid.painted(), best)
        self.words.setVisible(not self.canvas.grid.cells)

    def table(self) -> Table:
        """Return the content of a CSV file of the map."""
        cells = list(self.grid.cells.values())
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


def _figures(values: Sequence[float | None]) -> np.ndarray:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
