"""The status line: device and memory, what the engine is doing in words, tokens/s, how far it is, Stop."""

from collections.abc import Sequence
from time import monotonic

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
from app.words import quantities
from app.words.model_names import full_name
from engine.events import Estimated, Event, ModelLoaded
from engine.runs.summary import Summary

# What of a run and a load says itself how far it is; every other command may.
_COUNTED = ("loading", "measuring")


class StatusPanel(Panel):
    """One line."""

    every_ms = 100
    turn = 2

    def __init__(self, store: RunStore, parent: QWidget | None = None, *, verbs: Verbs | None = None) -> None:
        super().__init__(store, parent)
        self.verbs = verbs or Verbs(store, self)
        self.device = plain_label("", self, role="muted")
        self.state = ElasticLine(self)
        self.state.setAccessibleName(self.tr("Engine state"))
        self.speed = SteadyLabel(self.tr("{0:,.0f} tokens/s").format(10**6), self)
        self.speed.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.speed.setToolTip(self.tr("New tokens a second of decoding, prefill apart."))
        self._pace = ProgressWatch()
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

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Write the line anew."""
        if self.device.text() != (device := self._device()):
            self.device.setText(device)
        self.state.show_text(self._state(self.store.history.live_summary))
        summary = self.store.history.live_summary
        speed = summary.ms_per_token
        self.speed.show_text(self.tr("{0:,.0f} tokens/s").format(1000 / speed) if speed else "")
        self.same.show_text(self.tr("same text ✓") if summary.same else "")
        self._draw_progress()

    def _device(self) -> str:
        model, needed = self.store.engine.model, self.store.engine.estimated
        if model is None:
            return self.tr("no model")
        taken, where = quantities.memory(model.weights_bytes + model.drafter_bytes), model.device
        if where == "cpu" and model.n_threads:
            where = self.tr("{0}, threads: {1}").format(where, model.n_threads)
        if self.store.engine.runs_on == "process":
            where = self.tr("{0}, own process").format(where)
        if needed is None or not needed.free_bytes or not _is_of(needed, model):
            return f"{where} · {taken}"
        return self.tr("{0} · {1} of {2}").format(where, taken, quantities.memory(needed.free_bytes))

    def _state(self, summary: Summary) -> str:
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
                return self._loading()
            case "warming":
                return self._indexing() if self._makes_index() else self.tr("warming up")
            case "prefilling":
                return self.tr("reading the prompt")
            case "drafting":
                word = self.tr("decoding") if summary.method == "plain" else self.tr("drafting")
                return self.tr("{0} round {1:,}{2}").format(word, summary.n_rounds, self._of_rounds(summary))
            case "paused":
                return self.tr("held after {0:,} rounds").format(summary.n_rounds)
            case "measuring":
                return self._measuring()
            case "stopping":
                front = self.store.commands.front
                in_rounds = front is None or front.is_run
                return self.tr("stopping after this round") if in_rounds else self.tr("stopping after this step")
            case "answering" if self._makes_index():
                return self._indexing()
            case "reading":
                return self.tr("reading the file")
            case "done":
                return self._ended(summary)
            case _:
                return self._work()

    def _work(self) -> str:
        """What the command under way is at, as the tab whose work it is says, or as the command declares."""
        tab, front = self.store.working(self.store.commands.front), self.store.commands.front
        said = "" if tab is None else tab.status(self.store.engine.progressed)
        return said or ("" if front is None else front.under_way)

    def _names(self) -> tuple[str, str]:
        pair = self.store.commands.pair_to_come
        if pair is None:
            return "", ""
        return full_name(pair.target, "target"), full_name(pair.drafter, "drafter")

    def _loading(self) -> str:
        text, at = self.tr("loading {0} and {1}").format(*self._names()), self.store.engine.progressed
        if at is None or at.unit != "bytes":
            return text
        return self.tr("{0}: {1} of {2}").format(text, quantities.memory(at.done), quantities.memory(at.total))

    def _makes_index(self) -> bool:
        """Whether the run under way first has the shipped documents indexed."""
        at = self.store.engine.progressed
        return at is not None and at.phase in ("reading", "embedding", "writing", "indexing") and at.done < at.total

    def _indexing(self) -> str:
        at = self.store.engine.progressed
        if at is None:
            return self.tr("starting the index")
        text = self.tr("making the index, {0}: {1:,.0f} of {2:,.0f} {3}")
        return text.format(one_line(at.phase), at.done, at.total, one_line(at.unit))

    def _measuring(self) -> str:
        at = self.store.engine.progressed
        if at is None or at.phase != "measuring":
            return self.tr("text done; measuring plain decoding beside it")
        text = self.tr("text done; measuring against plain decoding, block {0:.0f} of {1:.0f}; Stop keeps the text")
        return text.format(at.done, at.total)

    def _ended(self, summary: Summary) -> str:
        shown = self.store.history.shown
        if shown is not None and not self.store.history.at_end:
            return self._replayed(summary, shown.summary.n_rounds)
        if self.store.told:
            return self.store.told
        n, rounds = f"{summary.n_emitted:,}", f"{summary.n_rounds:,}"
        reasons = {
            "length": self.tr("length reached"),
            "end_of_text": self.tr("end of text"),
            "context": self.tr("context is full"),
            "cancelled": self.tr("stopped by you"),
        }
        if summary.reason == "cancelled" and summary.blocks:
            # Blocks are timed once the text is whole: what was stopped is the measurement.
            reasons["cancelled"] = self.tr("measuring stopped after {0} repeats").format(len(summary.pair_speedups))
        why = reasons.get(summary.reason, self.tr("failed") if summary.failure else self.tr("no end recorded"))
        text = self.tr("{0} tokens in {1} rounds, {2}").format(n, rounds, why)
        if shown is not None and shown.saved is not None:
            return text + self.tr("; saved to {0}").format(one_line(shown.saved.name))
        source = None if shown is None else shown.source
        return text if source is None else self.tr("from {0}: ").format(one_line(source.name)) + text

    def _replayed(self, summary: Summary, n_rounds: int) -> str:
        word = self.tr("replaying") if self.store.replay.playing else self.tr("as it was")
        return self.tr("{0}: {1:,} tokens after round {2:,} of {3:,}").format(
            word, summary.n_emitted, summary.n_rounds, n_rounds
        )

    def _of_rounds(self, summary: Summary) -> str:
        """About how many rounds the run will have: what is left, at the tokens a round so far."""
        done, total = self._how_far()
        if not summary.tau or not total:
            return ""
        return self.tr(" of ~{0:,.0f}").format(summary.n_rounds + (total - done) / summary.tau)

    def _draw_progress(self) -> None:
        done, total = self._how_far()
        # A bar without an end moves by itself, which would cost a run that is only measured.
        self.progress.setVisible(self.store.busy and not self.store.quiet)
        self.progress.show_share(done, total)
        self._pace.see(self.store.doing, done, total, monotonic())
        self.left.show_text(self._left() if self.store.busy else "")

    def _left(self) -> str:
        left, rate, at = self._pace.left_s, self._pace.per_s, self.store.engine.progressed
        if left is None or rate is None:
            return ""
        if at is not None and at.unit == "bytes":
            return self.tr("{0} left, {1}/s").format(quantities.duration(left), quantities.memory(rate))
        return self.tr("{0} left").format(quantities.duration(left))

    def _how_far(self) -> tuple[float, float]:
        at, live = self.store.engine.progressed, self.store.history.live
        if self.store.doing in ("drafting", "paused") and live is not None and live.started is not None:
            total = dict(live.started.settings).get("max_new_tokens")
            return float(live.summary.n_emitted), float(total) if isinstance(total, int | float) else 0.0
        front = self.store.commands.front
        counted = self.store.doing in _COUNTED or (front is not None and self.store.doing == front.doing)
        if counted and at is not None:
            return at.done, at.total
        if self.store.doing == "reading":
            return self.store.file_progress
        return 0.0, 0.0


def _is_of(needed: Estimated, model: ModelLoaded) -> bool:
    """Whether an estimate speaks of the pair in memory."""
    return needed.device == model.device and (needed.target, needed.drafter) in (
        ("", ""),
        (model.target, model.drafter),
    )
