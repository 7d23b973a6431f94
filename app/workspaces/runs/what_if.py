"""The page that asks what another draft length, a faster drafter or a lenient rule would bring to a kept run."""

from typing import NamedTuple

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import (
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.state.store import RunStore
from app.text.plain_text import one_line
from app.widgets.labels import plain_label
from app.widgets.number_box import NumberBox, WholeNumberBox
from app.widgets.steady_box import SteadyBox
from app.words import quantities
from app.workspaces.runs import words
from app.workspaces.runs.library import RunLibrary
from app.workspaces.runs.what_if_plot import WhatIfCurve, WhatIfPlot
from engine.errors import EngineError
from engine.experiments.prediction import MOST_GAMMA, Prediction, ReplayedTau, best, predictions, replayed_tau
from engine.experiments.recorded import RecordedRun, read_recorded
from engine.store.rows import RunRow, RunState

_MOST_SPEED = 100.0
_WAIT_MS = 60


class _Replays(NamedTuple):
    """A recorded run with its replay as it was, and under the lenience asked about."""

    run: RecordedRun
    exact: ReplayedTau
    lenient: ReplayedTau


class WhatIfPage(QWidget):
    """Replays one run at a time; reading and replaying happen beside the window, pricing at once."""

    def __init__(self, library: RunLibrary, store: RunStore, parent: QWidget) -> None:
        super().__init__(parent)
        self._library = library
        self._row: RunRow | None = None
        # What was read last: without it, a run that cannot be read would be read again with every change.
        self._asked: tuple[str, int, RunState] | None = None
        self._runs: tuple[RecordedRun, ...] = ()
        self._replays: _Replays | None = None
        self.subject = plain_label("", self, wraps=True)
        self.subject.setFont(theme.scaled(self.subject.font(), 1.0, bold=True))
        self.lane = SteadyBox(self)
        self.lane.setAccessibleName(self.tr("Lane of the comparison"))
        self.gamma = WholeNumberBox(self)
        self.gamma.setRange(0, MOST_GAMMA)
        self.speed = self._box(
            0.05, _MOST_SPEED, 1.0, self.tr("A drafter this many times as fast, which accepts alike.")
        )
        self.speed.setSuffix(" ×")
        self.speed.setStepType(NumberBox.StepType.AdaptiveDecimalStepType)
        self.lenience = self._box(
            0.0, 1.0, 1.0,
            self.tr("Below 1 a draft is accepted where the target gives it at least this share of what exactness asks: "
                    "faster, but another text."),
        )  # fmt: skip
        self.lenience.setSingleStep(0.05)
        self.reset = QPushButton(self.tr("As recorded"), self)
        self.reset.setToolTip(self.tr("Set γ, speed and lenience back to those of the run"))
        self.answer = plain_label("", self, wraps=True)
        self.caution = plain_label("", self, role="muted", wraps=True)
        self.plot = WhatIfPlot(store, self)
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(_WAIT_MS)
        self._wait.timeout.connect(self._replay)
        self.lane.activated.connect(self._on_lane)
        self.gamma.valueChanged.connect(self._price)
        self.speed.valueChanged.connect(self._price)
        self.lenience.valueChanged.connect(self._wait.start)
        self.reset.clicked.connect(self._as_recorded)
        self._lay_out()
        self._say(self.tr("Select a run, then choose What if…"))

    def ask(self, row: RunRow) -> None:
        """Ask about a run; one that was read is read again only when it has grown or ended."""
        asked = (row.id, row.n_bytes, row.state)
        if asked == self._asked:
            return
        self._asked = asked
        self._row, self._runs, self._replays = row, (), None
        self.subject.setText(one_line(words.title(row)))
        self._say(self.tr("Reading the run…"))
        self._library.read(lambda: _read(row), self._take, topic="recorded")

    def say_why_not(self, reason: str) -> None:
        """Ask about nothing, and say why."""
        if self._asked is not None or self.answer.text() != reason:
            self._asked, self._row, self._runs, self._replays = None, None, (), None
            self.subject.setText("")
            self._say(reason)

    def _take(self, runs: tuple[RecordedRun, ...] | EngineError) -> None:
        if self._asked is None:
            return
        if isinstance(runs, EngineError):
            self._say(one_line(runs.message))
            return
        self._runs = runs
        self.lane.clear()
        for run in runs:
            self.lane.addItem(one_line(run.name))
        self.lane.setVisible(len(runs) > 1)
        if runs:
            self._on_lane()
        else:
            self._say(self.tr("Nothing to replay: no draft of this run was tested, or its rounds were not kept."))

    def _on_lane(self) -> None:
        self._replays = None
        self._as_recorded()
        self._replay()

    def _as_recorded(self) -> None:
        run = self._run
        if run is not None:
            self.gamma.setValue(min(MOST_GAMMA, run.gamma))
            self.speed.setValue(1.0)
            self.lenience.setValue(1.0)

    @property
    def _run(self) -> RecordedRun | None:
        return self._runs[max(0, self.lane.currentIndex())] if self._runs else None

    def _replay(self) -> None:
        """Replay the run beside the window, under the lenience chosen now."""
        run, lenience = self._run, self.lenience.value()
        if run is None:
            return
        known = self._replays.exact if self._replays is not None else None

        def work() -> _Replays | None:
            exact = known or replayed_tau(run)
            lenient = exact if lenience >= 1 else replayed_tau(run, lenience)
            return None if exact is None or lenient is None else _Replays(run, exact, lenient)

        self._library.read(work, lambda replays: self._take_replays(run, replays), topic="replay")

    def _take_replays(self, run: RecordedRun, replays: _Replays | None) -> None:
        """Show what was replayed, unless another run has been chosen since."""
        if run is not self._run:
            return
        self._replays = replays
        if replays is None:
            self._say(self.tr("Nothing to replay: no draft of this run was tested."))
        else:
            self._price()

    def _price(self) -> None:
        """Show the predictions under what is chosen."""
        if self._replays is None:
            return
        run, exact, lenient = self._replays
        after = predictions(run, lenient.taus, drafter_speed=self.speed.value())
        before = predictions(run, exact.taus)
        gamma = self.gamma.value()
        title = "" if self._row is None else one_line(words.title(self._row))
        self.plot.show_curve(WhatIfCurve(tuple(after), tuple(before), gamma, run.gamma, title))
        self.answer.setText(" ".join((self._answer(after[gamma]), self._best_words(after))))
        self.caution.setText(self._caution(run, lenient))

    def _answer(self, option: Prediction) -> str:
        if option.speedup is None:
            return self.tr("γ {0}: {1} tokens a round.").format(option.gamma, quantities.number(option.tau))
        return self.tr("γ {0}: {1} predicted, {2} tokens a round.").format(
            option.gamma, quantities.times(option.speedup), quantities.number(option.tau)
        )

    def _best_words(self, options: list[Prediction]) -> str:
        top = best(options)
        if top is None:
            return ""
        if top.gamma == 0:
            return self.tr("No draft length pays: plain decoding is fastest.")
        return self.tr("Fastest: γ {0} with {1}.").format(top.gamma, quantities.times(top.speedup))

    def _caution(self, run: RecordedRun, lenient: ReplayedTau) -> str:
        parts = []
        if self.lenience.value() < 1:
            parts.append(
                self.tr(
                    "A lenient rule changes the text, so τ follows from the acceptance rate alone (α {0}), as if "
                    "tokens were accepted independently. It is not lossless."
                ).format(quantities.number(lenient.alpha))
            )
        else:
            parts.append(
                self.tr(
                    "Replayed over the recorded acceptance (α {0}): which drafts this text accepts is known, so the "
                    "rounds of another γ follow without a model. Where a bonus stood nothing was tested, and the rate "
                    "around it is used."
                ).format(quantities.number(lenient.alpha))
            )
        if run.by_block:
            parts.append(
                self.tr(
                    "This run accepted its drafts by the block; the replay accepts token by token, which keeps no more "
                    "of a draft on average: block verification would be at least as fast."
                )
            )
        if run.costs is None:
            parts.append(self.tr("Plain decoding was not measured beside this run, so there is no speedup to predict."))
        return " ".join(parts)

    def _say(self, text: str) -> None:
        """Say why there is no curve."""
        self.answer.setText(text)
        self.caution.setText("")
        self.lane.setVisible(len(self._runs) > 1)
        self.plot.show_curve(None)

    def _box(self, least: float, most: float, value: float, tip: str) -> NumberBox:
        box = NumberBox(self)
        box.setRange(least, most)
        box.setDecimals(2)
        box.setValue(value)
        box.setToolTip(tip)
        return box

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setHorizontalSpacing(2 * theme.GRID)
        form.setVerticalSpacing(theme.HALF)
        for words_of_box, box in (
            (self.tr("Draft length γ"), self.gamma),
            (self.tr("Drafter speed"), self.speed),
            (self.tr("Lenience"), self.lenience),
        ):
            label = QLabel(words_of_box, self)
            label.setBuddy(box)
            box.setAccessibleName(words_of_box)
            form.addRow(label, box)
        row = QHBoxLayout()
        row.addLayout(form, 1)
        row.addWidget(self.reset)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.GRID, theme.GRID, theme.GRID, theme.GRID)
        column.setSpacing(theme.GRID)
        column.addWidget(self.subject)
        column.addWidget(self.lane)
        column.addLayout(row)
        column.addWidget(self.answer)
        column.addWidget(self.plot, 1)
        column.addWidget(self.caution)


def _read(row: RunRow) -> tuple[RecordedRun, ...] | EngineError:
    """The recorded drafts of a run, or why they cannot be read, which the page itself says."""
    try:
        return read_recorded(row.path)
    except EngineError as err:
        return err
