"""Status line: device and memory, the state of the engine, tokens/s, progress, time left, and Stop."""

from collections.abc import Sequence
from time import monotonic
from typing import Protocol

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from app import theme
from app.panel import Panel
from app.panels.verbs import Verbs
from app.state.progress import ProgressWatch
from app.state.store import RunStore
from app.text.plain_text import one_line
from app.widgets.labels import ElasticLine, SteadyLabel, plain_label
from app.widgets.progress_bar import CalmProgressBar
from app.widgets.reserved_space import keep_room
from app.words import pace, quantities
from app.words.counts import count
from app.words.model_names import full_name
from engine.events import Estimated, Event, ModelLoaded
from engine.runs.summary import Summary

# States of a run or a load in which the engine reports progress; every other command may report it.
_STATES_WITH_PROGRESS = ("loading", "measuring")
_STATES_OF_A_RUN = ("prefilling", "drafting", "paused", "measuring", "stopping")


class FiguresSource(Protocol):
    """The tab in front."""

    @property
    def status_summary(self) -> Summary | None:
        """The summary of the one run that the tab shows, if it shows one."""


class StatusPanel(Panel):
    """A single line of labels. Its figures are those of the run that the tab in front shows; without a tab, the
    store's."""

    every_ms = 100
    turn = 2

    def __init__(self, store: RunStore, parent: QWidget | None = None, *, verbs: Verbs | None = None) -> None:
        super().__init__(store, parent)
        self.verbs = verbs or Verbs(store, self)
        self._front: FiguresSource | None = None
        self.device = plain_label("", self, role="muted")
        self.state = ElasticLine(self)
        self.state.setAccessibleName(self.tr("Engine state"))
        self.speed = SteadyLabel(self.tr("{0:,.0f} tokens/s, as written").format(10**5), self)
        self.speed.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.speed.setToolTip(
            self.tr(
                "New tokens a second of decoding, prefill apart. As written: with what the window draws meanwhile; "
                "timed: the median of the blocks measured after the text."
            )
        )
        self._progress_watch = ProgressWatch()
        self.same = SteadyLabel(self.tr("same text ✓"), self)
        self.same.setToolTip(self.tr("Greedy text equal to that of plain decoding, token by token."))
        self.left = SteadyLabel(
            self.tr("{0} left, {1}").format(quantities.duration(5300), "999 MB/s"), self, role="muted"
        )
        self.left.setAccessibleName(self.tr("Time left"))
        self.progress = CalmProgressBar(self.tr("Progress"), self)
        self.progress.setFixedSize(20 * theme.GRID, theme.GRID)
        self.stop = QPushButton(self.tr("Stop"), self)
        self.verbs.follow(self.stop, "stop", self.tr("Stop; what was made so far is kept (Esc)"))
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.GRID, theme.HALF, theme.GRID, theme.HALF)
        row.setSpacing(3 * theme.GRID)
        row.addWidget(self.device)
        row.addWidget(self.state, 1)
        for widget in (self.speed, self.same, self.progress, self.left, self.stop):
            row.addWidget(widget)
        keep_room(self.progress)

    def come_last(self) -> None:
        """Let the Tab key reach Stop after everything else: a control that joins a window is the last of it.

        Not by a walk along the focus chain: each widget that PySide returns of it becomes a child of the one before in
        Python's eyes, which the collector then takes for garbage and deletes."""
        row = self.layout()
        assert row is not None
        row.removeWidget(self.stop)
        self.stop.setParent(None)
        row.addWidget(self.stop)
        self.stop.show()

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Update the line."""
        if self.device.text() != (device := self._device_text()):
            self.device.setText(device)
        self.state.show_text(self._state_text(self.store.history.live_summary))
        figures = self._figures()
        self.speed.show_text("" if figures is None else self._speed_text(figures))
        self.same.show_text(self.tr("same text ✓") if figures is not None and figures.same else "")
        self._draw_progress()

    def _figures(self) -> Summary | None:
        """The summary of the run that the tab in front shows; None beside words on other work, to which it would seem
        to belong."""
        front = self.store.commands.front
        if front is not None and (not front.is_run or self.store.doing not in _STATES_OF_A_RUN):
            return None
        return self.store.history.live_summary if self._front is None else self._front.status_summary

    def _speed_text(self, figures: Summary) -> str:
        """Tokens a second, and of which pass: as the text is written, or timed after it."""
        if not figures.ms_per_token:
            return ""
        timed = bool(figures.paired("speculative" if figures.method != "plain" else "plain"))
        template = self.tr("{0:,.0f} tokens/s, timed") if timed else self.tr("{0:,.0f} tokens/s, as written")
        return template.format(1000 / figures.ms_per_token)

    def serve(self, front: FiguresSource) -> None:
        """Show the figures of this tab from now on."""
        self._front = front
        self.refresh()

    def _device_text(self) -> str:
        model, estimate = self.store.engine.model, self.store.engine.estimated
        if model is None:
            return self.tr("no model")
        memory, where = quantities.memory(model.weights_bytes + model.drafter_bytes), model.device
        if where == "cpu" and model.n_threads:
            where = self.tr("{0}, threads: {1}").format(where, model.n_threads)
        if self.store.engine.runs_on == "process":
            where = self.tr("{0}, own process").format(where)
        if estimate is None or not estimate.free_bytes or not _is_for(estimate, model):
            return f"{where} · {memory}"
        return self.tr("{0} · {1} of {2}").format(where, memory, quantities.memory(estimate.free_bytes))

    def _state_text(self, summary: Summary) -> str:
        if self.store.quiet:
            return self.tr("measuring only: text and plots appear at the end")
        match self.store.doing:
            case "empty":
                return self.store.told or self.tr("no model is loaded")
            case "ready":
                return self.store.told or self.tr("ready")
            case "starting":
                return self.tr("starting the engine")
            case "loading":
                return self._loading_text()
            case "warming":
                return pace.indexing(self.store.engine.progressed) or self.tr("warming up")
            case "prefilling":
                return self.tr("reading the prompt")
            case "drafting":
                word = self.tr("decoding") if summary.method == "plain" else self.tr("drafting")
                return self.tr("{0} round {1:,}{2}").format(word, summary.n_rounds, self._rounds_text(summary))
            case "paused":
                return self.tr("held after {0}").format(count(summary.n_rounds, "round"))
            case "measuring":
                return self._measuring_text()
            case "stopping":
                return self.store.stopping
            case "reading":
                return self.tr("reading the file")
            case "done" if self._front is not None and self._front.status_summary is None:
                return self.store.told or self.tr("ready")
            case "done":
                return self._ended_text(summary)
            case _:
                return self._work_text()

    def _work_text(self) -> str:
        """What the current command is doing, as reported by the tab it belongs to, else as declared by the command."""
        tab, front = self.store.working(self.store.commands.front), self.store.commands.front
        status = "" if tab is None else tab.status(self.store.engine.progressed)
        return status or ("" if front is None else front.under_way)

    def _model_names(self) -> tuple[str, str]:
        pair = self.store.commands.pair_to_come
        if pair is None:
            return "", ""
        return full_name(pair.target, "target"), full_name(pair.drafter, "drafter")

    def _loading_text(self) -> str:
        text, progress = self.tr("loading {0} and {1}").format(*self._model_names()), self.store.engine.progressed
        if progress is None or progress.unit != "bytes":
            return text
        return self.tr("{0}: {1}").format(text, pace.amount(progress))

    def _measuring_text(self) -> str:
        progress = self.store.engine.progressed
        if progress is None or progress.phase != "measuring":
            return self.tr("text done; measuring plain decoding in turn")
        text = self.tr("text done; measuring against plain decoding, block {0:.0f} of {1:.0f}; Stop keeps the text")
        return text.format(progress.done, progress.total)

    def _ended_text(self, summary: Summary) -> str:
        shown = self.store.history.shown
        if shown is not None and not self.store.history.at_end:
            return self._replay_text(summary, shown.summary.n_rounds)
        if self.store.told:
            return self.store.told
        n, rounds = count(summary.n_emitted, "token"), count(summary.n_rounds, "round")
        reasons = {
            "length": self.tr("length reached"),
            "end_of_text": self.tr("end of text"),
            "context": self.tr("context is full"),
            "cancelled": self.tr("stopped by you"),
        }
        if summary.reason == "cancelled" and summary.blocks:
            # Blocks are timed after the text is complete, so it was the measurement that was stopped.
            reasons["cancelled"] = self.tr("measuring stopped after {0}").format(count(summary.n_repeats, "repeat"))
        why = reasons.get(summary.reason, self.tr("failed") if summary.failure else self.tr("no end recorded"))
        text = self.tr("{0} in {1}, {2}").format(n, rounds, why)
        if shown is not None and shown.saved is not None:
            return text + self.tr("; saved to {0}").format(one_line(shown.saved.name))
        source = None if shown is None else shown.source
        return text if source is None else self.tr("from {0}: ").format(one_line(source.name)) + text

    def _replay_text(self, summary: Summary, n_rounds: int) -> str:
        word = self.tr("replaying") if self.store.replay.playing else self.tr("as it was")
        return self.tr("{0}: {1} after round {2:,} of {3:,}").format(
            word, count(summary.n_emitted, "token"), summary.n_rounds, n_rounds
        )

    def _rounds_text(self, summary: Summary) -> str:
        """Estimate the total number of rounds from the tokens left and the tokens per round so far."""
        done, total = self._progress_of_total()
        if not summary.tau or not total:
            return ""
        return self.tr(" of ~{0:,.0f}").format(summary.n_rounds + (total - done) / summary.tau)

    def _draw_progress(self) -> None:
        done, total = self._progress_of_total()
        # A bar without a total is animated, which would slow a run in measure-only mode.
        self.progress.setVisible(self.store.busy and not self.store.quiet)
        self.progress.show_share(done, total)
        self._progress_watch.see(self.store.doing, done, total, monotonic())
        self.left.show_text(self._time_left_text() if self.store.busy else "")

    def _time_left_text(self) -> str:
        seconds_left, rate = self._progress_watch.left_s, self._progress_watch.per_s
        progress = self.store.engine.progressed
        if self.store.stopping:
            return ""
        if progress is not None and progress.left_s is not None and self._has_progress():
            return self.tr("{0} left").format(quantities.duration(progress.left_s))
        if seconds_left is None or rate is None or self._is_stage_of_unknown_rest():
            return ""
        if progress is not None and progress.unit == "bytes":
            return self.tr("{0} left, {1}/s").format(quantities.duration(seconds_left), quantities.memory(rate))
        return self.tr("{0} left").format(quantities.duration(seconds_left))

    def _is_stage_of_unknown_rest(self) -> bool:
        """Whether a stage is under way whose rate says nothing of the longer ones that follow."""
        progress = self.store.engine.progressed
        return progress is not None and progress.phase == "checking" and self._has_progress()

    def _progress_of_total(self) -> tuple[float, float]:
        progress, live = self.store.engine.progressed, self.store.history.live
        if self.store.doing in ("drafting", "paused") and live is not None and live.started is not None:
            total = dict(live.started.settings).get("max_new_tokens")
            return float(live.summary.n_emitted), float(total) if isinstance(total, int | float) else 0.0
        if self._has_progress() and progress is not None:
            return progress.done, progress.total
        if self.store.doing == "reading":
            return self.store.file_progress
        return 0.0, 0.0

    def _has_progress(self) -> bool:
        """Whether what the engine reports is of what it does now."""
        front, at = self.store.commands.front, self.store.engine.progressed
        if front is None or at is None:
            return False
        return self.store.doing in (*_STATES_WITH_PROGRESS, front.doing) or pace.is_indexing(at)


def _is_for(estimate: Estimated, model: ModelLoaded) -> bool:
    """Whether an estimate is for the pair in memory."""
    return estimate.device == model.device and (estimate.target, estimate.drafter) in (
        ("", ""),
        (model.target, model.drafter),
    )
