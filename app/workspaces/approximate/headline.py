"""Panel of what the eye meets first: the best threshold, what that holds for, and how far a sweep is."""

from collections.abc import Sequence

from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from app import theme
from app.panel import Panel
from app.state.store import RunStore
from app.text.plain_text import plain_tip
from app.widgets.labels import ElasticLine
from app.widgets.note_label import NoteLabel
from app.widgets.progress_bar import CalmProgressBar
from app.widgets.reserved_space import keep_room
from app.workspaces.approximate import words
from app.workspaces.approximate.state import ThresholdProgress
from engine.events import Event
from engine.runs.summary import Summary


class ApproximateHeadlinePanel(Panel):
    """Two lines of constant height."""

    every_ms = 250

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self.headline = ElasticLine(self, role="title")
        self.headline.setAccessibleName(self.tr("What a gate gains and loses"))
        self.scope = ElasticLine(self, role="muted")
        self.progress = CalmProgressBar(self.tr("Progress of the sweep"), self)
        self.progress.setFixedSize(20 * theme.GRID, theme.GRID)
        keep_room(self.progress)
        second = QHBoxLayout()
        second.addWidget(self.scope, 1)
        second.addWidget(self.progress)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * theme.GRID, theme.HALF, 2 * theme.GRID, theme.HALF)
        column.setSpacing(2)
        column.addWidget(self.headline)
        column.addLayout(second)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.draw((), store.summary)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Show the best threshold, or how far the sweep is."""
        state = self.store.tab(ThresholdProgress)
        record, live = state.record, state.live or state.record.live
        idle = self.tr("What does it cost not to ask the target, and what does it gain?")
        best = [version for version in words.headlines(record) if version]
        self.headline.show_text(*best or (self.tr("Measuring thresholds…") if live else idle,))
        how = self.tr("Sweep writes the same prompts with every threshold, with exact speculation and its competitors.")
        course = state.status(self.store.engine.progressed) if live else ""
        ended = [" ".join(filter(None, (words.ending(record), scope))) for scope in words.scopes(record)]
        self.scope.show_text(course or ended[0] or how, *ended[1:] if not course and ended[0] else ())
        self.progress.setVisible(live)
        if live:
            self.progress.show_progress(self.store.engine.progressed)


class FiguresPanel(Panel):
    """The figures of the chosen way of decoding, and below what breaks the theorem's assumptions."""

    every_ms = 250

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self.figures = NoteLabel(16, self)
        self.notes = NoteLabel(8, self, role="muted")
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * theme.GRID, theme.GRID, 2 * theme.GRID, theme.GRID)
        column.setSpacing(theme.GRID)
        column.addWidget(self.figures)
        column.addWidget(self.notes)
        column.addStretch(1)
        self.draw((), store.summary)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Spell out the figures of what is chosen."""
        state = self.store.tab(ThresholdProgress)
        empty = self.tr("A click on a point or a row spells its figures out here, predicted beside measured.")
        for label, text in (
            (self.figures, empty if state.row is None else words.details(state.record, state.row)),
            (self.notes, words.notes(state.record)),
        ):
            if label.text() != text:
                label.setText(text)
                label.setToolTip(plain_tip(text))
