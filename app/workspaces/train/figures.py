"""Panel with the figures of a drafter before and after its training, side by side."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QHeaderView, QTableWidgetItem, QVBoxLayout, QWidget

from app import theme
from app.panel import Panel
from app.plots.table_export import offer_csv
from app.state.store import RunStore
from app.widgets.labels import plain_label
from app.widgets.tables import FigureTable
from app.words import quantities, speedups
from app.workspaces.train import words
from app.workspaces.train.training import TrainingRunProgress
from engine.events import DrafterMeasured, Event, TrainingFinished
from engine.runs.summary import Summary
from engine.statistics import Interval, RatioEstimate

_NAME, _FIRST = 0, 1


class TrainFiguresPanel(Panel):
    """The measured speedup in large type, and a table of five figures."""

    every_ms = 100

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._drawn: tuple[DrafterMeasured | None, DrafterMeasured | None, TrainingFinished | None] | None = None
        names = (
            (self.tr("held-out α, greedy"), self.tr("Share of the target's greedy tokens the drafter would propose.")),
            (self.tr("α at temperature 1"), self.tr("Mean of sum(min(p, q)): what sampling would accept.")),
            (self.tr("c, cost of a step"), self.tr("Time of a drafter step ÷ time of a target step; low is good.")),
            (self.tr("predicted speedup"), self.tr("From α, c and the measured cost of checking a draft.")),
            (
                self.tr("measured speedup"),
                self.tr("Plain time per token ÷ time with the drafter, on held-out texts in turn."),
            ),
        )
        self.table = FigureTable(len(names), 3, self, padding=theme.GRID)
        self.table.setHorizontalHeaderLabels([self.tr("figure"), self.tr("before"), self.tr("after")])
        self.table.setAccessibleName(self.tr("Figures before and after training"))
        offer_csv(self.table, store)
        self.table.setToolTip(
            self.tr("95 % intervals in square brackets, over held-out texts; below ten texts the range.")
        )
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        for row, (name, tip) in enumerate(names):
            for column in range(3):
                item = QTableWidgetItem(name if column == _NAME else quantities.UNKNOWN)
                item.setToolTip(tip)
                self.table.setItem(row, column, item)
        self.table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.headline = plain_label(quantities.UNKNOWN, self)
        self.headline.setFont(theme.tabular(theme.scaled(self.font(), theme.HEADLINE_SCALE, bold=True)))
        self.headline.setAccessibleName(self.tr("Measured speedup with the trained drafter"))
        self.headline.setToolTip(names[-1][1])
        self.meaning = plain_label("", self, role="muted", wraps=True)
        self._lay_out()
        self.draw((), store.summary)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Fill in the measured figures."""
        figures = self.store.tab(TrainingRunProgress).record.figures
        before, after = figures.get("before"), figures.get("after")
        ended = self.store.tab(TrainingRunProgress).record.finished
        if (before, after, ended) == self._drawn:
            return
        self._drawn = before, after, ended
        self.headline.setText(quantities.times(None if after is None else after.speedup))
        self.meaning.setText(self._explain(after, ended))
        for place, figure in enumerate((before, after)):
            for row, text in enumerate(_texts(figure)):
                item = self.table.item(row, _FIRST + place)
                if item is not None:
                    item.setText(text)

    def _explain(self, after: DrafterMeasured | None, ended: TrainingFinished | None) -> str:
        if after is None and ended is not None:
            return self.tr("speed against plain decoding\nnot measured: the training was stopped")
        if after is None:
            return self.tr("speed against plain decoding\nmeasured once the training has ended")
        if after.speedup is None:
            return self.tr("speed against plain decoding\nnot measured: the training was stopped")
        estimate = _speedup(after)
        assert estimate is not None
        verdict = (
            self.tr("slower than plain decoding: {0}") if estimate.value < 1 else self.tr("of plain speed: {0}")
        ).format(words.pays(after))
        return self.tr("{0}\n{1}, γ {2}, held out").format(verdict, speedups.spread(estimate, "texts"), after.gamma)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(2 * theme.GRID)
        head.addWidget(self.headline)
        head.addWidget(self.meaning, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * theme.GRID, theme.GRID, theme.GRID, theme.GRID)
        column.setSpacing(theme.HALF)
        column.addWidget(plain_label(self.tr("Before and after"), self, role="title"))
        column.addLayout(head)
        column.addWidget(self.table, 1)


def _texts(figure: DrafterMeasured | None) -> tuple[str, ...]:
    if figure is None:
        return (quantities.UNKNOWN,) * 5
    return (
        quantities.with_interval(figure.alpha, _interval(figure.alpha_ci)),
        quantities.number(figure.alpha_overlap),
        quantities.with_interval(figure.c, _interval(figure.c_ci or figure.c_range)),
        quantities.times(figure.predicted_speedup),
        speedups.figure(_speedup(figure), "texts"),
    )


def _interval(ends: tuple[float, float] | None) -> Interval | None:
    return None if ends is None else Interval(*ends)


def _speedup(figure: DrafterMeasured) -> RatioEstimate | None:
    if figure.speedup is None:
        return None
    return RatioEstimate(figure.speedup, _interval(figure.speedup_ci), _interval(figure.speedup_range), figure.n)
