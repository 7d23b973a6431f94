"""Renders the window to a picture: a saved run, training or measurement, or one of the pair; knows no panel."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication, QWidget

from app.arguments import Picture
from app.main_window import MainWindow
from app.panels.prompt import EXAMPLE_PROMPTS
from app.state.selection import Selection
from app.workspaces.decode.measuring import MeasuringProgress
from app.workspaces.rag.answers import AnswerProgress
from app.workspaces.rag.evaluations import EvaluationProgress
from app.workspaces.train.training import TrainingRunProgress
from engine.errors import EngineError, InputError
from engine.events import RoundFinished, Setting

_SETTLE_MS = 200
_HOLDS = {
    "decode": "a run",
    "rag": "an answer from documents or an evaluation",
    "train": "a training",
    "measured": "a measurement",
}
# As little as still shows a drafter that learns.
_SHORT_TRAINING: dict[str, Setting] = {"sample": 4000, "steps": 60, "minutes": 2.0}


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
        self._scratch: TemporaryDirectory[str] | None = None

    def start(self) -> None:
        """Show the window at the wanted size and begin."""
        self._shown().setFixedSize(self._picture.width, self._picture.height)
        self._window.show()
        self._window.show_workspace(self._picture.workspace)
        self._window.store.changed.connect(self._look)
        if self._picture.trace is not None:
            self._asked = True
            self._window.store.open_trace(self._picture.trace)

    def clean_up(self) -> None:
        """Throw away the drafter that was trained for the picture."""
        if self._scratch is not None:
            self._scratch.cleanup()

    def _shown(self) -> QWidget:
        """What the picture is of."""
        return self._window.measured if self._picture.workspace == "measured" else self._window

    def _look(self) -> None:
        """Ask for a run once the models are there; begin to settle once nothing is under way."""
        store = self._window.store
        if store.busy:
            self._settle.stop()
        elif not self._asked and store.trouble is None:
            self._asked = True
            self._ask()
        elif not self._settle.isActive():
            self._settle.start()

    def _ask(self) -> None:
        """Make what the workspace shows."""
        if self._picture.workspace == "train":
            self._scratch = TemporaryDirectory(prefix="draftscope-")
            form = self._window.train.form
            form.form.set_values(_SHORT_TRAINING)
            form.out.setText(str(Path(self._scratch.name) / "drafter"))
            self._window.store.tab(TrainingRunProgress).begin(form.command())
        elif self._picture.workspace == "rag":
            self._window.rag.ask()
        elif self._picture.workspace == "measured":
            self._window.measure()
        else:
            self._window.decode.prompt.prompt.setPlainText(EXAMPLE_PROMPTS[0])
            self._window.run()

    def _take(self) -> None:
        store = self._window.store
        try:
            self._refuse()
            if self._picture.workspace == "decode" and store.selection is None and (first := self._first_rejection()):
                store.select(first)
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
        held = {
            "decode": bool(store.log),
            "rag": store.tab(AnswerProgress).shelf.shown is not None or store.tab(EvaluationProgress).shown is not None,
            "train": store.tab(TrainingRunProgress).record.started is not None,
            "measured": store.tab(MeasuringProgress).measured is not None,
        }
        if held[wanted]:
            return
        if store.trouble is not None:
            raise EngineError(store.trouble.message, store.trouble.hint)
        other = next((name for name, there in held.items() if there), None)
        if self._picture.trace is not None and other is not None:
            reason = f"{self._picture.trace} holds {_HOLDS[other]}, not {_HOLDS[wanted]}"
            raise InputError(reason, f"use --workspace {other}")

    def _first_rejection(self) -> Selection | None:
        """The token worth a look."""
        for event in self._window.store.log:
            if isinstance(event, RoundFinished):
                for place, token in enumerate(event.proposed):
                    if token.fate == "rejected":
                        return Selection(event.round, place)
        return None
