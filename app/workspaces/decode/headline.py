"""Panel of what the eye meets first: the speedup with its interval, the check of the text, and what they hold for."""

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app import theme
from app.panel import Panel
from app.state.requests import Setup
from app.state.store import RunStore
from app.text.plain_text import plain_tip
from app.widgets.elided_label import ElidedLabel
from app.widgets.labels import SteadyLabel, set_role
from app.words import quantities
from app.workspaces.decode import headline_words as headlines
from app.workspaces.decode.same_text import SameText
from engine.events import Event
from engine.runs.summary import Summary

_WIDEST = "00.00×"


class HeadlinePanel(Panel):
    """Two lines of constant height. plan: returns what Run would run."""

    every_ms = 500

    def __init__(self, store: RunStore, plan: Callable[[], Setup], parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._plan = plan
        self.figure = SteadyLabel(_WIDEST, self)
        self.figure.setFont(theme.tabular(theme.scaled(self.font(), theme.HEADLINE_SCALE, bold=True)))
        self.figure.setAccessibleName(self.tr("Measured speedup"))
        self.verdict = ElidedLabel(self)
        self.scope = ElidedLabel(self, role="muted")
        self.same = SameText(store, self)
        words = QVBoxLayout()
        words.setSpacing(0)
        first = QHBoxLayout()
        first.setSpacing(2 * theme.GRID)
        first.addWidget(self.verdict, 3)
        first.addWidget(self.same, 2)
        words.addLayout(first)
        words.addWidget(self.scope)
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * theme.GRID, theme.HALF, 2 * theme.GRID, theme.HALF)
        row.setSpacing(2 * theme.GRID)
        row.addWidget(self.figure)
        row.addLayout(words, 1)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Show what was measured or, without a run, what Run will measure."""
        started = self.store.started
        if started is None:
            setup = self._plan()
            verdicts, scopes = headlines.plan(setup), headlines.plan_scope(setup)
            full = "\n".join((verdicts[0], scopes[0]))
        else:
            verdicts, scopes = headlines.verdict(summary, started), headlines.scope(summary, started)
            full = "\n".join((verdicts[0], scopes[0], headlines.in_full(started)))
        self.figure.show_text("" if started is None else quantities.times(summary.speedup))
        self.figure.setToolTip(headlines.meaning())
        set_role(self.figure, "bad" if headlines.is_loss(summary) else "normal")
        self.verdict.set_versions(*verdicts)
        self.scope.set_versions(*scopes)
        for label in (self.verdict, self.scope):
            label.setToolTip(plain_tip(full))

    def clear(self) -> None:
        """Draw the next run from its beginning."""

    def show_plan(self) -> None:
        """Say anew what Run will measure, after the setup has changed."""
        if self.store.started is None:
            self.draw((), self.store.summary)
