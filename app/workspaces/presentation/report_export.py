"""Exports the report of what a race was taken from, beside the runs and without a question."""

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QObject

from app.plots.export import Exporter
from app.plots.report_saver import report_content
from app.state.store import RunStore
from app.text.plain_text import path_line
from app.words.hints import in_window
from app.workspaces.compare.comparing import ComparingProgress
from app.workspaces.presentation.script import RaceOrigin
from engine.events import Event
from engine.machine import paths

_SUFFIX = ".html"


def tr(text: str) -> str:
    """Translate a message of the export."""
    return QCoreApplication.translate("presentation", text)


class ReportExport(QObject):
    """tell: takes what came of it, and whether that is good. written: the newest report."""

    def __init__(self, store: RunStore, tell: Callable[[str, bool], None], parent: QObject) -> None:
        super().__init__(parent)
        self.written: Path | None = None
        self._store, self._tell = store, tell
        self.exporter = Exporter(self)
        self.exporter.written.connect(self._done)
        self.exporter.failed.connect(lambda message, hint: tell(f"{message}; {in_window(hint)}", False))

    def export(self, origin: RaceOrigin) -> None:
        """Write the report of the comparison or run that is on show."""
        events, name = self._source(origin)
        if not events:
            self._tell(tr("A live race is not measured well enough for a report: measure the prompt in Compare"), False)
            return
        path = paths.user_data() / "reports" / f"draftscope-report-{paths.file_name(name)[:60]}{_SUFFIX}"
        self._tell(tr("Writing the report…"), True)
        self.exporter.write(path, lambda: _content(path, events))

    def can_export(self, origin: RaceOrigin) -> bool:
        """Whether there is a report of what a race of this origin was taken from."""
        run = self._store.history.shown
        match origin:
            case "comparison":
                return self._store.tab(ComparingProgress).record.started is not None
            case "run":
                return run is not None and run.started is not None
        return False

    def _source(self, origin: RaceOrigin) -> tuple[Sequence[Event], str]:
        run = self._store.history.shown
        match origin:
            case "comparison":
                comparison = self._store.tab(ComparingProgress).record
                return comparison.log, "" if comparison.started is None else comparison.started.comparison_id
            case "run" if run is not None and run.started is not None:
                return tuple(run.events), run.started.run_id
        return (), ""

    def _done(self, path: str) -> None:
        self.written = Path(path)
        self._tell(tr("Report written to {0} (O opens it)").format(path_line(path)), True)


def _content(path: Path, events: Sequence[Event]) -> bytes:
    """The report, for which there is a folder. Raises EngineError, OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return report_content(events, _SUFFIX)
