"""The workspaces of the window: each is made when it is first asked for; those in tabs have their place before."""

from collections.abc import Callable, Iterator, Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from app import workspaces
from app.widgets.focus import first_focusable
from app.workspaces.base import TabContext, Workspace


class LazyWorkspaces(Mapping[str, Workspace]):
    """Every workspace by name, in tab order; looking one up makes it. The first paint needs only the one in front.

    row: the tabs, each an empty page until its workspace is made. on_made: called with a new workspace that is in its
    place."""

    def __init__(
        self,
        window: QWidget,
        context: TabContext,
        *,
        on_made: Callable[[Workspace], None],
    ) -> None:
        self._window, self._context = window, context
        self._on_made = on_made
        self._specs = {spec.name: spec for spec in workspaces.discover()}
        self._views = {view: spec.name for view, spec in workspaces.views().items()}
        self._made: dict[str, Workspace] = {}
        self._front: Workspace | None = None
        self._focused: list[Workspace] = []
        self.row = QTabWidget(window)
        self.row.setDocumentMode(True)
        self._pages = {spec.name: self._add_page(spec.title) for spec in self._specs.values() if spec.is_tab}

    def __getitem__(self, name: str) -> Workspace:
        if name not in self._made:
            self._made[name] = workspace = self._specs[name].make(self._context)
            self._put(name, workspace)
            self._on_made(workspace)
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._specs)

    def __len__(self) -> int:
        return len(self._specs)

    def __contains__(self, name: object) -> bool:
        return name in self._specs

    @property
    def made_names(self) -> tuple[str, ...]:
        """The names of those that exist, in tab order."""
        return tuple(name for name in self._specs if name in self._made)

    @property
    def made(self) -> tuple[Workspace, ...]:
        """Those that exist, in tab order."""
        return tuple(self._made[name] for name in self.made_names)

    @property
    def front(self) -> Workspace:
        """The tab in front; while another one is being made for its place, still the one before."""
        assert self._front is not None
        return self._front

    @property
    def title(self) -> str:
        """The title of the tab in front."""
        return self.row.tabText(self.row.currentIndex())

    def make_front(self) -> None:
        """Make the tab in front."""
        self._front = self[list(self._pages)[self.row.currentIndex()]]

    def make_next(self) -> bool:
        """Make one that is missing: first those in windows of their own, whose keys work once they are there. Returns
        whether more are missing."""
        in_order = sorted(self._specs, key=lambda name: name in self._pages)
        name = next((name for name in in_order if name not in self._made), None)
        if name is not None:
            self[name]
        return len(self._made) < len(self._specs)

    def make_windows(self) -> list[QWidget]:
        """Make the workspaces in windows of their own that are missing. Returns those made now."""
        missing = [name for name in self._specs if name not in self._made and name not in self._pages]
        return [self[name].widget for name in missing]

    def make_all(self) -> None:
        """Make those that are missing."""
        while self.make_next():
            pass

    def show_view(self, view: str) -> None:
        """Bring a tab, or a window that belongs to one, to the front."""
        name = self._views[view]
        widget = self[name].view(view)
        if not widget.isWindow():
            self.row.setCurrentWidget(self._pages[name])
            self.focus_front()
        else:
            widget.show()
            widget.raise_()
            widget.activateWindow()

    def focus_front(self) -> None:
        """Give the tab in front the focus: the first time in its first field, later where it was."""
        front, is_new = self.front, self.front not in self._focused
        if is_new:
            self._focused.append(front)
        wanted = front.first_field() if is_new else front.widget.focusWidget()
        usable = wanted is not None and wanted.isVisible() and wanted.isEnabled()
        if (field := wanted if usable else first_focusable(front.widget)) is not None:
            field.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _add_page(self, title: str) -> QWidget:
        page = QWidget(self.row)
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        self.row.addTab(page, self._window.tr(title))
        return page

    def _put(self, name: str, workspace: Workspace) -> None:
        """Fill the page of a tab, or make the window of a workspace that is none."""
        if (page := self._pages.get(name)) is None:
            workspace.widget.setParent(self._window, Qt.WindowType.Window)
        elif (column := page.layout()) is not None:
            column.addWidget(workspace.widget)
            workspace.widget.show()  # at once: the layout itself would wait for the next turn of the event loop
