"""The Runs tab: search and table of everything kept, and beside it one run, several compared, or a what-if."""

from pathlib import Path

from PySide6.QtCore import QPoint, QSettings, Qt, QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QTabWidget, QVBoxLayout, QWidget

from app import theme
from app.panels.blind_rating.opener import RatingOpener
from app.panels.error import ErrorPanel
from app.plots.report_saver import ReportSource
from app.widgets.labels import plain_label
from app.workspaces.base import TabContext, Workspace
from app.workspaces.runs import transfer
from app.workspaces.runs.actions import Chosen, RunAction, RunActions
from app.workspaces.runs.compared import ComparedPage
from app.workspaces.runs.details import DetailsPage
from app.workspaces.runs.examples import ExampleRuns
from app.workspaces.runs.library import RunLibrary
from app.workspaces.runs.search_bar import RunSearchBar
from app.workspaces.runs.table import RunTable
from app.workspaces.runs.undo_bar import UndoBar
from app.workspaces.runs.what_if import WhatIfPage
from engine.machine import paths
from engine.store.folders import trace_path
from engine.store.rows import RunRow

_TABLE_SHARE, _PANE_SHARE = 70, 30
# Of more selected runs only the number is shown.
_MOST_LOOKED_AT = 100
_LOOK_AGAIN_MS = 50
_BUTTONS: tuple[RunAction, ...] = ("open", "replay", "compare", "rate", "what_if", "export", "delete", "restore")


