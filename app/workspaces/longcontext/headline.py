"""Panel of what the eye meets first: what length does, of what that holds, or what Measure and Run will do."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from app import theme
from app.panel import Panel
from app.state.store import RunStore
from app.text.plain_text import plain_tip
from app.widgets import labels
from app.widgets.elided_label import ElidedLabel
from app.widgets.labels import ElasticLine
from app.widgets.progress_bar import CalmProgressBar
from app.widgets.reserved_space import keep_room
from app.workspaces.longcontext import words
from app.workspaces.longcontext.state import LengthProgress
from engine.events import Event
from engine.runs.summary import Summary

_SCALE = 1.4
# Lower windows, in lines of text, keep only what matters most.
_LOW_LINES = 45


class LengthHeadlinePanel(Panel):
    """Four lines of constant height."""

    every_ms = 250

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._plan = ""
        self.headline = ElidedLabel(self)
        self.headline.setAccessibleName(self.tr("What length does"))
        self.course = ElasticLine(self)
        self.course.setAccessibleName(self.tr("From the shortest length to the longest"))
        self.scope = ElasticLine(self, role="muted")
        self.warning = ElasticLine(self, role="bad")
        self.progress = CalmProgressBar(self.tr("Progress of the measurement"), self)
        self.progress.setFixedSize(20 * theme.GRID, theme.GRID)
        keep_room(self.progress)
        self._fit_fonts()
        self._lay_out()
        self.draw((), store.summary)

    def show_plan(self, plan: str) -> None:
        """Say what Measure will do with what is chosen now."""
        if plan != self._plan:
            self._plan = plan
            self.draw((), self.store.summary)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Show the figures of the longest length, or how far the measurement is."""
        lengths = self.store.tab(LengthProgress)
        record, live = lengths.record, lengths.live or lengths.record.live
        idle = self.tr("What does the length of a text do to speculation?")
        headline = words.headline(record) or (self.tr("Measuring lengths…") if live else idle)
        if headline != self.headline.text():
            self.headline.set_versions(headline, *(words.headline(record, n) for n in (2, 1) if words.headline(record)))
            self.headline.setToolTip(plain_tip(headline))
        labels.set_role(self.headline, "bad" if words.is_loss(record) else "normal")
        ending = words.ending(record)
        course = lengths.status(self.store.engine.progressed) if live else words.course(record) or ending or self._plan
        self.course.show_text(course, *(words.shorter_courses(record) if course == words.course(record) else ()))
        self.scope.show_text(words.scope(record) or ("" if live else self._how_it_works()))
        warnings = [*words.warnings(record), *([ending] if ending and course != ending else [])]
        self.warning.show_text(self.tr("⚠ {0}").format(" · ".join(warnings)) if warnings else "")
        self.progress.setVisible(live)
        if live:
            self.progress.show_progress(self.store.engine.progressed)

    def fit_height(self, height: int) -> bool:
        """Leave out what the figures hold for where the window is low. Returns whether it is."""
        is_low = height < _LOW_LINES * self.fontMetrics().lineSpacing()
        self.scope.setVisible(not is_low)
        return is_low

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Follow the system font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "headline"):
            self._fit_fonts()

    def _how_it_works(self) -> str:
        return self.tr(
            "At each length every drafter continues the same text as plain decoding, in turn; prefill is apart."
            " Run writes on from the document, token by token below."
        )

    def _fit_fonts(self) -> None:
        font = theme.tabular(self.headline.font())
        font.setBold(True)
        points = theme.scaled(self.font(), _SCALE, bold=True).pointSizeF()
        if points > 0:
            font.setPointSizeF(points)
        self.headline.setFont(font)

    def _lay_out(self) -> None:
        second = QHBoxLayout()
        second.setSpacing(2 * theme.GRID)
        second.addWidget(self.course, 1)
        second.addWidget(self.progress)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * theme.GRID, theme.HALF, 2 * theme.GRID, theme.HALF)
        column.setSpacing(2)
        column.addWidget(self.headline)
        column.addLayout(second)
        column.addWidget(self.scope)
        column.addWidget(self.warning)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
