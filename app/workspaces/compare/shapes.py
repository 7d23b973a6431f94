"""Panel that says what the acceptance by position of the lanes means."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from app import theme
from app.panel import Panel
from app.state.store import RunStore
from app.text.plain_text import plain_tip
from app.widgets.labels import plain_label
from app.workspaces.compare import words
from app.workspaces.compare.comparing import ComparingProgress
from app.workspaces.compare.record import ComparisonRecord
from engine.events import Event
from engine.runs.summary import Summary

_MOST_LINES = 4


class ShapesPanel(Panel):
    """A line for each shape: the lanes that have it, and what it says of them."""

    every_ms = 250

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._drawn: tuple[int, int] = (-1, -1)
        self.words = plain_label("", self, wraps=True)
        self.words.setAccessibleName(self.tr("What acceptance by position means"))
        self.words.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.words.setContentsMargins(theme.GRID, 0, theme.GRID, 0)
        area = QScrollArea(self)
        area.setWidget(self.words)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(area)
        # In a low window the plot above keeps its room, and these lines scroll.
        line = self.fontMetrics().lineSpacing()
        self.setMinimumHeight(line + theme.HALF)
        self.setMaximumHeight(_MOST_LINES * line + theme.GRID)
        self.draw((), store.summary)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Update the paragraphs when the figures have changed."""
        record = self.store.tab(ComparingProgress).record
        if self._drawn != (record.number, record.changes):
            self._drawn = (record.number, record.changes)
            self.words.setText("\n".join(paragraphs_of(record)))
            self.words.setToolTip(plain_tip("\n".join(details_of(record))))


def paragraphs_of(record: ComparisonRecord) -> list[str]:
    """A line for each shape that a lane has: the marks of its lanes, and where marks would repeat, their names."""
    lanes_of: dict[str, list[str]] = {}
    drafted = [lane for lane in record.figures if lane.positions]
    glyphs = [record.mark(lane.lane).glyph for lane in drafted]
    unique = len(set(glyphs)) == len(glyphs)
    for lane, glyph in zip(drafted, glyphs, strict=True):
        name = glyph if unique else f"{glyph} {words.lane_name(lane.lane)}"
        lanes_of.setdefault(words.shape_meaning(lane), []).append(name)
    return [f"{(' ' if unique else ', ').join(names)} {meaning}" for meaning, names in lanes_of.items()]


def details_of(record: ComparisonRecord) -> list[str]:
    """What each lane's shape means, a line each."""
    return [
        f"{record.mark(lane.lane).glyph} {words.lane_name(lane.lane)}: {words.shape_details(lane)}"
        for lane in record.figures
        if lane.positions
    ]
