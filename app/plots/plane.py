"""Plot of a few named points in a plane, each with its mark and its 95 % intervals."""

from collections.abc import Callable, Sequence
from math import inf
from typing import NamedTuple

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QFontMetricsF, QHideEvent, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout, QWidget

from app import theme
from app.plots import export
from app.plots.export import Table
from app.plots.export_menu import ExportMenu
from app.plots.label_layout import NamedPoint, PixelBox, place_names
from app.widgets.labels import ElasticLine, plain_label
from app.widgets.lane_marks import LaneMark

_SIZE = 12
_LEFT, BOTH = ("left",), ("left", "bottom")
_ROOM = 0.12
# Pixels that a name has around its letters.
_MARGIN = 1.0


class Spot(NamedTuple):
    """A point; across, along: how far its interval reaches (below, above) on the x and y axis."""

    name: str
    mark: LaneMark
    x: float
    y: float
    across: tuple[float, float] = (0.0, 0.0)
    along: tuple[float, float] = (0.0, 0.0)


class _Axis(pg.AxisItem):  # type: ignore[misc]  # the library has no types
    """An axis of shares, times or speeds: where it has room beyond what can be, no number stands there.

    most: the largest value there can be."""

    most = inf

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:  # noqa: N802, N803 (the library's names)
        """The library's ticks from 0 to the most."""
        ticks = super().tickValues(minVal, maxVal, size)
        return [(step, [value for value in values if 0 <= value < self.most + step / 2]) for step, values in ticks]


