"""The model folders used last, newest first; knows no widget and looks at no disk."""

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QSettings

_KEY = "recent-folders"
_LONGEST = 8


class RecentFolders:
    """A few SPECs that name folders."""

    def __init__(self) -> None:
        self.specs: tuple[str, ...] = ()

    def add(self, spec: str) -> None:
        """Put a folder first; other SPECs are not kept."""
        if _names_folder(spec):
            self._keep([spec, *self.specs])

    def save(self, settings: QSettings) -> None:
        """Keep them for the next start."""
        settings.setValue(_KEY, list(self.specs))

    def restore(self, settings: QSettings) -> None:
        """Take up those of the last time."""
        stored = settings.value(_KEY, [])
        found = stored if isinstance(stored, list) else [stored]
        self._keep(spec for spec in found if isinstance(spec, str) and _names_folder(spec))

    def _keep(self, specs: Iterable[str]) -> None:
        self.specs = tuple(dict.fromkeys(specs))[:_LONGEST]


def _names_folder(spec: str) -> bool:
    return spec.startswith((".", "~")) or Path(spec).is_absolute()
