"""Routes events of the engine and answers about files to the runs, tabs and notices they belong to."""

from typing import Protocol

from app.state import notices
from app.state.engine_link import EngineLink
from app.state.notices import Notes, Trouble
from app.state.replay import Replay
from app.state.run_history import RunHistory
from app.state.run_record import RunRecord
from app.state.selection import Selection
from app.state.tab_state import TabState
from app.state.trace_files import FileAnswer, TabFileRead, TraceFailed, TraceRead, TraceSaved
from app.text.plain_text import one_line, path_line
from engine.events import (
    CellAnswered,
    ComparisonMeasured,
    EngineEnded,
    EvaluationMeasured,
    Event,
    GenerationMeasured,
    Progressed,
    Refused,
    RoundFinished,
    RunFailed,
    RunFinished,
    RunStarted,
    SweepMeasured,
    TextRead,
    TokensEmitted,
)


class TakingStore(Protocol):
    """The parts of the store that arriving events and files change."""

    history: RunHistory
    engine: EngineLink
    replay: Replay
    selection: Selection | None
    trouble: Trouble | None
    told: str
    notes: Notes

    @property
    def tabs(self) -> tuple[TabState, ...]:
        """The state of every tab."""

    def report(self, message: str, hint: str) -> None:
        """Show a problem that the window itself ran into."""

    def tell(self, words: str) -> None:
        """Report in the status line and the log what the window did."""


class Intake:
    """growing: the history of the live run, or of the last one."""

    def __init__(self, store: TakingStore) -> None:
        self._store = store
        self.growing = store.history
        self._growing_tab: TabState | None = None

    def take(self, event: Event) -> None:
        """Take in one event of the engine."""
        store = self._store
        if not _is_frequent(event):
            store.notes.add(event)
        if isinstance(event, EngineEnded) and store.engine.commands.front is None:
            store.trouble = notices.ended(event)
        if isinstance(event, Refused):
            self._take_refusal(event)
        elif not any(tab.take(event) for tab in store.tabs) and not store.engine.take(event):
            self._take_run(event)
        store.engine.commands.hear(event)

    def take_file(self, answer: FileAnswer) -> None:
        """Take in the result of reading or writing a file."""
        store = self._store
        match answer:
            case TraceRead(record, damage):
                self._show_opened(record)
                self._show_damage(damage, record.summary.n_emitted)
            case TabFileRead():
                self._show_file(answer)
            case TraceSaved(path, record):
                record.saved = path
                store.tell(f"trace saved to {path_line(str(path))}")
            case TraceFailed(message, hint):
                store.report(message, hint)

    def _take_refusal(self, event: Refused) -> None:
        store = self._store
        silent = store.engine.commands.cancelling or (store.engine.commands.asking and event.what != "save")
        for tab in store.tabs:
            tab.fail(event)
        if event.what != "save":
            store.engine.commands.answered(done=False)
        if not silent:
            kept = notices.refused_kept(event.what, has_pair=store.engine.model is not None)
            store.trouble = notices.refusal(event, self._kept_by_tabs(event) or kept)

    def _kept_by_tabs(self, event: Refused | RunFailed) -> str:
        """What the tab whose work failed keeps of it, in words."""
        return next((kept for tab in self._store.tabs if (kept := tab.kept(event))), "")

    def _take_run(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            self._begin(event)
        live = self.growing.live
        if isinstance(event, RunFailed):
            self._take_failure(event, 0 if live is None else live.summary.n_emitted)
        if live is not None:
            live.add(event)
        if isinstance(event, RunFinished | RunFailed):
            self._end(live)

    def _begin(self, event: RunStarted) -> None:
        """Begin a run in the history of its kind."""
        store = self._store
        store.trouble, store.told = None, ""
        self._growing_tab = self._tab_of(event.method)
        if self._growing_tab is None:
            self.growing, store.selection = store.history, None
        else:
            self.growing = self._growing_tab.history_of(event.method) or store.history
            self._growing_tab.began()
        self.growing.begin(live=True)
        store.engine.run_began()

    def _end(self, live: RunRecord | None) -> None:
        self.growing.end_live()
        if live is not None and self._growing_tab is not None:
            self._store.told = self._growing_tab.ending(live)
        self._store.engine.run_ended()

    def _tab_of(self, method: str) -> TabState | None:
        """The tab that keeps the runs of a method; None for Decode's."""
        return next((tab for tab in self._store.tabs if tab.history_of(method) is not None), None)

    def _take_failure(self, event: RunFailed, n_kept: int) -> None:
        store = self._store
        front = store.engine.commands.front
        what = "run" if front is None or front.is_run else front.name
        for tab in store.tabs:
            tab.fail(event)
        kept = notices.text_kept(n_kept) if what == "run" else self._kept_by_tabs(event)
        store.trouble = notices.failure(event, what, kept)

    def _show_opened(self, record: RunRecord) -> None:
        store = self._store
        tab = None if record.started is None else self._tab_of(record.started.method)
        if tab is not None:
            tab.open_run(record)
            return
        store.replay.hold()
        store.selection = None
        record.number = store.history.next_number()
        store.history.put(record)

    def _show_file(self, read: TabFileRead) -> None:
        if under_way := read.tab.show(read.content, read.path):
            self._store.report(under_way, "open the file again when that has ended")
            return
        self._show_damage(read.damage, 0)
        self._store.tell(read.tab.opened_as(read.content, read.path) or f"opened {one_line(read.path.name)}")

    def _show_damage(self, damage: str | None, n_kept: int) -> None:
        """Show where the file just opened is damaged, if it is."""
        self._store.trouble = None if damage is None else notices.damaged(damage, notices.text_kept(n_kept))


def _is_frequent(event: Event) -> bool:
    """Whether an event comes too often for the log, or is too long for it."""
    if isinstance(event, EvaluationMeasured | ComparisonMeasured | SweepMeasured):
        return not event.complete
    return isinstance(event, RoundFinished | Progressed | TokensEmitted | GenerationMeasured | TextRead | CellAnswered)
