"""The model folders used last, newest first; does not check that they exist."""

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QSettings

_KEY = "recent-folders"
_MAX_FOLDERS = 8


class RecentFolders:
    """The last few SPECs that name folders."""

    def __init__(self) -> None:
        self.specs: tuple[str, ...] = ()

    def add(self, spec: str) -> None:
        """Put a folder first; ignore other SPECs."""
        if _names_folder(spec):
            self._set_specs([spec, *self.specs])

    def save(self, settings: QSettings) -> None:
        """Store them for the next start."""
        settings.setValue(_KEY, list(self.specs))

    def restore(self, settings: QSettings) -> None:
        """Restore the stored ones."""
        stored = settings.value(_KEY, [])
        specs = stored if isinstance(stored, list) else [stored]
        self._set_specs(spec for spec in specs if isinstance(spec, str) and _names_folder(spec))

    def _set_specs(self, specs: Iterable[str]) -> None:
        self.specs = tuple(dict.fromkeys(specs))[:_MAX_FOLDERS]


def _names_folder(spec: str) -> bool:
    return spec.startswith((".", "~")) or Path(spec).is_absolute()
