"""Base class of all plots: axes with units, a legend, a caption, a readout of the value at the mouse, and export."""

from collections.abc import Sequence
from pathlib import Path

import pyqtgraph as pg
from PySide6.QtCore import QCoreApplication, QEvent, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QHideEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from app import theme
from app.panel import Panel
from app.plots import export as plot_export
from app.plots.canvas import PlotCanvas
from app.plots.curve import range_for
from app.plots.decision_marks import DecisionMarks
from app.plots.export import Column, Table
from app.plots.export_menu import ExportMenu
from app.state.selection import Selection
from app.state.store import RunStore
from app.widgets.labels import ElasticLine, plain_label
from app.words import runs
from engine.runs.summary import Summary

# Fewer rounds would be too far apart.
_MIN_ROUNDS = 5


def tr(text: str) -> str:
    """Translate a text of a plot; a function, because plots need it before their `__init__` has run."""
    return QCoreApplication.translate("plots", text)


class PlotPanel(Panel):
    """A plot over rounds. A subclass adds its items, fills them in `draw`, colours them in `paint_items`, and returns
    its value at a round (`reading`) and all values (`columns`).

    keys: the legend beside the title, one (mark, text, colour name in the theme) per line.
    empty: text shown in the middle until there is data. undrafted: the same for plain decoding."""

    every_ms = 100
    exported = Signal(str)
    export_failed = Signal(str, str)

    def __init__(
        self,
        store: RunStore,
        parent: QWidget | None = None,
        *,
        title: str,
        caption: str,
        axis: str,
        bottom: str,
        empty: str,
        keys: tuple[tuple[str, str, str], ...] = (),
        undrafted: str = "",
    ) -> None:
        super().__init__(store, parent)
        self.title = title
        self.menu = ExportMenu(title, self, picture=self._picture, table=self.table, origin=self.origin)
        self.menu.exported.connect(self.exported)
        self.menu.failed.connect(self.export_failed)
        self.widget = PlotCanvas(self.menu, self)
        self.widget.setAccessibleName(title)
        self.widget.setAccessibleDescription(caption)
        self.plot: pg.PlotItem = self.widget.getPlotItem()
        self._keys = [(plain_label(f"{mark} {words}", self), colour) for mark, words, colour in keys]
        self._title = plain_label(title, self, role="title")
        self.readout = plain_label("", self)
        # Always one line: a second one would take its height from the plot.
        self.caption = ElasticLine(self, role="muted")
        self.caption.show_text(caption)
        self.words = plain_label(empty, self.widget.viewport(), role="muted", wraps=True)
        self._empty, self._undrafted = empty, undrafted or empty
        self._pointed: int | None = None
        self._span = (0.0, 0.0, 0.0)
        self._cursor_line = pg.InfiniteLine(angle=90, movable=False)
        self._cursor_line.setVisible(False)
        self._cursor_line.setZValue(10)
        self.plot.addItem(self._cursor_line)
        self.decision_marks = DecisionMarks(self.plot)
        self._name_axes(axis, bottom)
        self._lay_out()
        self._connect_canvas()
        self.setMinimumHeight(20 * theme.GRID)

    # Overridden by subclasses

    def reading(self, at: int) -> str | None:
        """The value at a round as a short text; None if there is none."""
        return None

    def columns(self) -> tuple[Column, ...]:
        """All points, for export."""
        return ()

    def note(self) -> str:
        """Models and settings of the run, for the exported picture."""
        return "" if self.store.started is None else runs.of_run(self.store.started)

    def origin(self) -> str:
        """The id of the run, to tell exported files of different runs apart."""
        return "" if self.store.started is None else self.store.started.run_id

    def paint_items(self, colours: theme.Colours) -> None:
        """Colour the items of the plot."""

    # Used by subclasses

    def set_span(self, summary: Summary, top: float) -> None:
        """Set the ranges of both axes, if they changed. A text that has ended fills the full width."""
        run = self.store.history.shown
        full_summary = summary if run is None else run.summary
        ended = full_summary.state in ("finished", "failed") or bool(full_summary.blocks)
        end = max(_MIN_ROUNDS, full_summary.n_rounds) - 1 if ended else range_for(summary.n_rounds)
        self.set_range(0.0, float(end), top)

    def tell_keys(self, tips: Sequence[str]) -> None:
        """Explain each entry of the legend."""
        for (label, _), tip in zip(self._keys, tips, strict=True):
            label.setToolTip(tip)

    def say_empty(self, summary: Summary, *, empty: bool) -> None:
        """Show in the middle what will appear here, until there is data."""
        self.words.setVisible(empty)
        if empty:
            self.words.setText(self._undrafted if summary.method == "plain" else self._empty)

    # Behaviour

    def mark(self, selection: Selection | None) -> None:
        """Put the cursor on the selected round."""
        self._cursor_line.setVisible(selection is not None)
        if selection is not None:
            self._cursor_line.setValue(selection.round)
        self._read()

    def table(self) -> Table:
        """The content of a CSV file of the plot."""
        columns = tuple(Column(title, values.copy()) for title, values in self.columns())
        return Table(plot_export.run_notes(self.title, self.store.started), columns)

    def export(self, path: Path) -> None:
        """Write a file in the format of its suffix; a failure is emitted as `export_failed`."""
        self.menu.export(path)

    def recolour(self) -> None:
        """Apply the colours of the current palette."""
        colours = theme.current()
        self.widget.setBackground(QColor(colours.window))
        for side in ("left", "bottom"):
            axis = self.plot.getAxis(side)
            axis.setPen(pg.mkPen(colours.line))
            axis.setTextPen(pg.mkPen(colours.muted))
        for label, name in self._keys:
            label.setStyleSheet(f"color: {getattr(colours, name)}")
        self._cursor_line.setPen(pg.mkPen(colours.text, width=2, style=Qt.PenStyle.DashLine))
        self.decision_marks.paint(colours)
        self.paint_items(colours)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Follow changes of the colour scheme and the font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.recolour()
        elif event.type() == QEvent.Type.FontChange:
            self._fit_axes()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 (Qt's name)
        """Finish a file being written."""
        self.menu.exporter.close()
        super().hideEvent(event)

    def _picture(self, svg: bool) -> bytes:
        """The panel as an image: with its legend and the run's settings, without cursor, readout and focus frame."""
        had_cursor, note = self._cursor_line.isVisible(), self.note()
        self.widget.framed = False
        self.widget.setBackground(QColor(theme.current().base))
        self._cursor_line.setVisible(False)
        self._show_reading(None)
        picture = plot_export.as_svg(self, self.title, note) if svg else plot_export.as_png(self, note)
        self.widget.framed = True
        self.widget.setBackground(QColor(theme.current().window))
        self._cursor_line.setVisible(had_cursor)
        self._read()
        return picture

    # Reading off and selecting

    def _on_pointed(self, place: float) -> None:
        if round(place) != self._pointed:
            self._pointed = round(place)
            self._read()

    def _on_left(self) -> None:
        if self._pointed is not None:
            self._pointed = None
            self._read()

    def _read(self) -> None:
        """Show the value under the mouse, or at the selected round while the plot has the focus, else the legend."""
        at = self._pointed
        if at is None and self.widget.hasFocus() and self.store.selection is not None:
            at = self.store.selection.round
        text = None if at is None else self.reading(at)
        self._show_reading(None if text is None or at is None else self.with_decision(text, at))

    def with_decision(self, text: str, at: int) -> str:
        """A reading with the decision of a policy that took effect in its round; overridden where it says so itself."""
        return self.decision_marks.with_decision(text, at)

    def _show_reading(self, text: str | None) -> None:
        """Show a value in place of the legend, and of the title if it is long; None shows both again."""
        width = self.width() - 4 * theme.GRID - self._title.sizeHint().width()
        self.readout.setText(text or "")
        self.readout.setVisible(text is not None)
        self._title.setVisible(text is None or self.readout.sizeHint().width() <= width)
        for label, _ in self._keys:
            label.setVisible(text is None)
        if (layout := self.layout()) is not None:
            layout.activate()

    def _on_stepped(self, by: int) -> None:
        selection = self.store.selection
        self._select(self.store.summary.n_rounds - 1 if selection is None else selection.round + by)

    def _select(self, number: int) -> None:
        last = self.store.summary.n_rounds - 1
        if last >= 0:
            self.store.select(Selection(max(0, min(number, last)), None))

    # Construction

    def _connect_canvas(self) -> None:
        canvas = self.widget
        canvas.setToolTip(tr("Click or ← → select a round; right-click or Shift+F10 export."))
        canvas.pointed.connect(self._on_pointed)
        canvas.left.connect(self._on_left)
        canvas.picked.connect(lambda place: self._select(round(place)))
        canvas.stepped.connect(self._on_stepped)
        canvas.end_asked.connect(lambda last: self._select(self.store.summary.n_rounds - 1 if last else 0))

    def _name_axes(self, axis: str, bottom: str) -> None:
        self.plot.hideButtons()
        self.plot.disableAutoRange()
        self.plot.setLabel("left", axis)
        self.widget.rounds.name(bottom)
        # Space for the digits of the top tick, which would be cut off at the edge.
        self.plot.layout.setContentsMargins(0, theme.GRID, theme.GRID, 0)
        self._fit_axes()

    def _fit_axes(self) -> None:
        metrics = QFontMetricsF(self.font())
        self.widget.rounds.fit(metrics)
        self.widget.values.fit(metrics)

    def set_range(self, low: float, high: float, top: float, *, headroom: float = 0.03, footroom: float = 0.0) -> None:
        """Set the ranges of both axes. top: the top tick. headroom, footroom: space above it and below 0, as shares."""
        if (low, high, top) != self._span:
            self._span = (low, high, top)
            self.widget.values.end = top
            self.plot.setRange(xRange=(low, high), yRange=(-footroom * top, (1 + headroom) * top), padding=0)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(theme.GRID)
        head.addWidget(self._title)
        head.addStretch(1)
        for label, _ in self._keys:
            head.addWidget(label)
        head.addWidget(self.readout, 100)
        self.readout.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.readout.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.readout.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.GRID, theme.GRID, theme.GRID, 0)
        column.setSpacing(theme.HALF)
        column.addLayout(head)
        column.addWidget(self.widget, 1)
        column.addWidget(self.caption)
        self.words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.words.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        middle = QVBoxLayout(self.widget.viewport())
        middle.setContentsMargins(
            self.widget.values.fixedWidth + theme.GRID, theme.GRID, 2 * theme.GRID, 3 * theme.GRID
        )
        middle.addWidget(self.words)
