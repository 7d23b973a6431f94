"""The files and folders opened last, newest first, with the names they are listed under."""

from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QSettings

from app.text.plain_text import one_line

_KEY = "recent-files"
_MOST, _LONGEST_NAME, _LONGEST_PATH = 10, 80, 4096
_TRACE = "trace.jsonl"


class RecentFile(NamedTuple):
    """A file or folder. name: what it is listed under."""

    path: Path
    name: str


class RecentFiles:
    """Holds paths only; whether they still exist shows when one is opened."""

    def __init__(self) -> None:
        self.entries: tuple[RecentFile, ...] = ()

    def add(self, path: Path) -> None:
        """Put a file first."""
        self._set([path, *(entry.path for entry in self.entries)])

    def forget(self) -> None:
        """Forget all of them."""
        self.entries = ()

    def save(self, settings: QSettings) -> None:
        """Save them for the next start."""
        settings.setValue(_KEY, [str(entry.path) for entry in self.entries])

    def restore(self, settings: QSettings) -> None:
        """Restore the saved ones."""
        stored = settings.value(_KEY, [])
        paths = stored if isinstance(stored, list) else [stored]
        self._set([Path(path) for path in paths if isinstance(path, str) and 0 < len(path) <= _LONGEST_PATH])

    def _set(self, paths: list[Path]) -> None:
        self.entries = tuple(RecentFile(path, _name(path)) for path in dict.fromkeys(paths))[:_MOST]


def _name(path: Path) -> str:
    """The name of a file; a trace is told apart by its folder."""
    parts = path.parts[-2:] if path.name == _TRACE else path.parts[-1:]
    return one_line("/".join(parts), longest=_LONGEST_NAME) or str(path)
