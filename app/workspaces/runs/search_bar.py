"""The line above the table of runs: a search that filters as one types, kinds, states, tags, and how many there are."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from app import theme
from app.text.plain_text import one_line
from app.widgets.labels import plain_label
from app.widgets.steady_box import SteadyBox
from app.workspaces.runs import words
from app.workspaces.runs.library import RunLibrary
from engine.store.rows import RunFilter

_SEARCH_WIDTH, _BOX_WIDTH = 34 * theme.GRID, 17 * theme.GRID
_DELETED = "deleted"
_LONGEST_TAG = 40


class SearchEdit(QLineEdit):
    """left: go on in the table, with the arrow keys or Enter."""

    left = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Go down to the table; Esc clears the search and does nothing else."""
        if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.left.emit()
        elif event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        else:
            super().keyPressEvent(event)


class RunSearchBar(QWidget):
    """Sets the library's filter, and shows how many runs it lets through."""

    def __init__(self, library: RunLibrary, parent: QWidget) -> None:
        super().__init__(parent)
        self._library = library
        self._tags: tuple[tuple[str, int], ...] | None = None
        self.search = SearchEdit(self)
        self.search.setProperty("role", "search")
        self.search.setPlaceholderText(self.tr("Search prompts, models, titles, tags, notes"))
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName(self.tr("Search runs"))
        self.search.setToolTip(self.tr("All of these words must occur (Ctrl+F or /)"))
        self.kinds = self._box(self.tr("Kind of work"))
        self.kinds.addItem(self.tr("All kinds"), None)
        for kind in words.KINDS:
            self.kinds.addItem(words.kind(kind).capitalize(), kind)
        self.states = self._box(self.tr("How it ended"))
        self.states.addItem(self.tr("Any state"), None)
        for state in words.STATES:
            self.states.addItem(words.state_word(state).capitalize(), state)
        self.states.addItem(self.tr("Deleted"), _DELETED)
        self.tags = self._box(self.tr("Tag"))
        self.tags.addItem(self.tr("Any tag"), None)
        self.count = plain_label("", self, role="muted")
        self.count.setMinimumWidth(self.count.fontMetrics().horizontalAdvance(self._count_text(99_999)))
        self.search.textChanged.connect(self._on_changed)
        for box in (self.kinds, self.states, self.tags):
            # Not where an entry changes because tags came or went.
            box.activated.connect(self._on_changed)
        self._lay_out()

    def draw(self) -> None:
        """Show the tags there are, and how many runs are listed."""
        library = self._library
        if library.tags != self._tags:
            self._tags = library.tags
            self._fill_tags()
        self.count.setText("" if library.ids is None else self._count_text(len(library.ids)))

    def clear(self) -> None:
        """Let every run through."""
        self.search.clear()
        for box in (self.kinds, self.states, self.tags):
            box.setCurrentIndex(0)
        self._on_changed()

    @property
    def narrows(self) -> bool:
        """Whether the filter may leave something out."""
        wanted = self._library.filter
        return bool(wanted.text.strip() or wanted.kinds or wanted.states or wanted.tags or wanted.deleted)

    def _count_text(self, n: int) -> str:
        taking_in = self._library.taking_in
        text = words.counted(n)
        if taking_in is not None and taking_in.total:
            return text + self.tr(" · {0:,} of {1:,} read").format(taking_in.done, taking_in.total)
        return text

    def _fill_tags(self) -> None:
        """Offer the tags in use; the chosen one stays, even if no run has it any more."""
        chosen: str | None = self.tags.currentData()
        entries = dict(self._library.tags)
        if chosen is not None:
            entries.setdefault(chosen, 0)
        self.tags.clear()
        self.tags.addItem(self.tr("Any tag"), None)
        for tag, n in sorted(entries.items()):
            self.tags.addItem(f"{one_line(tag, longest=_LONGEST_TAG)} ({n:,})", tag)
        self.tags.setCurrentIndex(max(0, self.tags.findData(chosen)))

    def _on_changed(self) -> None:
        state, kind, tag = self.states.currentData(), self.kinds.currentData(), self.tags.currentData()
        old = self._library.filter
        self._library.set_filter(
            RunFilter(
                text=self.search.text(),
                kinds=() if kind is None else (kind,),
                states=() if state in (None, _DELETED) else (state,),
                tags=() if tag is None else (tag,),
                order=old.order,
                descending=old.descending,
                deleted=state == _DELETED,
            )
        )

    def _box(self, name: str) -> SteadyBox:
        box = SteadyBox(self)
        box.setAccessibleName(name)
        box.setToolTip(name)
        box.setFixedWidth(_BOX_WIDTH)
        return box

    def _lay_out(self) -> None:
        self.search.setMinimumWidth(_SEARCH_WIDTH)
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * theme.GRID, theme.GRID, 2 * theme.GRID, theme.GRID)
        row.setSpacing(theme.GRID)
        row.addWidget(self.search, 1)
        for box in (self.kinds, self.states, self.tags):
            row.addWidget(box)
        row.addWidget(self.count)
