"""What counts as a dropped file, and which lines take its path."""

from pathlib import Path

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from app.widgets.dropped_file import PathDrop, dropped_file, dropped_files, leave_files_to_window

_HOW = (Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)


def _mime(*paths: str) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(path) for path in paths])
    return mime


def _drop(line: QLineEdit, mime: QMimeData) -> bool:
    """Drag over a line and drop there; returns whether it takes the file."""
    over = QDragEnterEvent(QPoint(1, 1), _HOW[0], mime, *_HOW[1:])
    over.ignore()
    QApplication.sendEvent(line, over)
    if over.isAccepted():
        QApplication.sendEvent(line, QDropEvent(QPointF(1, 1), _HOW[0], mime, *_HOW[1:]))
    return over.isAccepted()


def test_only_a_single_local_file_counts(tmp_path: Path) -> None:
    file, mime = tmp_path / "prompts.txt", QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(file))])
    assert dropped_file(mime) == file
    mime.setUrls([QUrl.fromLocalFile(str(file)), QUrl.fromLocalFile(str(file))])
    assert dropped_file(mime) is None
    mime.setUrls([QUrl("https://example.org/prompts.txt")])
    assert dropped_file(mime) is None
    mime = QMimeData()
    mime.setText(str(file))
    assert dropped_file(mime) is None


def test_several_files_are_known_as_several() -> None:
    assert dropped_files(_mime("/a", "/b")) == (Path("/a"), Path("/b"))
    mixed = QMimeData()
    mixed.setUrls([QUrl.fromLocalFile("/a"), QUrl("https://example.org/b")])
    assert dropped_files(mixed) == ()


def test_a_line_for_a_path_takes_the_path_of_a_dropped_folder(qtbot: QtBot) -> None:
    line = QLineEdit()
    qtbot.addWidget(line)
    PathDrop(line, line.setText)
    assert _drop(line, _mime("/models/my model"))
    assert line.text() == "/models/my model"


def test_any_other_line_leaves_a_dropped_file_to_the_window(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    question, path = QLineEdit(window), QLineEdit(window)
    PathDrop(path, path.setText)
    leave_files_to_window(window)
    assert (question.acceptDrops(), path.acceptDrops()) == (False, True)
