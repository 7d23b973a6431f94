"""Finds the card of the gate that would be used for the chosen pair; its files are read on a thread of its own."""

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from PySide6.QtCore import QObject, QTimer, Signal

from app.state.background import Background
from app.state.requests import NO_DRAFTER
from engine.errors import EngineError

if TYPE_CHECKING:
    from engine.sprinter.cards import FoundCard, GateCard

_POLL_MS = 30
# none: the pair has no drafter that is a model; own: the drafter's own probability decides; refused: see the reason.
GateState: TypeAlias = Literal["looking", "none", "own", "missing", "refused", "known"]


class GateChoice(NamedTuple):
    """What is chosen in the setup. name: auto, builtin, q, or a folder; cap: tokens of a run at most."""

    target: str
    drafter: str
    name: str
    cap: int = 20
    tests_all: bool = False


class KnownGate(NamedTuple):
    """A gate as far as it is known. reason, hint: why it cannot be used, and the way out."""

    state: GateState = "looking"
    card: "GateCard | None" = None
    folder: str = ""
    reason: str = ""
    hint: str = ""


class GateFinder(QObject):
    """`found`: the gate of what was asked for last is known, or known not to be there."""

    found = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._background = Background("gate", self._refuse)
        self._poll = QTimer(self)
        self._poll.setInterval(_POLL_MS)
        self._poll.timeout.connect(self._deliver)

    def look(self, choice: GateChoice) -> None:
        """Look for the gate of a choice; an earlier question without an answer is dropped."""
        if choice.drafter in (NO_DRAFTER, "lookup"):
            self._background.ask(lambda: KnownGate("none"), self.found.emit, topic="card")
        else:
            self._background.ask(lambda: _known(choice), self.found.emit, topic="card")
        self._poll.start()

    @property
    def busy(self) -> bool:
        """Whether an answer is still to come."""
        return self._background.busy

    def pause(self) -> None:
        """Take no answers until something is looked for again."""
        self._poll.stop()

    def close(self) -> None:
        """Wait for what is being read."""
        self._poll.stop()
        self._background.close()

    def _refuse(self, err: EngineError) -> None:
        self.found.emit(KnownGate("refused", reason=err.message, hint=err.hint))

    def _deliver(self) -> None:
        self._background.deliver()
        if not self._background.busy:
            self._poll.stop()


def _known(choice: GateChoice) -> KnownGate:
    # Imported on the thread that reads: the first paint waits for every import.
    from engine.sprinter import cards

    name = choice.name.strip() or cards.AUTO
    if name == cards.Q:
        return KnownGate("own")
    found: FoundCard | None = cards.card_of(name, choice.target, choice.drafter)
    if found is None:
        return KnownGate("missing")
    return KnownGate("known", found.card, str(found.folder))