class _Canvas(pg.PlotWidget):  # type: ignore[misc]  # the library has no types
    """Opens its menu by mouse and key, and ignores the wheel."""

    def __init__(self, menu: QMenu, parent: QWidget) -> None:
        super().__init__(parent=parent, enableMenu=False, axisItems={side: _Axis(side) for side in BOTH})
        self._menu = menu
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseEnabled(x=False, y=False)
        # The plain background needs no cached picture, which an SVG file would contain as pixels.
        self.setCacheMode(self.CacheModeFlag.CacheNone)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802 (Qt's name)
        """Open the menu at the mouse."""
        self._menu.popup(event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Open the menu in the middle on Shift+F10 or the menu key."""
        by_key = event.key() == Qt.Key.Key_F10 and event.modifiers() == Qt.KeyboardModifier.ShiftModifier
        if by_key or event.key() == Qt.Key.Key_Menu:
            self._menu.popup(self.mapToGlobal(self.rect().center()))
        else:
            event.ignore()

    def wheelEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Leave the wheel to the scrolling parent."""
        event.ignore()


def _plot(canvas: pg.PlotWidget, axes: tuple[str, str]) -> pg.PlotItem:
    """Return the plot of a canvas, with its axes labelled."""
    plot: pg.PlotItem = canvas.getPlotItem()
    plot.hideButtons()
    plot.disableAutoRange()
    for side, words in zip(("bottom", "left"), axes, strict=True):
        plot.setLabel(side, words)
        plot.getAxis(side).enableAutoSIPrefix(False)
    # Room for the outermost numbers, which would be cut off at the edge.
    plot.layout.setContentsMargins(0, theme.GRID, theme.GRID, theme.HALF)
    return plot


class Plane(QWidget):
    """Items are made with the points and kept until these change. `exported`, `export_failed`: as of a plot.

    head: the row of the title, at whose right end its owner may add a choice."""

    exported = Signal(str)
    export_failed = Signal(str, str)

    def __init__(
        self,
        title: str,
        axes: tuple[str, str],
        caption: str,
        empty: str,
        parent: QWidget,
        *,
        table: Callable[[], Table],
        note: Callable[[], str],
        shares: Sequence[str] = _LEFT,
    ) -> None:
        """axes: labels of bottom and left. table: content of a CSV file. note: what the points belong to. shares: the
        sides whose numbers are shares, which end at 1."""
        super().__init__(parent)
        self._title, self._note = title, note
        self.menu = ExportMenu(title, self, picture=self._picture, table=table, origin=note)
        self.menu.exported.connect(self.exported)
        self.menu.failed.connect(self.export_failed)
        self.widget = _Canvas(self.menu, self)
        self.widget.setToolTip(self.tr("Right-click or Shift+F10 export."))
        self.widget.setAccessibleName(title)
        self.widget.setAccessibleDescription(caption)
        self.plot = _plot(self.widget, axes)
        for side in shares:
            self.plot.getAxis(side).most = 1.0
        self.spots: tuple[Spot, ...] = ()
        self._items: list[pg.GraphicsObject] = []
        self.line = pg.PlotDataItem()
        self.plot.addItem(self.line)
        self.caption = ElasticLine(self, role="muted")
        self.caption.show_text(caption)
        self.words = plain_label(empty, self.widget.viewport(), role="muted", wraps=True)
        self.words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.words.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._lay_out()
        self.recolour()
        self.show_spots(())
        # Names that no longer fit to the right of their points move to the left.
        self.plot.getViewBox().sigResized.connect(lambda _box: self._make_items())

    def _lay_out(self) -> None:
        middle = QVBoxLayout(self.widget.viewport())
        middle.setContentsMargins(8 * theme.GRID, 0, 4 * theme.GRID, 4 * theme.GRID)
        middle.addWidget(self.words)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.GRID, theme.GRID, theme.GRID, 0)
        column.setSpacing(theme.HALF)
        self.head = QHBoxLayout()
        self.head.addWidget(plain_label(self._title, self, role="title"))
        self.head.addStretch(1)
        column.addLayout(self.head)
        column.addWidget(self.widget, 1)
        column.addWidget(self.caption)

    def show_spots(
        self,
        spots: Sequence[Spot],
        *,
        ends: tuple[float, float, float, float] | None = None,
        is_empty: bool | None = None,
    ) -> None:
        """Show these points. ends: ends of the axes (left, right, bottom, top); by default they fit the points.

        is_empty: whether there is nothing to see, also of what its owner draws; by default where there is no point."""
        is_empty = not spots if is_empty is None else is_empty
        self.spots = tuple(spots)
        self.words.setVisible(is_empty)
        for side in ("bottom", "left"):
            self.plot.getAxis(side).setStyle(showValues=not is_empty)
        left, right, bottom, top = ends or _ends(self.spots)
        self.plot.setRange(xRange=(left, right), yRange=(bottom, top), padding=0)
        self._make_items()

    def name_left(self, label: str, caption: str, *shorter: str) -> None:
        """Name the left axis anew, and what is good. shorter: captions for less room, the longest first."""
        self.plot.setLabel("left", label)
        self.caption.show_text(caption, *shorter)
        self.widget.setAccessibleDescription(caption)

    def show_line(self, xs: Sequence[float], ys: Sequence[float]) -> None:
        """Draw a line to compare the points with."""
        self.line.setData(np.array(xs, dtype=np.float64), np.array(ys, dtype=np.float64))

    def recolour(self) -> None:
        """Apply the colours of the current palette."""
        colours = theme.current()
        self.widget.setBackground(QColor(colours.window))
        for side in ("left", "bottom"):
            self.plot.getAxis(side).setPen(pg.mkPen(colours.line))
            self.plot.getAxis(side).setTextPen(pg.mkPen(colours.muted))
        self.line.setPen(pg.mkPen(colours.muted, width=1, style=Qt.PenStyle.DashLine))
        self._make_items()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 (Qt's name)
        """Finish an export under way."""
        self.menu.exporter.close()
        super().hideEvent(event)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Follow the colour scheme and the font."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self.recolour()

    def _picture(self, svg: bool) -> bytes:
        """Render the plane with its title, caption and note."""
        note = self._note()
        self.widget.setBackground(QColor(theme.current().base))
        picture = export.as_svg(self, self._title, note) if svg else export.as_png(self, note)
        self.widget.setBackground(QColor(theme.current().window))
        return picture

    def _make_items(self) -> None:
        for item in self._items:
            self.plot.removeItem(item)
        self._items = [item for spot in self.spots for item in self._items_of(spot)] + self._names()
        for item in self._items:
            self.plot.addItem(item)
        self.plot.getAxis("left").setWidth(
            round(QFontMetricsF(self.font()).horizontalAdvance("0.000")) + 4 * theme.GRID
        )

    def _items_of(self, spot: Spot) -> list[pg.GraphicsObject]:
        colour = spot.mark.colour
        x, y = np.array([spot.x]), np.array([spot.y])
        bars = pg.ErrorBarItem(
            x=x, y=y, left=np.array([spot.across[0]]), right=np.array([spot.across[1]]),
            bottom=np.array([spot.along[0]]), top=np.array([spot.along[1]]), beam=0, pen=pg.mkPen(colour, width=2),
        )  # fmt: skip
        point = pg.ScatterPlotItem(size=_SIZE, symbol=spot.mark.symbol, pen=None, brush=pg.mkBrush(colour))
        point.setData(x, y)
        return [bars, point]

    def _names(self) -> list[pg.GraphicsObject]:
        """The names of the points where they cover nothing, with a line to each that stands further off.

        A name without a free place is left out."""
        box = self.plot.getViewBox()
        (left, right), (low, high) = box.viewRange()
        scale_x, scale_y = box.width() / (right - left), box.height() / (high - low)
        names = [_name(spot) if spot.name else None for spot in self.spots]
        points = [
            NamedPoint(
                (spot.x - left) * scale_x, (high - spot.y) * scale_y, (0.0, 0.0) if name is None else _size(name),
                PixelBox((spot.x - spot.across[0] - left) * scale_x, (high - spot.y - spot.along[1]) * scale_y,
                    (spot.x + spot.across[1] - left) * scale_x, (high - spot.y + spot.along[0]) * scale_y),
            ) for spot, name in zip(self.spots, names, strict=True)
        ]  # fmt: skip
        items: list[pg.GraphicsObject] = []
        places = place_names(points, (box.width(), box.height()))
        for spot, name, place in zip(self.spots, names, places, strict=True):
            if name is None or place is None:
                continue
            x, y = left + place.box.middle[0] / scale_x, high - place.box.middle[1] / scale_y
            name.setPos(x, y)
            items.append(name)
            if place.far:
                # Drawn under the name's own letters would strike them through: it ends at the edge of the name.
                end = _edge(place.box, ((spot.x - left) * scale_x, (high - spot.y) * scale_y))
                xs, ys = np.array([spot.x, left + end[0] / scale_x]), np.array([spot.y, high - end[1] / scale_y])
                items.append(pg.PlotCurveItem(xs, ys, pen=pg.mkPen(spot.mark.colour, width=1)))
        return items


def _name(spot: Spot) -> pg.TextItem:
    name = pg.TextItem(spot.name, color=QColor(spot.mark.colour), anchor=(0.5, 0.5))
    name.textItem.document().setDocumentMargin(_MARGIN)
    name.updateTextPos()
    return name


def _size(name: pg.TextItem) -> tuple[float, float]:
    rect = name.boundingRect()
    return rect.width(), rect.height()


def _edge(box: PixelBox, point: tuple[float, float]) -> tuple[float, float]:
    """The place of a box that is nearest to a point outside of it."""
    return min(max(point[0], box.left), box.right), min(max(point[1], box.top), box.bottom)


def _ends(spots: Sequence[Spot]) -> tuple[float, float, float, float]:
    """Ends of axes that hold every point, its interval, and its name on the right."""
    if not spots:
        return 0.0, 1.0, 0.0, 1.0
    right = max(spot.x + spot.across[1] for spot in spots)
    low = min(spot.y - spot.along[0] for spot in spots)
    high = max(spot.y + spot.along[1] for spot in spots)
    room = max(_ROOM * (high - low), 0.02)
    return 0.0, 1.35 * right or 1.0, max(0.0, low - room), high + 1.5 * room
