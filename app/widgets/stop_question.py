"""What Esc asks before it ends long work."""

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtWidgets import QAbstractButton, QMessageBox, QWidget


def tr(words: str) -> str:
    """Translate a text of the question."""
    return QCoreApplication.translate("stop_question", words)


class StopQuestion(QMessageBox):
    """Asks without stopping the window; `confirmed`: stop the work. Esc again keeps working."""

    confirmed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Stop?"))
        self.setIcon(QMessageBox.Icon.Question)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setInformativeText(tr("Stop ends it after the step under way. What was made so far is kept."))
        self.stop = self.addButton(tr("Stop it"), QMessageBox.ButtonRole.DestructiveRole)
        self.keep_working = self.addButton(tr("Keep working"), QMessageBox.ButtonRole.RejectRole)
        self.setDefaultButton(self.keep_working)
        self.setEscapeButton(self.keep_working)
        self.buttonClicked.connect(self._on_clicked)

    def ask(self, work: str) -> None:
        """Show what is under way, or bring the question to the front if it is there."""
        self.setText(tr("{0}.").format(work[:1].upper() + work[1:]))
        self.open()
        self.raise_()

    def withdraw(self) -> None:
        """Close the question, because the work has ended by itself."""
        if self.isVisible():
            self.reject()

    def _on_clicked(self, button: QAbstractButton) -> None:
        if button is self.stop:
            self.confirmed.emit()