class RunsWorkspace(QWidget, Workspace):
    """Opens the index when the tab is first shown, and looks for changes while it is visible."""

    def __init__(self, context: TabContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.context = context
        self._store = store = context.store
        self._examples: ExampleRuns | None = None
        self._replayed: Path | None = None
        self._n_ended = -1
        self._arranged = False
        self.error = ErrorPanel(store, self)
        self.library = RunLibrary(paths.runs(), self)
        self.bar = RunSearchBar(self.library, self)
        self.message = UndoBar(self.library, self)
        self.table = RunTable(self.library, self)
        self.empty = plain_label("", self.table.viewport(), role="muted", wraps=True)
        self.details = DetailsPage(self.library, self)
        self.compared = ComparedPage(self.library, self)
        self.what_if = WhatIfPage(self.library, store, self)
        self.rating = RatingOpener(self, self._on_rated)
        self.pages = QTabWidget(self)
        self.pages.setDocumentMode(True)
        for page, title in (
            (self.details, self.tr("Details")),
            (self.compared, self.tr("Compare")),
            (self.what_if, self.tr("What if")),
        ):
            self.pages.addTab(page, title)
        self.run_actions = RunActions(
            {
                "open": self._open, "replay": self._replay, "compare": self._compare, "rate": self._rate,
                "what_if": self._ask_what_if,
                "export": self._export, "import": self._import, "rename": self._rename, "tag": self._tag,
                "delete": lambda: self.library.delete(self.table.selected),
                "restore": lambda: self.library.restore(self.table.selected),
                "undo": self.library.undo, "find": self.search,
            },
            self,
        )  # fmt: skip
        self._lay_out()
        self._connect()
        self._draw()

    def _connect(self) -> None:
        self.library.changed.connect(self._draw)
        self._store.changed.connect(self._on_store_changed)
        self.table.chosen.connect(self._on_chosen)
        self.table.opened.connect(self.run_actions.by_name["open"].trigger)
        self.table.customContextMenuRequested.connect(self._show_menu)
        self.bar.search.left.connect(self._go_to_table)
        self.pages.currentChanged.connect(lambda _: self._show_chosen())
        self.what_if.plot.export_failed.connect(self._store.report)

    # What is shown

    def _draw(self) -> None:
        """Show what the library knows now."""
        self.bar.draw()
        self.message.draw()
        self.table.draw()
        self._say_empty()
        self._show_chosen()

    def _say_empty(self) -> None:
        """Say in the table why there is nothing in it, and what will be."""
        library = self.library
        text = ""
        if library.trouble is None and library.ids is None:
            text = self.tr("Reading the list of runs…")
        elif not library.ids and library.trouble is None:
            if self.bar.narrows:
                text = self.tr("No run fits this search. Esc in the search box clears it.")
            elif library.taking_in is None:
                text = self.tr(
                    "Nothing is kept yet. Every run, comparison, training, evaluation and measurement appears here, "
                    "with its settings, its figures and your notes; Import… takes in trace files from elsewhere."
                )
        self.empty.setText(text)
        self.empty.setVisible(bool(text))

    def _on_chosen(self) -> None:
        n = len(self.table.selected)
        if n > 1 and self.pages.currentWidget() is not self.compared:
            self.pages.setCurrentWidget(self.compared)
        elif n == 1 and self.pages.currentWidget() is self.compared:
            self.pages.setCurrentWidget(self.details)
        self._show_chosen()
        self._store.changed.emit()  # the menu File follows what is selected

    def _show_chosen(self) -> None:
        """Show the selected runs on the page in front; fetch those that are not at hand."""
        ids = self.table.selected[:_MOST_LOOKED_AT]
        rows = tuple(row for run_id in ids if (row := self.library.row(run_id)) is not None)
        if len(rows) < len(ids):
            self.library.want(ids)
        if len(self.table.selected) > _MOST_LOOKED_AT:
            rows = ()
        chosen = self._chosen(rows)
        self.run_actions.refresh(chosen, self._store)
        self.restore_button.setVisible(chosen.deleted)
        self.details.show_rows(rows, len(self.table.selected))
        page = self.pages.currentWidget()
        if page is self.compared:
            reason = self.run_actions.reason("compare")
            if reason:
                self.compared.say(_sentence(reason))
            elif len(rows) == len(ids):
                self.compared.compare(rows)
        elif page is self.what_if:
            if reason := self.run_actions.reason("what_if"):
                self.what_if.say_why_not(_sentence(reason))
            elif rows:
                self.what_if.ask(rows[0])

    def _chosen(self, rows: tuple[RunRow, ...]) -> Chosen:
        library = self.library
        return Chosen(len(self.table.selected), rows, library.filter.deleted, bool(library.deletions))

    # Actions

    def _row(self) -> RunRow:
        row = self.library.row(self.table.selected[0])
        assert row is not None
        return row

    def _open(self) -> None:
        self._store.open_trace(self._row().path)

    def _replay(self) -> None:
        self._replayed = self._row().path
        self._store.open_trace(self._replayed)

    def _compare(self) -> None:
        self.pages.setCurrentWidget(self.compared)

    def _rate(self) -> None:
        rows = (self.library.row(run_id) for run_id in self.table.selected)
        self.rating.open([row.path for row in rows if row is not None])

    def _on_rated(self, _verdicts: object) -> None:
        self.details.read_again()
        self.library.take_in()

    def _ask_what_if(self) -> None:
        self.pages.setCurrentWidget(self.what_if)
        self.what_if.gamma.setFocus()

    def _rename(self) -> None:
        self.pages.setCurrentWidget(self.details)
        self.details.edit_title()

    def _tag(self) -> None:
        self.pages.setCurrentWidget(self.details)
        self.details.edit_tags()

    def search(self) -> None:
        """Go to the field that filters the runs."""
        self.bar.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.bar.search.selectAll()

    def why_no_search(self) -> str:
        """Return nothing: the runs can always be searched."""
        return ""

    def first_field(self) -> QWidget:
        """Return the search."""
        return self.bar.search

    def _go_to_table(self) -> None:
        self.table.setFocus()
        if not self.table.selected and self.library.ids:
            self.table.selectRow(0)

    def _export(self) -> None:
        menu = transfer.export_menu(self, self.library, self.table.selected, self._store.tell)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.export_button.mapToGlobal(self.export_button.rect().bottomLeft()))

    def _import(self) -> None:
        transfer.ask_import(self, self.library, self._store.tell)

    def _show_menu(self, at: QPoint) -> None:
        menu = self.run_actions.menu(self, deleted=self.library.filter.deleted)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.table.viewport().mapToGlobal(at))

    # Following the window

    def _on_store_changed(self) -> None:
        """Take in a run that has just begun or ended; begin the replay that was asked for once it is open."""
        if not self._store.reading and self._replayed is not None:
            self._replayed = None
            QTimer.singleShot(0, self, self.context.verbs.actions["replay"].trigger)
        n_ended = self._n_work_ended()
        if n_ended != self._n_ended:
            self._n_ended = n_ended
            if self.isVisible():
                self.library.take_in()
        if self.isVisible():
            self._show_chosen()

    def _n_work_ended(self) -> int:
        """Changes whenever work begins or ends."""
        front = self._store.commands.front
        return hash((len(self._store.history.records), None if front is None else id(front)))

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        """Open the index, or look for changes."""
        super().showEvent(event)
        if not self._arranged:
            self._arranged = True
            self._share_width()
        self.library.set_visible(True)

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 (Qt's name)
        """Keep what was typed; look for no more changes."""
        super().hideEvent(event)
        self.details.keep()
        self.library.set_visible(False)

    def shut_down(self) -> None:
        """End what is under way; the window closes."""
        self.rating.shut_down()
        self.library.close()

    @property
    def is_writing(self) -> bool:
        """Whether runs are being exported or imported."""
        return self.library.writing

    @property
    def folder(self) -> Path:
        """The folder of the runs."""
        return self.library.folder

    @property
    def reported(self) -> ReportSource:
        """The trace of the selected run."""
        ids = self.table.selected
        return trace_path(self.library.folder, ids[0], deleted=self.library.filter.deleted) if len(ids) == 1 else ()

    # Pictures

    def holds(self, name: str) -> bool:
        """Return whether there are runs."""
        return bool(self.library.ids)

    def show_example(self, name: str) -> None:
        """Have the list of runs looked at, and example runs made if it is empty; `clean_up` deletes them."""
        QTimer.singleShot(_LOOK_AGAIN_MS, self._store.changed.emit)

    def settled(self, name: str) -> bool:
        """Make the example runs one by one if nothing was kept, then ask what if about the newest run."""
        if self._store.busy:
            return False
        ready = self.library.settled() and self.library.ids is not None
        if ready and not self.library.ids and self._examples is None:
            self._examples = ExampleRuns(self._store, self.library.folder)
        if self._examples is not None and self._examples.next():
            return False
        if ready and self.library.ids and not self.table.selected:
            self.table.selectRow(0)
            self.run_actions.by_name["what_if"].trigger()
            ready = False
        if not ready:
            QTimer.singleShot(_LOOK_AGAIN_MS, self._store.changed.emit)
        return ready

    def clean_up(self) -> None:
        """Delete the example runs."""
        if self._examples is not None:
            self._examples.clean_up()

    # Choices kept between sessions

    def save(self, settings: QSettings) -> None:
        """Save widths."""
        settings.setValue("runs/splitter", self.splitter.saveState())
        settings.setValue(self._columns_key, self.table.horizontalHeader().saveState())
        settings.setValue("runs/shown-columns", self.table.chosen_columns)

    def restore(self, settings: QSettings) -> None:
        """Restore widths."""
        if (state := settings.value("runs/splitter")) is not None:
            self._arranged = self.splitter.restoreState(state)
        if (state := settings.value(self._columns_key)) is not None:
            self.table.horizontalHeader().restoreState(state)
        match settings.value("runs/shown-columns"):
            case list() | tuple() as titles:
                self.table.choose_columns([str(title) for title in titles])
            case str() as title:  # a file of settings gives a list of one as the one
                self.table.choose_columns([title])

    @property
    def _columns_key(self) -> str:
        """Widths of another number of columns are of another version."""
        return f"runs/widths-of-{len(self.table.rows.columns)}"

    def reset_layout(self) -> None:
        """Give table and pane the widths of the first start."""
        self._share_width()
        self.table.choose_columns(None)
        self.table.fit_columns()

    def _share_width(self) -> None:
        self.splitter.setSizes([_TABLE_SHARE * self.width() // 100, _PANE_SHARE * self.width() // 100])

    # Construction

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setContentsMargins(2 * theme.GRID, 0, 2 * theme.GRID, theme.GRID)
        buttons.setSpacing(theme.GRID)
        made = {name: self.run_actions.button(name, self) for name in _BUTTONS}
        self.restore_button, self.export_button = made["restore"], made["export"]
        for button in made.values():
            buttons.addWidget(button)
        buttons.addStretch(1)
        buttons.addWidget(self.run_actions.button("import", self))
        middle = QVBoxLayout(self.table.viewport())
        middle.setContentsMargins(4 * theme.GRID, theme.GRID, 4 * theme.GRID, theme.GRID)
        middle.addWidget(self.empty)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.splitter = QSplitter(Qt.Orientation.Horizontal, self)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self.table)
        self.splitter.addWidget(self.pages)
        self.splitter.setStretchFactor(0, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.error)
        column.addWidget(self.bar)
        column.addLayout(buttons)
        column.addWidget(self.splitter, 1)


def _sentence(reason: str) -> str:
    return reason[:1].upper() + reason[1:] + "."
