"""Panel of the documents: chooses an index, starts making one of a folder, and lists what was left out."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from PySide6.QtCore import QSettings, Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from app import theme
from app.panel import Panel
from app.state.indexing import IndexProgress, tr
from app.state.store import RunStore
from app.text.plain_text import one_line, plain_tip
from app.widgets import path_line
from app.widgets.note_label import NoteLabel
from app.widgets.permission import allow
from app.widgets.reserved_space import keep_room
from app.widgets.steady_box import SteadyBox
from app.words import quantities
from app.words.counts import count
from engine.documents.sources import BUILTIN, BUILTIN_PAGES, SHIPPED
from engine.events import Event, FileSkipped, Indexed, Refused, RunFailed
from engine.runs.summary import Summary

_STATE_LINES = 3
_MOST_RECENT = 8


class DocumentsPanel(Panel):
    """`changed` is emitted when another index is chosen; `folder_asked` when one is to be made of a folder."""

    changed = Signal()
    folder_asked = Signal(str)

    every_ms = 100

    def __init__(self, store: RunStore, parent: QWidget | None = None, *, group: str = "rag") -> None:
        """group: of its keys in the settings."""
        super().__init__(store, parent)
        self._group = group
        # The newest failure, and the index that was chosen then: beside another it would seem to be that one's.
        self._failure: Refused | RunFailed | None = None
        self._failed_at = ""
        self._shown_state: tuple[int, Indexed | None, int, bool, str] | None = None
        self.box = SteadyBox(self)
        self.box.setAccessibleName(self.tr("Documents"))
        self.box.setToolTip(self.tr("The documents that are asked: those that come with Draftscope, or your own."))
        for title, meaning, index in (
            (
                self.tr("shipped pages"),
                self.tr("300 pages about a generated world, of 120 to 180 tokens"),
                BUILTIN_PAGES,
            ),
            (self.tr("shipped notes"), self.tr("5,324 notes of a few facts about the same world"), BUILTIN),
        ):
            self.box.addItem(title, index)
            self.box.setItemData(self.box.count() - 1, meaning, Qt.ItemDataRole.ToolTipRole)
        self.box.currentIndexChanged.connect(self._on_chosen)
        self.folder = QPushButton(self.tr("Folder…"), self)
        self.folder.setToolTip(self.tr("Make the documents of a folder searchable, or bring its index up to date"))
        self.folder.clicked.connect(self._choose)
        self.opened = QPushButton(self.tr("Index…"), self)
        self.opened.setToolTip(self.tr("Ask an index that was made before, by the window or by draftscope rag index"))
        self.opened.clicked.connect(self._open)
        self.state = NoteLabel(_STATE_LINES, self, role="muted")
        self.state.setAccessibleName(self.tr("State of the index"))
        self.left_out = QPushButton(self.tr("What was left out"), self)
        self.left_out.setToolTip(self.tr("Documents that were not read, or only in part, each with the reason"))
        self.left_out.clicked.connect(self._list_skipped)
        keep_room(self.left_out)
        self.left_out.hide()
        self._lay_out()
        self._show_state()

    def index(self) -> str:
        """Return the chosen index."""
        return str(self.box.currentData())

    def choose(self, index: str) -> None:
        """Choose an index."""
        if (at := self.box.findData(index)) < 0:
            name = one_line(Path(index).name or index)
            at = len(SHIPPED)
            self.box.insertItem(at, name, index)
            self.box.setItemData(at, plain_tip(one_line(index)), Qt.ItemDataRole.ToolTipRole)
            while self.box.count() > _MOST_RECENT + at:
                self.box.removeItem(self.box.count() - 1)
        self.box.setCurrentIndex(at)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Show how the index is coming along."""
        self._show_state()

    def _show_state(self) -> None:
        """Show the progress of making an index, or what the chosen one holds."""
        progress = self.store.tab(IndexProgress)
        allow(
            self.folder,
            self.store.may_start(),
            self.tr("Make the documents of a folder searchable, or bring its index up to date"),
        )
        if progress.failure is not self._failure:
            self._failure, self._failed_at = progress.failure, self.index()
        shown_state = (progress.number, progress.indexed, progress.n_skipped, progress.live, self.index())
        if shown_state == self._shown_state:
            return
        previous, self._shown_state = self._shown_state, shown_state
        self.state.setText(self._state_text())
        n_other = 0 if progress.indexed is None else progress.indexed.n_other
        self.left_out.setVisible(bool(progress.n_skipped or n_other) and self._shows_last())
        if progress.indexed is not None and (previous is None or progress.indexed is not previous[1]):
            self.choose(progress.indexed.index)

    def save(self, settings: QSettings) -> None:
        """Save the list of indexes and the chosen one."""
        settings.setValue(
            f"{self._group}/indexes", [str(self.box.itemData(i)) for i in range(len(SHIPPED), self.box.count())]
        )
        settings.setValue(f"{self._group}/index", self.index())

    def restore(self, settings: QSettings) -> None:
        """Restore the list of indexes and the chosen one."""
        stored = settings.value(f"{self._group}/indexes", [])
        for index in reversed(stored if isinstance(stored, list) else [stored]):
            if isinstance(index, str) and index:
                self.choose(index)
        chosen = settings.value(f"{self._group}/index", BUILTIN_PAGES)
        self.choose(chosen if isinstance(chosen, str) and chosen else BUILTIN_PAGES)

    def _state_text(self) -> str:
        progress = self.store.tab(IndexProgress)
        if progress.live:
            return "; ".join((self.tr("making the index"), *self._left_out_so_far()))
        if not self._shows_last():
            if self.index() in SHIPPED:
                return self.tr("choose a folder to ask your own documents")
            return self.tr("made before; what it holds is said when its folder is indexed again")
        if progress.failure is not None:
            return self.tr("the index was not made; one before is as it was, and a stopped one can be continued")
        if progress.indexed is None:
            return self.tr("choose a folder to ask your own documents")
        return _index_summary(progress.indexed, [one_line(warned.message) for warned in progress.warned])

    def _left_out_so_far(self) -> list[str]:
        progress = self.store.tab(IndexProgress)
        n_in_part, n_unread = progress.n_in_part, progress.n_skipped - progress.n_in_part
        texts = ((n_unread, self.tr("{0:,} not read so far")), (n_in_part, self.tr("{0:,} read in part so far")))
        return [text.format(n) for n, text in texts if n]

    def _shows_last(self) -> bool:
        """Whether the chosen index is the one made last, or to be made: words on that one belong to no other."""
        progress = self.store.tab(IndexProgress)
        if progress.live or (progress.failure is not None and self._failed_at == self.index()):
            return True
        return progress.indexed is not None and progress.indexed.index == self.index()

    def _on_chosen(self) -> None:
        self._show_state()
        self.changed.emit()

    def _choose(self) -> None:
        path_line.choose(self, self.tr("Choose a folder of documents"), self.folder_asked.emit)

    def _open(self) -> None:
        path_line.choose(self, self.tr("Choose the folder of an index"), self.choose)

    def _list_skipped(self) -> None:
        progress = self.store.tab(IndexProgress)
        other_kinds = () if progress.indexed is None else progress.indexed.other_kinds
        LeftOutDialog(progress.skipped, progress.n_skipped, other_kinds, self).open()

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.GRID)
        buttons.addWidget(self.folder)
        buttons.addWidget(self.opened)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.HALF)
        column.addWidget(self.box)
        column.addLayout(buttons)
        column.addWidget(self.state)
        column.addWidget(self.left_out)


