"""Renders the window to a picture of a saved run, training or measurement, or of a new run of the pair."""

import sys

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication, QWidget

from app import workspaces
from app.arguments import Picture
from app.main_window import MainWindow
from app.widgets.fixed_words import fixed_words
from app.workspaces.base import Workspace
from engine.errors import EngineError, InputError

# Under which a picture keeps the words of the widgets it shows, so that a test notices when it is out of date.
WORDS_KEY = "Words"
_SETTLE_MS, _LOOK_AGAIN_MS = 200, 2_000


def words_of_view(window: MainWindow, view: str) -> tuple[str, ...]:
    """The fixed words that a picture of a view shows: those of the view, and of the window around a tab."""
    tab = window.workspaces[workspaces.views()[view].name]
    subject = tab.view(view)
    titles = [f"tab {spec.title}" for spec in workspaces.discover() if spec.is_tab] if not subject.isWindow() else []
    return (*titles, *fixed_words(subject))


class Photographer(QObject):
    """Waits until the window has nothing left to do, then saves its picture and ends the program."""

    def __init__(self, window: MainWindow, picture: Picture) -> None:
        super().__init__(window)
        self._window = window
        self._picture = picture
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._settle.timeout.connect(self._save_picture)
        self._requested = False
        self._words: tuple[str, ...] = ()

    def start(self) -> None:
        """Show the window at the requested size and begin."""
        self._subject().setFixedSize(self._picture.width, self._picture.height)
        self._window.show()
        self._window.show_view(self._picture.workspace)
        self._words = words_of_view(self._window, self._picture.workspace)
        self._window.store.changed.connect(self._on_changed)
        if self._picture.trace is not None:
            self._requested = True
            self._window.store.open_trace(self._picture.trace)

    def clean_up(self) -> None:
        """Delete what was created for the picture."""
        self._tab.clean_up()

    @property
    def _tab(self) -> Workspace:
        """The tab that the picture shows."""
        return self._window.workspaces[workspaces.views()[self._picture.workspace].name]

    def _subject(self) -> QWidget:
        """The widget that the picture shows."""
        view = self._tab.view(self._picture.workspace)
        return view if view.isWindow() else self._window

    def _on_changed(self) -> None:
        """Start a run once the models are loaded; begin to settle once nothing is under way."""
        store = self._window.store
        if store.busy:
            self._settle.stop()
        elif not self._requested and store.trouble is None:
            self._requested = True
            self._tab.show_example(self._picture.workspace)
        elif not self._settle.isActive():
            self._settle.start()

    def _save_picture(self) -> None:
        try:
            self._check_content()
            if not self._tab.settled(self._picture.workspace):
                QTimer.singleShot(_LOOK_AGAIN_MS, self, self._look_again)
                return
            image = self._subject().grab().toImage()
            image.setText(WORDS_KEY, "\n".join(self._words))
            if not image.save(str(self._picture.out)):
                raise InputError(f"{self._picture.out} cannot be written", "choose another file")
        except EngineError as err:
            print(f"draftscope: {err}", file=sys.stderr)
            QApplication.exit(2)
        else:
            QApplication.exit(0)

    def _look_again(self) -> None:
        """Settle once more, in case that what the tab waited for has changed nothing in the store."""
        if not self._window.store.busy and not self._settle.isActive():
            self._settle.start()

    def _check_content(self) -> None:
        """Raise EngineError if there is nothing to show."""
        store, workspace = self._window.store, self._picture.workspace
        if self._tab.holds(workspace):
            return
        if store.trouble is not None:
            raise EngineError(store.trouble.message, store.trouble.hint)
        views = workspaces.views()
        other = next((view for view in views if self._window.workspaces[views[view].name].holds(view)), None)
        if self._picture.trace is not None and other is not None:
            content, expected = views[other].views[other], views[workspace].views[workspace]
            raise InputError(f"{self._picture.trace} holds {content}, not {expected}", f"use --workspace {other}")
