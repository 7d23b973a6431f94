"""Panel that explains what is on the screen in plain labels; the texts come from `explanations`."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QDialog, QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from app import theme
from app.panel import Panel
from app.panels.stream.legend import LegendEntry
from app.state.selection import Selection
from app.state.store import RunStore
from app.widgets.labels import plain_label
from app.words import explanations
from app.words.explanations import Explanation, Section
from engine.events import Event, RoundFinished
from engine.runs.summary import Summary

_HEADING_SCALE = 1.2
_SIZE = (70 * theme.GRID, 90 * theme.GRID)


class ExplainPanel(Panel):
    """Creates its labels once; afterwards only their texts change."""

    every_ms = 1000

    def __init__(self, store: RunStore, parent: QWidget | None = None, *, of_tabs: Sequence[Section] = ()) -> None:
        """of_tabs: sections of the tabs, shown after the others."""
        super().__init__(store, parent)
        self._tab_sections = tuple(of_tabs)
        self._labels: list[QLabel] = []
        self._page = QWidget(self)
        self._column = QVBoxLayout(self._page)
        self._column.setContentsMargins(2 * theme.GRID, theme.GRID, 2 * theme.GRID, 2 * theme.GRID)
        self._column.setSpacing(theme.HALF)
        for section in self._sections():
            self._add_section(section)
        self._column.addStretch(1)
        self.area = QScrollArea(self)
        self.area.setWidget(self._page)
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setAccessibleName(self.tr("What am I looking at?"))
        self.area.setToolTip(self.tr("Arrow and Page keys scroll."))
        self.setFocusProxy(self.area)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.area)

    def texts(self) -> tuple[str, ...]:
        """The texts under the headings."""
        return tuple(label.text() for label in self._labels)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Update all texts with the current numbers, once the panel has caught up with the run."""
        if not self.behind:
            self._update_labels()

    def mark(self, selection: Selection | None) -> None:
        """Describe the selected round."""
        self._update_labels()

    def _sections(self) -> tuple[Section, ...]:
        sections = explanations.explain(self.store.summary, self.store.started, self._selected_round())
        return (*sections, *self._tab_sections)

    def _selected_round(self) -> RoundFinished | None:
        """The selected round."""
        selection, shown = self.store.selection, self.store.history.shown
        return None if selection is None or shown is None else shown.round(selection.round)

    def _update_labels(self) -> None:
        entries = [entry for section in self._sections() for entry in section.entries]
        for label, entry in zip(self._labels, entries, strict=True):
            if label.text() != entry.words:
                label.setText(entry.words)

    def _add_section(self, section: Section) -> None:
        heading = plain_label(section.title, self._page)
        heading.setFont(theme.scaled(heading.font(), _HEADING_SCALE, bold=True))
        self._column.addSpacing(theme.GRID)
        self._column.addWidget(heading)
        for entry in section.entries:
            self._add_entry(entry)

    def _add_entry(self, entry: Explanation) -> None:
        name = (
            plain_label(entry.name, self._page, role="title")
            if entry.mark is None
            else LegendEntry(entry.mark, self._page)
        )
        label = plain_label(entry.words, self._page, wraps=True)
        label.setAccessibleName(entry.name)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._column.addSpacing(theme.HALF)
        self._column.addWidget(name)
        self._column.addWidget(label)
        self._labels.append(label)


class ExplainDialog(QDialog):
    """The panel in a non-modal window; Escape closes it."""

    def __init__(self, store: RunStore, parent: QWidget, *, of_tabs: Sequence[Section] = ()) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("What am I looking at?"))
        self.setModal(False)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self.panel = ExplainPanel(store, self, of_tabs=of_tabs)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.panel)
        self.resize(*_SIZE)

    def show_beside(self) -> None:
        """Show the window, or bring it to the front."""
        self.show()
        self.raise_()
        self.panel.setFocus()