class LeftOutDialog(QDialog):
    """Lists what is not in the index, a line each: documents, parts of documents, and how many files of other kinds."""

    def __init__(
        self, skipped: Iterable[FileSkipped], n_all: int, other_kinds: Sequence[tuple[str, int]], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("What was left out"))
        self.finished.connect(self.deleteLater)
        listed = tuple(skipped)
        unread, in_part = [file for file in listed if not file.part], [file for file in listed if file.part]
        more = [self.tr("and {0:,} more").format(n_all - len(listed))] if n_all > len(listed) else []
        kinds = [f"{one_line(suffix)}: {count(n, 'file')}" for suffix, n in other_kinds]
        sections = (
            (self.tr("Not read"), list(map(_line, unread))),
            (self.tr("Read in part; the rest of each file is in the index"), list(map(_line, in_part))),
            (self.tr("Not listed"), more),
            (self.tr("Kinds of files that hold no documents"), kinds),
        )
        texts = ["\n".join((title, *(f"    {line}" for line in lines))) for title, lines in sections if lines]
        self.text = QPlainTextEdit("\n\n".join(texts), self)
        self.text.setReadOnly(True)
        self.text.setAccessibleName(self.tr("What is not in the index"))
        column = QVBoxLayout(self)
        column.addWidget(self.text)
        self.resize(80 * theme.GRID, 50 * theme.GRID)


def _line(file: FileSkipped) -> str:
    return f"{one_line(file.source)}: {one_line(file.reason)}"


def _index_summary(indexed: Indexed, warnings: list[str]) -> str:
    """Describe what an index holds, and its warnings."""
    parts = [
        ", ".join(
            (count(indexed.n_files, "file"), count(indexed.n_chunks, "passage"), quantities.memory(indexed.n_bytes))
        )
    ]
    if indexed.n_new or indexed.n_changed or indexed.n_removed:
        changes = tr("{0:,} new, {1:,} changed, {2:,} removed in {3}")
        parts.append(
            changes.format(indexed.n_new, indexed.n_changed, indexed.n_removed, quantities.duration(indexed.seconds))
        )
    for n, text in (
        (indexed.n_unread, tr("{0:,} not read")),
        (indexed.n_partly, tr("{0:,} read in part")),
        (indexed.n_other, tr("{0:,} of other kinds")),
        (indexed.n_duplicates, tr("{0} kept once").format(count(indexed.n_duplicates, "duplicate"))),
        (indexed.n_cut, tr("{0} cut inside a sentence").format(count(indexed.n_cut, "passage"))),
        (indexed.n_truncated, tr("{0:,} longer than the embedder reads")),
    ):
        parts += [text.format(n)] if n else []
    if indexed.recall_10 is not None:
        parts.append(tr("approximate search finds {0:.0%} of the ten nearest").format(indexed.recall_10))
    return "; ".join([*parts, *warnings])
