"""Exports the report of what a race was taken from, on a thread of its own."""

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QObject, QTimer

from app.state.store import RunStore
from app.text.plain_text import one_line
from app.workspaces.compare.comparing import ComparingProgress
from app.workspaces.presentation.script import RaceOrigin
from app.workspaces.runs.background import Background
from engine.errors import EngineError
from engine.events import Event
from engine.machine import paths
from engine.reports import html

_POLL_MS = 100


def tr(text: str) -> str:
    """Translate a message of the export."""
    return QCoreApplication.translate("presentation", text)


class ReportExport(QObject):
    """tell: takes what came of it, and whether that is good. written: the newest report."""

    def __init__(self, store: RunStore, tell: Callable[[str, bool], None], parent: QObject) -> None:
        super().__init__(parent)
        self.written: Path | None = None
        self._store, self._tell = store, tell
        self._background = Background("report", self._fail)
        # Runs only while a report is being written.
        self._timer = QTimer(self)
        self._timer.setInterval(_POLL_MS)
        self._timer.timeout.connect(self.poll)

    def export(self, origin: RaceOrigin) -> None:
        """Write the report of the comparison or run that is on show."""
        events, name = self._source(origin)
        if not events:
            self._tell(tr("A live race is not measured well enough for a report: measure the prompt in Compare"), False)
            return
        path = paths.user_data() / "reports" / f"draftscope-report-{paths.file_name(name)[:60]}.html"
        self._tell(tr("Writing the report…"), True)
        self._background.ask(lambda: _write(path, events), self._done)
        self._timer.start()

    def poll(self) -> None:
        """Take what was written."""
        self._background.deliver()
        if not self._background.busy:
            self._timer.stop()

    def _source(self, origin: RaceOrigin) -> tuple[Sequence[Event], str]:
        record = self._store.history.shown
        match origin:
            case "comparison":
                comparison = self._store.tab(ComparingProgress).record
                return comparison.log, "" if comparison.started is None else comparison.started.comparison_id
            case "run" if record is not None and record.started is not None:
                return tuple(record.events), record.started.run_id
        return (), ""

    def _done(self, path: Path) -> None:
        self.written = path
        self._tell(tr("Report written to {0} (O opens it)").format(one_line(str(path))), True)

    def _fail(self, failure: EngineError) -> None:
        self._tell(f"{one_line(failure.message)}: {one_line(failure.hint)}", False)


def _write(path: Path, events: Sequence[Event]) -> Path:
    """Write the report beside its place and move it there: a reader sees a whole one. Raises EngineError, OSError."""
    content = html.report(events)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(content, encoding="utf-8")
    part.replace(path)
    return path
