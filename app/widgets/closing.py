"""What closing the window asks while work is under way, and the limit on how long the program takes to end."""

import os
import threading
from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtWidgets import QAbstractButton, QMessageBox, QWidget

END_WITHIN_S = 2.8


def tr(words: str) -> str:
    """Translate a text of the question."""
    return QCoreApplication.translate("closing", words)


class ClosingQuestion(QMessageBox):
    """Asks once, without stopping the window; `confirmed`: close in spite of the work."""

    confirmed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Close Draftscope?"))
        self.setIcon(QMessageBox.Icon.Question)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setInformativeText(tr("Closing stops it. What was made so far is kept."))
        self.close_anyway = self.addButton(tr("Stop and close"), QMessageBox.ButtonRole.DestructiveRole)
        self.keep_working = self.addButton(tr("Keep working"), QMessageBox.ButtonRole.RejectRole)
        self.setDefaultButton(self.keep_working)
        self.setEscapeButton(self.keep_working)
        self.buttonClicked.connect(self._on_clicked)

    def ask(self, under_way: Sequence[str]) -> None:
        """Show what is under way, or bring the question to the front if it is there."""
        lines = (reason[:1].upper() + reason[1:] + "." for reason in under_way)
        self.setText("\n".join(lines))
        self.open()
        self.raise_()

    def _on_clicked(self, button: QAbstractButton) -> None:
        if button is self.close_anyway:
            self.confirmed.emit()


def end_process_within(seconds: float = END_WITHIN_S) -> None:
    """End this process after so many seconds if it has not ended by itself: a library may be stuck on a thread.

    Traces are written round by round, so that nothing is lost by it; the engine's own process ends with its pipe."""
    timer = threading.Timer(seconds, os._exit, (0,))
    timer.daemon = True
    timer.start()
