"""Arranges the docks of the Decode tab for the size of its window, so that the text keeps half of it."""

from collections.abc import Mapping

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QSettings, QSize, Qt, QTimer
from PySide6.QtWidgets import QDockWidget, QMainWindow, QStyle, QWidget

from app import theme
from app.widgets.side_column import SideColumn
from app.workspaces.decode.dock_group import DockGroup

# The height of the docks below the text in lines: the usual one, and the least that shows some rows.
_USUAL_LINES, _LEAST_LINES = 14, 8
_SIDE_SHARE = 0.55
# After the window was resized, docks change their size for so long without the user.
_CALM_MS = 100
_LAYOUT_VERSION = 5
_AREAS = {
    "setup": Qt.DockWidgetArea.LeftDockWidgetArea,
    "metrics": Qt.DockWidgetArea.RightDockWidgetArea,
    "plots": Qt.DockWidgetArea.RightDockWidgetArea,
}


def tr(words: str) -> str:
    """Translate the name of a group."""
    return QCoreApplication.translate("docks", words)


class DockLayout(QObject):
    """Sizes are kept apart for windows wide enough for all side columns and for narrower ones; only the user's count.

    docks: by name. columns: what the side docks hold. text: what keeps half of the window; figures and plots, or the
    tables below it, are hidden where they would leave it less."""

    def __init__(
        self,
        window: QMainWindow,
        docks: Mapping[str, QDockWidget],
        columns: Mapping[str, SideColumn],
        text: QWidget,
    ) -> None:
        super().__init__(window)
        self._window, self._docks, self._columns, self._text = window, docks, columns, text
        self._was_wide: bool | None = None
        self._restored, self._restored_wide = False, True
        self._sizes: dict[bool, dict[str, int]] = {}
        self._usual: dict[tuple[object, int], int] = {}
        self._settled_size = QSize()
        self._settling = self._timer(0)
        self._settling.timeout.connect(self._settle)
        self._calming = self._timer(_CALM_MS)
        self._tables = DockGroup(
            self._below,
            tr("Tables"),
            tr("Show or hide the tables below: rounds, runs of this session, log"),
            self,
            on_shown=self._size_soon,
        )
        self._figures = DockGroup(
            [docks["metrics"], docks["plots"]],
            tr("Figures"),
            tr("Show or hide the figures and plots of the run"),
            self,
            on_shown=self._size_soon,
        )
        self.groups = self._figures, self._tables
        for dock in docks.values():
            dock.installEventFilter(self)

    @staticmethod
    def area(name: str) -> Qt.DockWidgetArea:
        """Where a dock is at the first start."""
        return _AREAS.get(name, Qt.DockWidgetArea.BottomDockWidgetArea)

    @property
    def at_rest(self) -> bool:
        """Whether a change of a size would be the user's."""
        return not self._settling.isActive() and not self._calming.isActive()

    def reset(self) -> None:
        """Put every dock where it was at the first start."""
        for name, dock in self._docks.items():
            dock.setFloating(False)
            self._window.addDockWidget(self.area(name), dock)
            dock.show()
        rounds, *others = self._below
        self._sizes.clear()
        self._usual.clear()
        for group in self.groups:
            group.forget()
        self._arrange_right()
        for dock in others:
            self._window.tabifyDockWidget(rounds, dock)
        rounds.raise_()
        self._fold_figures()
        self._fold_tables()
        self._size_docks()

    def save(self, settings: QSettings) -> None:
        """Save where each dock is, and for which kind of window."""
        self.unfold()  # what a low window hides is there in a higher one
        settings.setValue("decode-layout", self._window.saveState(_LAYOUT_VERSION))
        settings.setValue("decode/side-by-side", bool(self._was_wide))

    def restore(self, settings: QSettings) -> None:
        """Put every dock where it was when it was saved; `place` fits them to the size that the window has now."""
        if (layout := settings.value("decode-layout")) is not None:
            self._restored = self._window.restoreState(layout, _LAYOUT_VERSION)
            self._restored_wide = bool(settings.value("decode/side-by-side", True, type=bool))

    def place(self) -> None:
        """Take the docks as they were restored, or put them where they are at the first start.

        They ignore sizes until the window is shown."""
        if not self._restored:
            self.reset()
            return
        self._was_wide = self._restored_wide
        for group in self.groups:
            group.follow()
        self._settling.start()

    def follow_window(self) -> None:
        """Let the text take what the window gains or loses; the docks get their sizes back."""
        if self._was_wide is not None:
            self._settling.start()

    def unfold(self) -> None:
        """Show the docks again that were hidden for want of room."""
        for group in self.groups:
            group.unfold()

    def bring_forward(self, name: str) -> None:
        """Show a table in front of the others, half as high as the window."""
        self._tables.insist(self._docks[name])
        wide = bool(self._was_wide)
        self._sizes[wide] = {**self._sizes.get(wide, {}), "rounds": self._window.height() // 2}
        self._size_soon()

    def lay_open(self) -> None:
        """Show every panel at once: put docks that share a place side by side."""
        self.unfold()
        first, *others = self._below
        for dock in others:
            self._window.splitDockWidget(first, dock, Qt.Orientation.Horizontal)
            first = dock

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        """Remember the sizes that the user gives the docks: those that change while the window keeps its own."""
        # Docks are hidden while their window is being deleted: then nothing may be asked of it.
        if event.type() == QEvent.Type.Resize and self._was_wide is not None and self.at_rest and self._is_settled:
            sizes = {name: self._docks[name].width() for name in _AREAS}
            if any(dock.isVisible() for dock in self._below):
                sizes["rounds"] = self._window.height() - self._docks["rounds"].y()
            self._sizes[self._was_wide] = {**self._sizes.get(self._was_wide, {}), **sizes}
        return False

    @property
    def _is_settled(self) -> bool:
        """Whether the window has its size; one that grows resizes its docks before it says so."""
        return self._window.size() == self._settled_size

    @property
    def _below(self) -> list[QDockWidget]:
        return [dock for name, dock in self._docks.items() if name not in _AREAS]

    @property
    def _is_wide(self) -> bool:
        """Whether all side columns leave the text enough of the window; else figures and plots share one dock area."""
        return sum(column.preferred_width() for column in self._columns.values()) <= _SIDE_SHARE * self._window.width()

    def _settle(self) -> None:
        """Rearrange plots and figures if the window became narrow or wide, and restore the sizes of the docks."""
        self._fold_figures()
        right = [self._docks["metrics"], self._docks["plots"]]
        movable = not any(dock.isFloating() or not dock.toggleViewAction().isChecked() for dock in right)
        if self._was_wide != self._is_wide and movable:
            self._arrange_right()
        self._fold_tables()
        self._size_docks()

    def _arrange_right(self) -> None:
        """Put plots and figures side by side where the window is wide, else in one tabbed area."""
        metrics, plots = self._docks["metrics"], self._docks["plots"]
        self._was_wide = self._is_wide
        if not self._was_wide:
            self._window.tabifyDockWidget(metrics, plots)
            metrics.raise_()
        else:
            # Docks that share an area as tabs stay together when they are split, unless both leave it first.
            for dock in (plots, metrics):
                self._window.removeDockWidget(dock)
            self._window.addDockWidget(_AREAS["plots"], plots)
            self._window.splitDockWidget(plots, metrics, Qt.Orientation.Horizontal)
            for dock in (plots, metrics):
                dock.show()

    def _room_below(self) -> int:
        """The height that is left for docks once the text has half of the window."""
        middle = self._window.centralWidget()
        others = 0 if middle is None else middle.height() - self._text.height()
        others += self._window.style().pixelMetric(QStyle.PixelMetric.PM_DockWidgetSeparatorExtent)
        return self._window.height() - others - self._window.window().height() // 2

    def _fold_figures(self) -> None:
        """Hide figures and plots where the text would have less than half of the width; show them where they fit."""
        if self._figures.fold_unless(self._room_beside() >= self._columns["metrics"].minimumWidth()):
            self._settling.start()  # with another width, the parts above the text may need another height

    def _fold_tables(self) -> None:
        """Hide the tables where the text would have less than half of the height; show them where they fit."""
        self._tables.fold_unless(self._room_below() >= _LEAST_LINES * self._window.fontMetrics().lineSpacing())

    def _room_beside(self) -> int:
        """The width that is left for figures once the text has half of the window."""
        return self._window.width() // 2 - self._columns["setup"].preferred_width() - 2 * theme.GRID

    def _size_docks(self) -> None:
        """Give the docks the sizes they were given in a window of this kind, at first those of the first start."""
        self._calming.start()
        self._settled_size = self._window.size()
        wide = bool(self._was_wide)
        sizes = {name: column.preferred_width() for name, column in self._columns.items()} | self._sizes.get(wide, {})
        names = [name for name in _AREAS if not self._docks[name].isFloating()]
        # The text keeps half of the window.
        room = self._room_beside()
        widths = [sizes[name] if wide or name == "setup" else min(sizes[name], room) for name in names]
        self._window.resizeDocks([self._docks[name] for name in names], widths, Qt.Orientation.Horizontal)
        line = self._window.fontMetrics().lineSpacing()
        # Kept for each size of the window: while it changes its size, the parts above the text are not in place yet.
        usual = self._usual.setdefault(
            (self._settled_size.toTuple(), line), min(_USUAL_LINES * line, max(self._room_below(), _LEAST_LINES * line))
        )
        height = min(sizes.get("rounds", usual), self._window.height() // 2)
        self._window.resizeDocks([self._docks["rounds"]], [height], Qt.Orientation.Vertical)

    def _size_soon(self) -> None:
        QTimer.singleShot(0, self, self._size_docks)

    def _timer(self, ms: int) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(ms)
        return timer
