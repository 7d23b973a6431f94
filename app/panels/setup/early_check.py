"""Checks the chosen pair by its names and small files while the engine is still starting, on a thread of its own."""

import threading
from queue import Empty, SimpleQueue

from PySide6.QtCore import QObject, QTimer, Signal

from app.state.requests import NO_DRAFTER
from app.words.model_names import is_builtin
from engine.commands import Load
from engine.errors import EngineError
from engine.host import early_refusal

_POLL_MS = 30
_NO_MODEL = (NO_DRAFTER, "lookup")


class EarlyCheck(QObject):
    """Answers why a pair would be refused as far as that can be told without the engine.

    answered: once an answer is there. Files may lie on a slow disk, so that the window never waits for one."""

    answered = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._refusal: tuple[Load, str] | None = None
        self._wanted: Load | None = None
        self._thread: threading.Thread | None = None
        self._answers: SimpleQueue[tuple[Load, str]] = SimpleQueue()
        self._poll = QTimer(self)
        self._poll.setInterval(_POLL_MS)
        self._poll.timeout.connect(self._take)

    def ask(self, pair: Load) -> None:
        """Check a pair, after the one under way; the built-in models are there."""
        self._wanted = pair
        if is_builtin(pair.target) and (is_builtin(pair.drafter) or pair.drafter in _NO_MODEL):
            return
        if self._thread is None:
            self._start(pair)

    def stop(self) -> None:
        """Forget the question."""
        self._poll.stop()
        self._wanted, self._thread, self._answers = None, None, SimpleQueue()

    def why_not(self, pair: Load) -> str:
        """Why this pair would be refused; empty where it would not be, or is not known yet."""
        return self._refusal[1] if self._refusal is not None and self._refusal[0] == pair else ""

    def _start(self, pair: Load) -> None:
        answers = self._answers
        work = threading.Thread(target=lambda: answers.put((pair, _why_not(pair))), name="draftscope-pair", daemon=True)
        self._thread = work
        work.start()
        self._poll.start()

    def _take(self) -> None:
        try:
            self._refusal = self._answers.get_nowait()
        except Empty:
            return
        self._thread = None
        self._poll.stop()
        if self._wanted is not None and self._wanted != self._refusal[0]:
            self._start(self._wanted)
            return
        self.answered.emit()


def _why_not(pair: Load) -> str:
    try:
        early_refusal.refuse(pair)
    except EngineError as err:
        return err.message
    except OSError as err:
        return str(err)
    return ""
