"""Panel with the answer in words: what to ship, why, what it holds for, and whether every lane wrote the same text."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from app import theme
from app.panel import Panel
from app.state.store import RunStore
from app.text.plain_text import plain_tip
from app.widgets import labels
from app.widgets.elided_label import ElidedLabel
from app.widgets.labels import ElasticLine, plain_label
from app.widgets.permission import allow
from app.widgets.progress_bar import CalmProgressBar
from app.widgets.reserved_space import keep_room
from app.workspaces.compare import setup_words, words
from app.workspaces.compare.comparing import ComparingProgress
from engine.events import PLAIN_LANE, Event
from engine.runs.summary import Summary

_SCALE = 1.9
_CHANGES_LINES = 2


class RecommendationPanel(Panel):
    """Idle it says what Measure will do; while measuring, who leads and how far it is.

    race_asked, report_asked, rating_asked: what was measured is to be shown to an audience, written as a report, or its
    texts are to be rated blind."""

    race_asked = Signal()
    report_asked = Signal()
    rating_asked = Signal()
    every_ms = 250

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._plan = ""
        self.headline = ElidedLabel(self)
        self.headline.setAccessibleName(self.tr("Recommendation"))
        self.same = plain_label("", self)
        self.same.setAccessibleName(self.tr("Same-text check"))
        self.race = QPushButton(self.tr("Race"), self)
        self.race.clicked.connect(self.race_asked)
        self.report = QPushButton(self.tr("Report…"), self)
        self.report.clicked.connect(self.report_asked)
        self.rate = QPushButton(self.tr("Rate blind…"), self)
        self.rate.clicked.connect(self.rating_asked)
        self.because = ElasticLine(self)
        self.identity = ElasticLine(self, role="muted")
        self.identity.setAccessibleName(self.tr("Which comparison is shown"))
        self.workload = ElasticLine(self, role="muted")
        self.changes = plain_label("", self, role="muted", wraps=True)
        self.changes.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.warning = ElasticLine(self, role="bad")
        self.progress = CalmProgressBar(self.tr("Progress of the comparison"), self)
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
        """Show the answer, or how far it is."""
        comparing = self.store.tab(ComparingProgress)
        record, at = comparing.record, self.store.engine.progressed
        live = comparing.live or record.live
        headline = words.headline(record) or (self.tr("Measuring…") if live else self.tr("Which drafter pays?"))
        self._show_headline(headline, bad=record.recommended == PLAIN_LANE)
        self._allow_showing(measured=record.measured is not None)
        allow(
            self.rate, comparing.why_no_rating(), self.tr("Say which of two texts of a prompt is better without names")
        )
        self._show_check(*words.same_text(record), words.same_text_details(record))
        ending = words.ending(record)
        because = comparing.status(at) if live else words.because(record) or ending or self._plan
        self.because.show_text(because)
        self.identity.show_text(setup_words.identity(record))
        nothing = record.started is None and not live
        self.workload.show_text(self._how_it_works() if nothing else words.workload(record))
        changes = words.changes(record)
        if changes != self.changes.text():
            self.changes.setText(changes)
            self.changes.setToolTip(plain_tip(changes) if changes else "")
        warnings = [*words.warnings(record), *([ending] if ending and because != ending else [])]
        self.warning.show_text("" if not warnings else self.tr("⚠ {0}").format(" · ".join(warnings)))
        self.progress.setVisible(live)
        if live:
            self.progress.show_progress(at)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Follow the system font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit_fonts()

    def _how_it_works(self) -> str:
        return self.tr(
            "Plain decoding is measured with every prompt, in shuffled order: each speedup has its own baseline."
            " Leaving it off is one of the answers."
        )

    def _allow_showing(self, *, measured: bool) -> None:
        why_not = "" if measured else self.tr("nothing is measured yet")
        allow(self.race, why_not, self.tr("Show the lanes racing in large type, at their measured times (F11)"))
        allow(self.report, why_not, self.tr("Write everything measured to one HTML or PDF file (Ctrl+Shift+S)"))

    def _show_headline(self, text: str, *, bad: bool) -> None:
        if text != self.headline.text():
            self.headline.setText(text)
            self.headline.setToolTip(plain_tip(text))
        labels.set_role(self.headline, "bad" if bad else "normal")

    def _show_check(self, text: str, good: bool, details: str) -> None:
        self.same.setText(text)
        self.same.setToolTip(plain_tip(details) if details else "")
        labels.set_role(self.same, "good" if good else "bad")

    def _fit_fonts(self) -> None:
        _enlarge(self.headline, theme.scaled(self.font(), _SCALE, bold=True).pointSizeF())
        _enlarge(self.same, theme.scaled(self.font(), 1.2, bold=True).pointSizeF())
        # As high empty as full, so that the lanes below do not move when there is something to say.
        self.changes.setFixedHeight(_CHANGES_LINES * self.changes.fontMetrics().lineSpacing())

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(2 * theme.GRID)
        top.addWidget(self.headline, 1)
        top.addWidget(self.same)
        top.addWidget(self.rate)
        top.addWidget(self.race)
        top.addWidget(self.report)
        reason = QHBoxLayout()
        reason.setSpacing(2 * theme.GRID)
        reason.addWidget(self.because, 1)
        reason.addWidget(self.progress)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * theme.GRID, 0, 2 * theme.GRID, theme.GRID)
        column.setSpacing(theme.HALF)
        column.addLayout(top)
        column.addLayout(reason)
        column.addWidget(self.identity)
        column.addWidget(self.workload)
        column.addWidget(self.changes)
        column.addWidget(self.warning)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)


def _enlarge(label: QLabel, points: float) -> None:
    font = theme.tabular(label.font())
    font.setBold(True)
    if points > 0:
        font.setPointSizeF(points)
    label.setFont(font)
