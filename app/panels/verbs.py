"""One `QAction` per verb, shared by menu, shortcuts and buttons; the tab in front decides what it does."""

from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QAbstractButton

from app.state import verbs
from app.state.store import RunStore
from app.state.verbs import VERBS, Verb
from app.widgets.permission import allow


class VerbTarget(Protocol):
    """The tab in front, which carries out the verbs."""

    def do(self, verb: Verb) -> None:
        """Carry out the verb in this tab."""

    def why_not(self, verb: Verb) -> str:
        """Reason why the verb is not possible now; empty if it is."""


class Verbs(QObject):
    """`actions` by verb. Without a tab in front their reasons come from the store and they do nothing."""

    def __init__(self, store: RunStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.actions = {verb: self._action(verb) for verb in VERBS}
        self._store = store
        self._front: VerbTarget | None = None
        self._reasons: dict[Verb, str] = {}
        store.changed.connect(self.refresh)
        self.refresh()

    def serve(self, front: VerbTarget) -> None:
        """Let this tab carry out the verbs from now on."""
        self._front = front
        # Reconnect to be notified last: the tab must have drawn the state that its reasons depend on.
        self._store.changed.disconnect(self.refresh)
        self._store.changed.connect(self.refresh)
        self.refresh()

    def why_not(self, verb: Verb) -> str:
        """Reason why the verb is not possible now; empty if it is."""
        return self._reasons[verb]

    def do(self, verb: Verb) -> None:
        """Carry out the verb if it is possible now."""
        self.refresh()
        if self._front is not None and not self._reasons[verb]:
            self._front.do(verb)

    def refresh(self) -> None:
        """Update which verbs are possible."""
        for verb, action in self.actions.items():
            reason = verbs.why_not(self._store, verb) if self._front is None else self._front.why_not(verb)
            if self._reasons.get(verb) != reason:
                self._reasons[verb] = reason
                action.setEnabled(not reason)
                action.setToolTip(reason or action.text().partition("\t")[0])

    def follow(self, button: QAbstractButton, verb: Verb, tip: str) -> None:
        """Bind a button to a verb: it triggers the action and mirrors its state. tip: what it does in its tab."""

        def update_button() -> None:
            allow(button, self._reasons[verb], tip)

        button.clicked.connect(self.actions[verb].trigger)
        self.actions[verb].changed.connect(update_button)
        update_button()

    def _action(self, verb: Verb) -> QAction:
        action = QAction(self)
        action.triggered.connect(self._slot(verb))
        return action

    def _slot(self, verb: Verb) -> Callable[[], None]:
        return lambda: self.do(verb)
