"""Pauses work between its steps, and lets it continue step by step or freely.

* imports neither Qt nor torch."""

import threading
from threading import Event as Flag


class PauseGate:
    """Pauses a run between rounds, a training between steps."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._n_allowed: int | None = None

    def set(self, n_allowed: int | None) -> None:
        """None lets all rounds pass; a number lets that many more pass."""
        with self._changed:
            self._n_allowed = n_allowed
            self._changed.notify_all()

    def step(self) -> None:
        """Let one more round pass, then pause."""
        with self._changed:
            self._n_allowed = (self._n_allowed or 0) + 1
            self._changed.notify_all()

    def wait(self, cancelled: Flag) -> None:
        """Return when the next round may begin or the run was cancelled."""
        with self._changed:
            self._changed.wait_for(lambda: self._n_allowed != 0 or cancelled.is_set())
            if self._n_allowed:
                self._n_allowed -= 1

    def wake(self) -> None:
        """Make `wait` check the flag again."""
        with self._changed:
            self._changed.notify_all()
