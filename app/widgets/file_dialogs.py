"""Non-blocking dialogs that ask for a file to open or save."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

_OPEN_FILTER = "*.jsonl *.json *.txt *.parquet;;*"
_SAVE_FILTER = "*.jsonl"


def ask_open(parent: QWidget, title: str, folder: Path, on_chosen: Callable[[Path], None]) -> None:
    """Ask for the file of a run, a training, a measurement, or of prompts."""
    dialog = _dialog(parent, title, folder, _OPEN_FILTER)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.fileSelected.connect(lambda path: on_chosen(Path(path)))
    dialog.open()


def ask_save(parent: QWidget, title: str, folder: Path, on_chosen: Callable[[Path], None]) -> None:
    """Ask for a file to write a run to."""
    dialog = _dialog(parent, title, folder, _SAVE_FILTER)
    dialog.setFileMode(QFileDialog.FileMode.AnyFile)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix("jsonl")
    dialog.fileSelected.connect(lambda path: on_chosen(Path(path)))
    dialog.open()


def _dialog(parent: QWidget, title: str, folder: Path, files: str) -> QFileDialog:
    dialog = QFileDialog(parent, title, str(folder if folder.is_dir() else Path.home()), files)
    dialog.finished.connect(dialog.deleteLater)
    return dialog
