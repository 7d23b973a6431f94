"""Reads the chosen document on a thread of its own, and says what came of it."""

from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from app.state.background import Background
from app.workspaces.longcontext import document
from app.workspaces.longcontext.document import BUILTIN, LongDocument
from engine.errors import EngineError

_POLL_MS = 30
_TOPIC = "document"


class DocumentReading(QObject):
    """`changed`: a document was read, or could not be. wanted: the newest one asked for, empty before the first;
    document: the one that was read, None while there is none; failure: why the newest could not be read."""

    changed = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.wanted = ""
        self.document: LongDocument | None = None
        self.failure: EngineError | None = None
        self._background = Background("document", self._fail)
        self._poll = QTimer(self)
        self._poll.setInterval(_POLL_MS)
        self._poll.timeout.connect(self._deliver)

    @property
    def busy(self) -> bool:
        """Whether a document is being read."""
        return self._background.busy

    def read(self, spec: str) -> None:
        """Read a document, unless it is the one that is there or being read."""
        if spec == self.wanted and self.failure is None:
            return
        self.wanted, self.failure, self.document = spec, None, None
        self._background.ask(lambda: _read(spec), self._take, topic=_TOPIC)
        self._poll.start()
        self.changed.emit()

    def close(self) -> None:
        """Wait for what is being read, and drop it."""
        self._poll.stop()
        self._background.close()

    def _deliver(self) -> None:
        self._background.deliver()
        if not self._background.busy:
            self._poll.stop()

    def _take(self, read: LongDocument) -> None:
        self.document = read
        self.changed.emit()

    def _fail(self, err: EngineError) -> None:
        self.failure = err
        self.changed.emit()


def _read(spec: str) -> LongDocument:
    return document.builtin_document() if spec == BUILTIN else document.read_document(Path(spec).expanduser())
