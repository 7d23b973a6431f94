"""Panel of a run's figures: acceptance, tokens per round, cost and start, each explained below its name."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from app import theme
from app.panel import Panel
from app.state.store import RunStore
from app.widgets import labels
from app.widgets.labels import SteadyLabel
from app.words import quantities, speedups
from app.workspaces.decode.best_gamma import BestGamma
from engine.events import Event
from engine.runs.summary import Summary

_WIDEST_VALUE = "0.00 [0.00, 0.00]"


class _Row(NamedTuple):
    """A figure: its title, what it is in a few words and in full, what it needs to be known, how it is formatted."""

    title: str
    brief: str
    meaning: str
    needs: str
    write: Callable[[Summary], str]


class MetricsPanel(Panel):
    """Updates twice a second while a run is live."""

    every_ms = 500
    turn = 1

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._rows: list[tuple[_Row, SteadyLabel]] = []
        self._drawn: Summary | None = None
        self.best_gamma = BestGamma(self)
        self.best_gamma.changed.connect(self._redraw)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(2 * theme.GRID, theme.GRID, 2 * theme.GRID, theme.GRID)
        self._column.setSpacing(theme.HALF)
        for title, rows in self._groups():
            self._add_group(title, rows)
        self._column.addStretch(8)

    def values(self) -> dict[str, str]:
        """Return the figure beside each title."""
        return {row.title: label.text() for row, label in self._rows}

    def clear(self) -> None:
        """Forget the summary that was drawn."""
        self._drawn = None

    def _redraw(self) -> None:
        self._drawn = None
        self.refresh()

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Update every figure when the summary has changed."""
        if summary is self._drawn:
            return
        self._drawn = summary
        self._pass.setText(self._pass_text(summary))
        for row, label in self._rows:
            text = row.write(summary)
            label.show_text(text)
            unknown = row.needs and text == quantities.UNKNOWN
            label.setToolTip(f"{row.meaning} {row.needs}" if unknown else row.meaning)

    def _pass_text(self, summary: Summary) -> str:
        """Which pass the figures of cost and speed are of, so that none is taken for the other."""
        if not summary.ms_per_token:
            return self.tr("Cost and speed")
        if summary.paired("speculative" if summary.method != "plain" else "plain"):
            return self.tr("Cost and speed, timed")
        return self.tr("Cost and speed, as written")

    def _add_group(self, title: str, rows: Sequence[_Row]) -> None:
        self._column.addStretch(1)
        heading = labels.plain_label(title, self, role="title")
        self._column.addWidget(heading)
        if title == self.tr("Cost and speed"):
            self._pass = heading
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.GRID)
        grid.setVerticalSpacing(1)
        grid.setColumnStretch(0, 1)
        for number, row in enumerate(rows):
            name = labels.plain_label(row.title, self)
            name.setToolTip(row.meaning)
            value = SteadyLabel(_WIDEST_VALUE, self)
            value.show_text(quantities.UNKNOWN)
            value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            value.setAccessibleName(row.title)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            brief = labels.plain_label(row.brief, self, role="muted", wraps=True)
            brief.setToolTip(row.meaning)
            grid.addWidget(name, 2 * number, 0)
            grid.addWidget(value, 2 * number, 1)
            grid.addWidget(brief, 2 * number + 1, 0, 1, 2)
            self._rows.append((row, value))
        self._column.addLayout(grid)

    def _groups(self) -> tuple[tuple[str, tuple[_Row, ...]], ...]:
        return (
            (self.tr("Acceptance"), self._acceptance()),
            (self.tr("Tokens per round"), self._tokens_per_round()),
            (self.tr("Cost and speed"), self._cost()),
            (self.tr("Start"), self._start()),
        )

    def _acceptance(self) -> tuple[_Row, ...]:
        needs = self.tr("Known after the first round with a drafter.")
        return (
            _Row(
                self.tr("acceptance rate α"),
                self.tr("accepted ÷ tested"),
                self.tr(
                    "Acceptance rate: accepted / (accepted + rejected), over tested positions; from ten rounds on with "
                    "its 95 % interval. Where a block is judged as a whole no token is tested alone: then the overlap."
                ),
                needs,
                lambda s: quantities.with_interval(s.alpha, s.alpha_ci),
            ),
            _Row(
                self.tr("overlap estimate of α"),
                self.tr("mean of Σ min(p, q): less variance"),
                self.tr(
                    "Mean of Σ min(p, q) over tested positions, of blocks over all drafted ones: estimates α with less "
                    "variance; equal to α when greedy."
                ),
                needs,
                lambda s: quantities.number(s.alpha_overlap),
            ),
            _Row(
                self.tr("draft efficiency"),
                self.tr("accepted ÷ proposed"),
                self.tr("Accepted / proposed, untested tokens included; what other tools print as acceptance."),
                needs,
                lambda s: quantities.number(s.efficiency),
            ),
        )

    def _tokens_per_round(self) -> tuple[_Row, ...]:
        return (
            _Row(
                self.tr("tokens per round τ"),
                self.tr("emitted per target forward"),
                self.tr("Emitted tokens per target forward, correction or bonus included; plain decoding has 1.00."),
                self.tr("Known after the first round."),
                lambda s: quantities.number(s.tau),
            ),
            _Row(
                self.tr("predicted τ"),
                self.tr("from α and γ, all positions alike"),
                self.tr(
                    "(1 − α^(γ+1)) / (1 − α): what α and γ predict if every position were alike; a round without a "
                    "proposal brings one token."
                ),
                self.tr("Known after the first tested token."),
                lambda s: quantities.number(s.predicted_tau),
            ),
        )

    def _cost(self) -> tuple[_Row, ...]:
        needs_plain = self.tr("Known once plain decoding was measured: switch “Measure plain too” on.")
        return (
            _Row(
                self.tr("cost coefficient c"),
                self.tr("drafter step ÷ target step"),
                self.tr("Cost coefficient: time of one drafter step / time of one target step."),
                needs_plain,
                lambda s: quantities.number(s.c, 3),
            ),
            _Row(
                self.tr("speedup predicted"),
                self.tr("from α and the measured costs"),
                self.tr(
                    "What α and the measured parts of a round predict: predicted τ × a plain token / (drafting + "
                    "verifying + the rest of a round). What if, in the tab Runs, replays the rounds instead of using α."
                ),
                needs_plain,
                lambda s: quantities.times(s.predicted_speedup),
            ),
            _Row(
                self.tr("best draft length γ"),
                self.tr("replayed over this run"),
                self.tr(
                    "The draft length with the largest predicted speedup, replayed over the acceptance of this run at "
                    "its measured costs; “leave it off” where none would pay."
                ),
                needs_plain,
                lambda _: speedups.best_gamma(self.best_gamma.of(self.store.history.shown)),
            ),
            _Row(
                self.tr("time per token"),
                self.tr("decoding, prefill apart"),
                self.tr("Decoding time / new tokens, prefill apart; the median over blocks once there are some."),
                self.tr("Known after the first round."),
                lambda s: quantities.milliseconds(s.ms_per_token),
            ),
            _Row(
                self.tr("plain, per token"),
                self.tr("measured in this run"),
                self.tr("The same for plain decoding, measured in this run between the speculative blocks."),
                needs_plain,
                lambda s: quantities.milliseconds(None if s.speedup is None else s.baseline_ms_per_token),
            ),
            _Row(
                self.tr("tokens/s"),
                self.tr("of decoding, prefill apart"),
                self.tr("New tokens a second of decoding, prefill apart; the median over blocks once there are some."),
                self.tr("Known after the first round."),
                lambda s: quantities.number(1000 / s.ms_per_token if s.ms_per_token else None, 0),
            ),
        )

    def _start(self) -> tuple[_Row, ...]:
        return (
            _Row(
                self.tr("time to first token"),
                self.tr("prefill and the first round"),
                self.tr("Time to first token: prefill and the first round."),
                self.tr("Known after the first round."),
                lambda s: quantities.milliseconds(s.ttft_ms),
            ),
            _Row(
                self.tr("prefill"),
                self.tr("reading the prompt"),
                self.tr("Reading the prompt into the caches of both models; reported apart from decoding."),
                self.tr("Known once the prompt was read."),
                lambda s: quantities.milliseconds(s.prefill_ms),
            ),
        )
