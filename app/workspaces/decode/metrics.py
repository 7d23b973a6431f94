"""Panel of a run's figures: speedup, acceptance, tokens per round, cost and start, each explained in one sentence."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from app import theme
from app.panel import Panel
from app.state.store import RunStore
from app.text.plain_text import one_line, plain_tip
from app.widgets import labels
from app.widgets.labels import SteadyLabel
from app.words import quantities, runs, speedups
from app.words.counts import count
from app.workspaces.decode.best_gamma import BestGamma
from app.workspaces.decode.same_text import SameText
from engine.events import Event
from engine.runs.summary import Summary

_WIDEST_VALUE = "0.00 [0.00, 0.00]"


class _Row(NamedTuple):
    """A figure: its title, its meaning, what it needs to be known, and how it is formatted."""

    title: str
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
        self._headline = labels.plain_label(quantities.UNKNOWN, self)
        self._headline.setFont(theme.tabular(theme.scaled(self.font(), theme.HEADLINE_SCALE, bold=True)))
        self._headline.setAccessibleName(self.tr("Measured speedup"))
        self._caption = labels.plain_label("", self, role="muted", wraps=True)
        self._same = SameText(store, self)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(2 * theme.GRID, theme.GRID, 2 * theme.GRID, theme.GRID)
        self._column.setSpacing(theme.HALF)
        self._column.addWidget(self._headline)
        self._column.addWidget(self._caption)
        self._column.addSpacing(theme.HALF)
        self._column.addWidget(self._same)
        self._workload = labels.plain_label("", self, role="muted", wraps=True)
        self._workload.setToolTip(self.tr("What this run was made with."))
        self._column.addWidget(self._workload)
        for title, rows in self._groups():
            self._add_group(title, rows)
        self._column.addStretch(1)

    def values(self) -> dict[str, str]:
        """Return the figure beside each title."""
        return {row.title: label.text() for row, label in self._rows}

    @property
    def headline(self) -> str:
        """The measured speedup as written."""
        return self._headline.text()

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
        self._headline.setText(quantities.times(summary.speedup))
        is_loss = summary.speedup is not None and summary.speedup < 1
        labels.set_role(self._headline, "bad" if is_loss else "normal")
        labels.set_role(self._caption, "bad" if is_loss else "muted")
        self._pass.setText(self._pass_text(summary))
        self._headline.setToolTip(self._headline_meaning(summary))
        self._caption.setText(self._explain(summary))
        self._workload.setText(self._made_with(summary))
        self._workload.setToolTip(plain_tip(self._made_with_in_full()))
        for row, label in self._rows:
            text = row.write(summary)
            label.show_text(text)
            unknown = row.needs and text == quantities.UNKNOWN
            label.setToolTip(f"{row.meaning} {row.needs}" if unknown else row.meaning)

    def _headline_meaning(self, summary: Summary) -> str:
        meaning = self.tr(
            "Measured speedup: plain time per token / speculative time per token, as below, prefill apart."
        )
        if summary.speedup is not None:
            return meaning
        return meaning + self.tr(" Known once plain decoding was measured: switch “Measure plain too” on.")

    def _explain(self, summary: Summary) -> str:
        if summary.method == "plain":
            return self.tr("Plain decoding: the yardstick. Choose a drafter to see a speedup.")
        estimate = summary.measured_speedup
        if estimate is None:
            return self._waiting_text(summary)
        verdict = speedups.slower(summary) or self.tr("the speed of plain decoding")
        spread = self.tr("{0}, this prompt").format(speedups.spread(estimate))
        return "\n".join((verdict, spread, *(self.tr("Caution: {0}.").format(why) for why in summary.disturbances)))

    def _waiting_text(self, summary: Summary) -> str:
        """Why there is no speedup, or not yet."""
        if summary.paired("plain"):
            return self.tr("Speedup over plain decoding: {0}").format(
                quantities.no_baseline(summary, self.store.started)
            )
        if quantities.baseline_to_come(summary, self.store.started):
            return self.tr("Speedup over plain decoding, measured in the same run after the text is done.")
        return self.tr("Speedup over plain decoding: not measured in this run.")

    def _pass_text(self, summary: Summary) -> str:
        """Which pass the figures of cost and speed are of, so that none is taken for the other."""
        if not summary.ms_per_token:
            return self.tr("Cost and speed")
        if summary.paired("speculative" if summary.method != "plain" else "plain"):
            return self.tr("Cost and speed, timed")
        return self.tr("Cost and speed, as written")

    def _made_with(self, summary: Summary) -> str:
        """The workload that a speedup belongs to, and how much of its text is reasoning and no answer."""
        started = self.store.started
        if started is None:
            return ""
        device = runs.short(f"{started.device} {started.dtype}")
        forked = () if started.forked_at is None else (self.tr("forked at token {0}").format(started.forked_at),)
        chat = (self.tr("as chat"),) if summary.chat else ()
        rules = tuple(map(one_line, summary.rules[:1]))
        if len(summary.rules) > 1:
            rules = (self.tr("{0} and {1} more").format(rules[0], len(summary.rules) - 1),)
        share = self.tr("reasoning: {0:,} of {1}").format(summary.n_reasoning, count(summary.n_emitted, "new token"))
        reasoning = (share,) if summary.n_reasoning else ()
        return " · ".join((runs.pair(started), device, *runs.sampling(started), *forked, *chat, *rules, *reasoning))

    def _made_with_in_full(self) -> str:
        """The names of the models as the user gave them, and every setting."""
        started = self.store.started
        if started is None:
            return self.tr("What this run was made with.")
        settings = ", ".join(f"{one_line(name)} {one_line(str(value))}" for name, value in started.settings)
        made_with = self.tr("target: {0}\ndrafter: {1}\n{2}").format(
            one_line(started.target), one_line(started.drafter), settings
        )
        if not started.rules:
            return made_with
        rules = ", ".join(map(one_line, started.rules))
        return "\n".join((made_with, self.tr("applied to every token: {0}").format(rules)))

    def _add_group(self, title: str, rows: Sequence[_Row]) -> None:
        self._column.addSpacing(theme.GRID)
        heading = labels.plain_label(title, self, role="title")
        self._column.addWidget(heading)
        if title == self.tr("Cost and speed"):
            self._pass = heading
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.GRID)
        grid.setVerticalSpacing(theme.HALF)
        grid.setColumnStretch(0, 1)
        for number, row in enumerate(rows):
            name = labels.plain_label(row.title, self)
            name.setToolTip(row.meaning)
            value = SteadyLabel(_WIDEST_VALUE, self)
            value.show_text(quantities.UNKNOWN)
            value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            value.setAccessibleName(row.title)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            grid.addWidget(name, number, 0)
            grid.addWidget(value, number, 1)
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
                self.tr("α"),
                self.tr(
                    "Acceptance rate: accepted / (accepted + rejected), over tested positions; from ten rounds on with "
                    "its 95 % interval."
                ),
                needs,
                lambda s: quantities.with_interval(s.alpha, s.alpha_ci),
            ),
            _Row(
                self.tr("α, overlap estimate"),
                self.tr(
                    "Mean of Σ min(p, q) over tested positions: estimates α with less variance; equal to α when greedy."
                ),
                needs,
                lambda s: quantities.number(s.alpha_overlap),
            ),
            _Row(
                self.tr("draft efficiency"),
                self.tr("Accepted / proposed, untested tokens included; what other tools print as acceptance."),
                needs,
                lambda s: quantities.number(s.efficiency),
            ),
        )

    def _tokens_per_round(self) -> tuple[_Row, ...]:
        return (
            _Row(
                self.tr("τ measured"),
                self.tr("Emitted tokens per target forward, correction or bonus included; plain decoding has 1.00."),
                self.tr("Known after the first round."),
                lambda s: quantities.number(s.tau),
            ),
            _Row(
                self.tr("τ predicted"),
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
                self.tr("c"),
                self.tr("Cost coefficient: time of one drafter step / time of one target step."),
                needs_plain,
                lambda s: quantities.number(s.c, 3),
            ),
            _Row(
                self.tr("speedup predicted"),
                self.tr(
                    "What α and the measured parts of a round predict: predicted τ × a plain token / (drafting + "
                    "verifying + the rest of a round). What if, in the tab Runs, replays the rounds instead of using α."
                ),
                needs_plain,
                lambda s: quantities.times(s.predicted_speedup),
            ),
            _Row(
                self.tr("best γ"),
                self.tr(
                    "The draft length with the largest predicted speedup, replayed over the acceptance of this run at "
                    "its measured costs; “leave it off” where none would pay."
                ),
                needs_plain,
                lambda _: speedups.best_gamma(self.best_gamma.of(self.store.history.shown)),
            ),
            _Row(
                self.tr("time per token"),
                self.tr("Decoding time / new tokens, prefill apart; the median over blocks once there are some."),
                self.tr("Known after the first round."),
                lambda s: quantities.milliseconds(s.ms_per_token),
            ),
            _Row(
                self.tr("plain, per token"),
                self.tr("The same for plain decoding, measured in this run between the speculative blocks."),
                needs_plain,
                lambda s: quantities.milliseconds(None if s.speedup is None else s.baseline_ms_per_token),
            ),
            _Row(
                self.tr("tokens/s"),
                self.tr("New tokens a second of decoding, prefill apart; the median over blocks once there are some."),
                self.tr("Known after the first round."),
                lambda s: quantities.number(1000 / s.ms_per_token if s.ms_per_token else None, 0),
            ),
        )

    def _start(self) -> tuple[_Row, ...]:
        return (
            _Row(
                self.tr("TTFT"),
                self.tr("Time to first token: prefill and the first round."),
                self.tr("Known after the first round."),
                lambda s: quantities.milliseconds(s.ttft_ms),
            ),
            _Row(
                self.tr("prefill"),
                self.tr("Reading the prompt into the caches of both models; reported apart from decoding."),
                self.tr("Known once the prompt was read."),
                lambda s: quantities.milliseconds(s.prefill_ms),
            ),
        )
