"""Paints the nodes of a drafted tree and the lines between them, scaled to any zoom."""

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from app import theme
from app.panels.tree import words
from app.panels.tree.layout import GridPlace, TreeGrid
from app.text.shown_text import visible
from app.theme import StreamFate
from engine.events import LastToken, ProposedToken

# Widths in characters, distances as shares of the height of a line.
_TOKEN_CHARACTERS, _WIDEST_FIGURES = 11, "0.00    0.00"
_NODE_HEIGHT, _ROW_GAP, _COLUMN_GAP, _BAR = 1.6, 0.35, 1.8, 0.12
_LONGEST = 60
Record = ProposedToken | LastToken


class ShownNode(NamedTuple):
    """A node as it is painted. chosen: it is the selected one; kept: it is on the path."""

    record: Record
    fate: StreamFate
    kept: bool
    chosen: bool


class TreePainter:
    """Measures for one font size; `size` and `rect` are in pixels, from the corner of the whole tree."""

    def __init__(self, base: QFont, scale: float) -> None:
        self.font = theme.tabular(theme.scaled(base, scale))
        self.bold = theme.tabular(theme.scaled(base, scale, bold=True))
        self.metrics = QFontMetricsF(self.font)
        line = self.metrics.height()
        self._glyph = self.metrics.horizontalAdvance("✓ ")
        self._figures = self.metrics.horizontalAdvance(_WIDEST_FIGURES)
        self._pad = line / 4
        self.width = self._glyph + self.metrics.averageCharWidth() * _TOKEN_CHARACTERS + self._figures + 3 * self._pad
        self.height = line * _NODE_HEIGHT
        self.column_step = self.width + line * _COLUMN_GAP
        self.row_step = self.height + line * _ROW_GAP
        self.margin = line
        # Room for the line from the text so far, and for the names of the columns.
        self.left, self.top = self.margin + line * _COLUMN_GAP, self.margin + line

    def size(self, grid: TreeGrid) -> tuple[float, float]:
        """Width and height of a whole tree."""
        width = self.left + grid.n_columns * self.column_step - (self.column_step - self.width) + self.margin
        return width, self.top + max(1, grid.n_rows) * self.row_step + self.margin

    def rect(self, place: GridPlace) -> QRectF:
        """Where a node is painted."""
        x, y = self.left + place.column * self.column_step, self.top + place.row * self.row_step
        return QRectF(x, y, self.width, self.height)

    def paint_edges(self, painter: QPainter, grid: TreeGrid, kept: Sequence[bool]) -> None:
        """Paint the lines from parents to children, those of the path last and thick."""
        colours = theme.current()
        middle = self.height / 2
        root = QPointF(self.margin, self.top + grid.root_row * self.row_step + middle)
        for on_path in (False, True):
            colour = colours.accepted if on_path else colours.edge
            painter.setPen(QPen(QColor(colour), self.height / 10 if on_path else 1.0))
            for node, place in enumerate(grid.places):
                if kept[node] == on_path:
                    parent, to = grid.parents[node], self.rect(place)
                    start = root
                    if parent >= 0:
                        start = self.rect(grid.places[parent]).topRight() + QPointF(0, middle)
                    self._paint_edge(painter, start, to.topLeft() + QPointF(0, middle))
        painter.setBrush(QColor(colours.muted))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawEllipse(root, self.height / 8, self.height / 8)
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _paint_edge(self, painter: QPainter, start: QPointF, end: QPointF) -> None:
        """An elbow, whose upright is the same for all children of a node."""
        bend = start.x() + (end.x() - start.x()) / 2
        painter.drawPolyline([start, QPointF(bend, start.y()), QPointF(bend, end.y()), end])

    def paint_heads(self, painter: QPainter, grid: TreeGrid, view: QRectF) -> None:
        """Paint above each column its depth and what its figures are, over whatever is scrolled below. view: what of
        the tree is seen."""
        colours, line = theme.current(), self.metrics.height()
        band = QRectF(view.left(), view.top(), view.width(), self.margin + 0.75 * line)
        painter.fillRect(band, QColor(colours.base))
        painter.setFont(self.font)
        painter.setPen(QColor(colours.muted))
        right = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        for column in range(grid.n_columns):
            room = QRectF(self.left + column * self.column_step, band.top(), self.width, band.height())
            left = room.adjusted(self._pad + self._glyph, 0, 0, 0)
            painter.drawText(left, Qt.AlignmentFlag.AlignVCenter, words.tr("depth {0}").format(column + 1))
            for place, name in enumerate(("p", "q")):
                painter.drawText(self._figure_room(room, place), right, name)

    def _figure_room(self, rect: QRectF, place: int) -> QRectF:
        """Where the first or the second figure of a node at `rect` is, or what stands above it."""
        left, half = rect.right() - self._pad - self._figures, self._figures / 2
        return QRectF(left + place * half, rect.top(), half - self._pad, rect.height())

    def paint_node(self, painter: QPainter, rect: QRectF, node: ShownNode) -> None:
        """Paint a node: frame and mark by its fate, its token, its probabilities as figures and bars."""
        colours, colour = theme.current(), theme.fate_colour(node.fate)
        painter.setBrush(QColor(colours.chosen if node.chosen else colours.base))
        style = {"rejected": Qt.PenStyle.DashLine, "untested": Qt.PenStyle.DotLine}.get(
            node.fate, Qt.PenStyle.SolidLine
        )
        painter.setPen(QPen(QColor(colours.accent) if node.chosen else colour, 2.5 if node.chosen else 1.3, style))
        painter.drawRoundedRect(rect, theme.HALF, theme.HALF)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        self._paint_token(painter, rect, node, colour)
        self._paint_figures(painter, rect, node)

    def _paint_token(self, painter: QPainter, rect: QRectF, node: ShownNode, colour: QColor) -> None:
        strong = node.kept or isinstance(node.record, LastToken)
        font = QFont(self.bold if strong else self.font)
        font.setStrikeOut(node.fate == "rejected")
        painter.setPen(colour)
        painter.setFont(self.font)
        middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        left = rect.left() + self._pad
        painter.drawText(QRectF(left, rect.top(), self._glyph, rect.height()), middle, words.fate_glyph(node.record))
        painter.setFont(font)
        room = QRectF(left + self._glyph, rect.top(), self._token_width(), rect.height())
        text = visible(node.record.text, longest=_LONGEST) or "⟨⟩"
        shown = QFontMetricsF(font).elidedText(text, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, middle, shown)

    def _token_width(self) -> float:
        return self.width - self._glyph - self._figures - 3 * self._pad

    def _paint_figures(self, painter: QPainter, rect: QRectF, node: ShownNode) -> None:
        """The target's p and, of a proposed token, the drafter's q, each over a bar of its length."""
        colours, record = theme.current(), node.record
        figures = [(record.p, colours.bar_p)]
        if isinstance(record, ProposedToken):
            figures.append((record.q, colours.bar_q))
        painter.setFont(self.font)
        thick = max(2.0, self.height * _BAR)
        for place, (value, bar) in enumerate(figures):
            room = self._figure_room(rect, place).adjusted(0, 0, 0, -thick)
            painter.setPen(QColor(colours.text))
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, f"{value:.2f}")
            share = min(1.0, max(0.0, value))
            painter.fillRect(QRectF(room.left(), room.bottom() - thick / 2, room.width() * share, thick), QColor(bar))
