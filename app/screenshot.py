"""Renders the window to a picture: a saved run, training or measurement, or one of the pair; knows no panel."""

import sys

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication, QWidget

from app import workspaces
from app.arguments import Picture
from app.main_window import MainWindow
from app.workspaces.base import Workspace
from engine.errors import EngineError, InputError

_SETTLE_MS = 200


class Photographer(QObject):
    """Waits until the window has nothing left to do, then takes its picture and ends the program."""

    def __init__(self, window: MainWindow, picture: Picture) -> None:
        super().__init__(window)
        self._window = window
        self._picture = picture
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._settle.timeout.connect(self._take)
        self._asked = False

    def start(self) -> None:
        """Show the window at the wanted size and begin."""
        self._shown().setFixedSize(self._picture.width, self._picture.height)
        self._window.show()
        self._window.show_view(self._picture.workspace)
        self._window.store.changed.connect(self._look)
        if self._picture.trace is not None:
            self._asked = True
            self._window.store.open_trace(self._picture.trace)

    def clean_up(self) -> None:
        """Throw away what was made for the picture."""
        self._tab.clean_up()

    @property
    def _tab(self) -> Workspace:
        """The tab that the picture is of."""
        return self._window.workspaces[workspaces.views()[self._picture.workspace].name]

    def _shown(self) -> QWidget:
        """What the picture is of."""
        view = self._tab.view(self._picture.workspace)
        return self._window if view is self._tab.widget else view

    def _look(self) -> None:
        """Ask for a run once the models are there; begin to settle once nothing is under way."""
        store = self._window.store
        if store.busy:
            self._settle.stop()
        elif not self._asked and store.trouble is None:
            self._asked = True
            self._tab.show_example(self._picture.workspace)
        elif not self._settle.isActive():
            self._settle.start()

    def _take(self) -> None:
        try:
            self._refuse()
            if not self._tab.settled(self._picture.workspace):
                return
            if not self._shown().grab().save(str(self._picture.out)):
                raise InputError(f"{self._picture.out} cannot be written", "choose another file")
        except EngineError as err:
            print(f"draftscope: {err}", file=sys.stderr)
            QApplication.exit(2)
        else:
            QApplication.exit(0)

    def _refuse(self) -> None:
        """Raises EngineError where there is nothing to show."""
        store, wanted = self._window.store, self._picture.workspace
        if self._tab.holds(wanted):
            return
        if store.trouble is not None:
            raise EngineError(store.trouble.message, store.trouble.hint)
        views = workspaces.views()
        other = next((view for view in views if self._window.workspaces[views[view].name].holds(view)), None)
        if self._picture.trace is not None and other is not None:
            held, needed = views[other].views[other], views[wanted].views[wanted]
            raise InputError(f"{self._picture.trace} holds {held}, not {needed}", f"use --workspace {other}")
