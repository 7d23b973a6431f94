"""Opens the dialog in which texts are rated blind, one at a time for a tab."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

if TYPE_CHECKING:
    from app.panels.blind_rating.dialog import BlindRatingDialog


class RatingOpener:
    """on_kept: called with the ratings that were written to the logs."""

    def __init__(self, parent: QWidget, on_kept: Callable[[object], None]) -> None:
        self._parent, self._on_kept = parent, on_kept
        self.dialog: BlindRatingDialog | None = None

    def open(self, paths: Sequence[Path], *, second: str = "") -> None:
        """Rate the texts of these logs; one that is open comes to the front. second: whom to compare with at first."""
        from app.panels.blind_rating.dialog import BlindRatingDialog  # no part of the first paint

        if self.dialog is None:
            self.dialog = BlindRatingDialog(paths, self._parent, second=second)
            self.dialog.kept.connect(self._on_kept)
            self.dialog.finished.connect(self._forget)
        self.dialog.show_beside()

    def shut_down(self) -> None:
        """Wait for ratings that are being written, and close the dialog."""
        if self.dialog is not None:
            self.dialog.shut_down()

    def _forget(self, _result: int) -> None:
        self.dialog = None
