"""Renders the window to a picture: a saved run, or a finished run of the pair; knows no panel."""

import sys

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication

from app.arguments import Picture
from app.main_window import MainWindow
from app.panels.prompt import EXAMPLE_PROMPTS
from app.selection import Selection
from engine.events import RoundFinished

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
        self._window.setFixedSize(self._picture.width, self._picture.height)
        self._window.show_workspace(self._picture.workspace)
        self._window.show()
        self._window.store.changed.connect(self._look)
        if self._picture.trace is not None:
            self._asked = True
            self._window.store.open_trace(self._picture.trace)

    def _look(self) -> None:
        """Ask for a run once the models are there; begin to settle once nothing is under way."""
        store = self._window.store
        if store.busy:
            self._settle.stop()
        elif not self._asked and store.trouble is None:
            self._asked = True
            self._window.decode.prompt.prompt.setPlainText(EXAMPLE_PROMPTS[0])
            self._window.run()
        elif not self._settle.isActive():
            self._settle.start()

    def _take(self) -> None:
        store = self._window.store
        if store.trouble is not None and not store.log:
            print(f"draftscope: {store.trouble.message}; {store.trouble.hint}", file=sys.stderr)
            QApplication.exit(2)
            return
        if store.selection is None and (first := self._first_rejection()) is not None:
            store.select(first)
            return
        saved = self._window.grab().save(str(self._picture.out))
        if not saved:
            print(f"draftscope: {self._picture.out} cannot be written; choose another file", file=sys.stderr)
        QApplication.exit(0 if saved else 2)

    def _first_rejection(self) -> Selection | None:
        """The token worth a look."""
        for event in self._window.store.log:
            if isinstance(event, RoundFinished):
                for place, token in enumerate(event.proposed):
                    if token.fate == "rejected":
                        return Selection(event.round, place)
        return None
