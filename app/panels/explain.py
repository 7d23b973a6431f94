"""Panel that explains what is on the screen, in plain labels; what it says comes from `explanations`."""

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
    """Makes its labels once; afterwards only their words change."""

    every_ms = 1000

    def __init__(self, store: RunStore, parent: QWidget | None = None, *, of_tabs: Sequence[Section] = ()) -> None:
        """of_tabs: what tabs have to say besides, after the rest."""
        super().__init__(store, parent)
        self._of_tabs = tuple(of_tabs)
        self._shown: list[QLabel] = []
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
        """What stands under the headings."""
        return tuple(label.text() for label in self._shown)

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Say everything anew with the numbers of now, once all of a long run is there."""
        if not self.behind:
            self._say()

    def mark(self, selection: Selection | None) -> None:
        """Tell the selected round."""
        self._say()

    def _sections(self) -> tuple[Section, ...]:
        told = explanations.explain(self.store.summary, self.store.started, self._chosen())
        return (*told, *self._of_tabs)

    def _chosen(self) -> RoundFinished | None:
        """The round that is selected."""
        selection, shown = self.store.selection, self.store.history.shown
        return None if selection is None or shown is None else shown.round(selection.round)

    def _say(self) -> None:
        entries = [entry for section in self._sections() for entry in section.entries]
        for label, entry in zip(self._shown, entries, strict=True):
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
        self._shown.append(label)


class ExplainDialog(QDialog):
    """The panel in a window of its own that leaves the other one usable; Escape closes it."""

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
        """Show it, or bring it to the front."""
        self.show()
        self.raise_()
        self.panel.setFocus()
