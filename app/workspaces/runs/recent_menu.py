"""The menu of what was opened or run last: the newest kept runs by what they were, then files from elsewhere."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QMenu, QWidget

from app.choices.recent_files import RecentFiles
from app.text.plain_text import one_line, plain_tip

# The index of runs and its words are imported when the menu is opened: the first paint waits for every import.
if TYPE_CHECKING:
    from app.workspaces.runs.library import RunLibrary
    from engine.store.rows import RunRow

_MOST_RUNS, _LONGEST = 10, 70


class RecentMenu(QMenu):
    """Asks for the newest runs when it is about to be shown, and fills itself again once they are known."""

    def __init__(
        self,
        make_library: "Callable[[], RunLibrary]",
        files: RecentFiles,
        on_chosen: Callable[[Path], None],
        parent: QWidget,
    ) -> None:
        """make_library: called when the menu is opened for the first time."""
        super().__init__(parent)
        self.setTitle(self.tr("Open recent"))
        self.setToolTipsVisible(True)
        self._make_library, self._files, self._on_chosen = make_library, files, on_chosen
        self._made_library: RunLibrary | None = None
        self._drawn: tuple[RunRow, ...] | None = None
        self.aboutToShow.connect(self._look)
        self._fill(())

    def shut_down(self) -> None:
        """End what is under way, because the window closes."""
        if self._made_library is not None:
            self._made_library.close()

    @property
    def _library(self) -> "RunLibrary":
        if self._made_library is None:
            self._made_library = self._make_library()
            self._made_library.setParent(self)
            self._made_library.changed.connect(self._draw)
        return self._made_library

    def _look(self) -> None:
        self._drawn = None
        self._library.refresh()
        self._draw()

    def _draw(self) -> None:
        ids = (self._library.ids or ())[:_MOST_RUNS]
        rows = tuple(row for run_id in ids if (row := self._library.row(run_id)) is not None)
        if len(rows) < len(ids):
            self._library.want(ids)
        elif rows != self._drawn:
            self._drawn = rows
            self._fill(rows)

    def _fill(self, rows: "tuple[RunRow, ...]") -> None:
        self.clear()
        for row in rows:
            self._add_run(row)
        if rows and self._files.entries:
            self.addSeparator()
        for entry in self._files.entries:
            self._add(entry.name, one_line(str(entry.path)), entry.path)
        if self.isEmpty():
            self.addAction(self.tr("nothing was run or opened yet")).setEnabled(False)
            return
        if self._files.entries:
            self.addSeparator()
            self.addAction(self.tr("Forget opened files")).triggered.connect(lambda _checked=False: self._forget())

    def _add_run(self, row: "RunRow") -> None:
        from app.workspaces.runs import words

        name = one_line(words.title(row), longest=_LONGEST)
        self._add(f"{words.started_short(row)}  {words.kind_and_method(row)}: {name}", words.tip(row), row.path)

    def _add(self, text: str, tip: str, path: Path) -> None:
        action = self.addAction(text.replace("&", "&&"))
        action.setToolTip(plain_tip(tip))
        action.triggered.connect(lambda _checked=False: self._on_chosen(path))

    def _forget(self) -> None:
        self._files.forget()
        self._drawn = None
        self._draw()
