"""Recognises local files that are dragged from elsewhere, and keeps their addresses out of lines of text."""

from collections.abc import Callable
from pathlib import Path
from typing import cast

from PySide6.QtCore import QEvent, QMimeData, QObject
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QLineEdit, QWidget

_TAKES_PATHS = "takes-paths"


def dropped_files(mime: QMimeData) -> tuple[Path, ...]:
    """The local files and folders that are dragged; empty for anything else."""
    urls = mime.urls() if mime.hasUrls() else []
    return tuple(Path(url.toLocalFile()) for url in urls) if all(url.isLocalFile() for url in urls) else ()


def dropped_file(mime: QMimeData) -> Path | None:
    """The single local file that is dropped; None for anything else."""
    paths = dropped_files(mime)
    return paths[0] if len(paths) == 1 else None


class PathDrop(QObject):
    """Lets a line take the path of a dropped file instead of its address."""

    def __init__(self, line: QLineEdit, on_path: Callable[[str], object]) -> None:
        super().__init__(line)
        self._on_path = on_path
        line.setProperty(_TAKES_PATHS, True)
        line.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        """Accept a single dragged file, and hand over its path once it is dropped."""
        kinds = (QEvent.Type.DragEnter, QEvent.Type.DragMove, QEvent.Type.Drop)
        if event.type() not in kinds:
            return False
        drop = cast(QDropEvent, event)
        if (path := dropped_file(drop.mimeData())) is None:
            return False
        drop.acceptProposedAction()
        if event.type() == QEvent.Type.Drop:
            self._on_path(str(path))
        return True


def leave_files_to_window(parent: QWidget) -> None:
    """Let a file dropped on any line of text reach the window, which opens it; Qt would insert its address."""
    for line in parent.findChildren(QLineEdit):
        if not line.property(_TAKES_PATHS):
            line.setAcceptDrops(False)
