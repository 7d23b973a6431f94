"""One action a verb, shared by menu, shortcuts and bars: what it does follows the tab in front."""

from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QAbstractButton

from app.state import verbs
from app.state.store import RunStore
from app.state.verbs import VERBS, Verb
from app.widgets.permission import allow


class Front(Protocol):
    """The tab whose verbs these are."""

    def do(self, verb: Verb) -> None:
        """Do what the verb is in this tab."""

    def why_not(self, verb: Verb) -> str:
        """Why it cannot be done now; empty where it can."""


class Verbs(QObject):
    """`actions` by verb. Without a tab in front they say what the store says of the run on show, and do nothing."""

    def __init__(self, store: RunStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.actions = {verb: self._action(verb) for verb in VERBS}
        self._store = store
        self._front: Front | None = None
        self._reasons: dict[Verb, str] = {}
        store.changed.connect(self.refresh)
        self.refresh()

    def serve(self, front: Front) -> None:
        """Be the verbs of this tab from now on."""
        self._front = front
        # Last of all who hear of a change, so that the tab has drawn what its reasons rest on.
        self._store.changed.disconnect(self.refresh)
        self._store.changed.connect(self.refresh)
        self.refresh()

    def why_not(self, verb: Verb) -> str:
        """Why it cannot be done now; empty where it can."""
        return self._reasons[verb]

    def do(self, verb: Verb) -> None:
        """Do it, where it can be done."""
        self.refresh()
        if self._front is not None and not self._reasons[verb]:
            self._front.do(verb)

    def refresh(self) -> None:
        """Ask anew what can be done."""
        for verb, action in self.actions.items():
            reason = verbs.why_not(self._store, verb) if self._front is None else self._front.why_not(verb)
            if self._reasons.get(verb) != reason:
                self._reasons[verb] = reason
                action.setEnabled(not reason)
                action.setToolTip(reason or action.text())

    def follow(self, button: QAbstractButton, verb: Verb, tip: str) -> None:
        """Let a button do a verb: pressed, allowed and explained as its action is; tip: what it does in its tab."""

        def draw() -> None:
            allow(button, self._reasons[verb], tip)

        button.clicked.connect(self.actions[verb].trigger)
        self.actions[verb].changed.connect(draw)
        draw()

    def _action(self, verb: Verb) -> QAction:
        action = QAction(self)
        action.triggered.connect(self._doing(verb))
        return action

    def _doing(self, verb: Verb) -> Callable[[], None]:
        return lambda: self.do(verb)
