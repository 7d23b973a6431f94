"""Gives the page in front its own share of a splitter, and what the user made of that when it comes back."""

from collections.abc import Sequence

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QSplitter, QTabWidget

from app.widgets.splitters import share_out


class PageSizes(QObject):
    """shares: of the splitter's parts, for each page, until the user drags them."""

    def __init__(self, pages: QTabWidget, splitter: QSplitter, shares: Sequence[tuple[int, int]]) -> None:
        super().__init__(pages)
        self._pages, self._splitter, self._shares = pages, splitter, tuple(shares)
        self._sizes: dict[int, list[int]] = {}
        self._page = pages.currentIndex()
        splitter.splitterMoved.connect(self._keep)
        pages.currentChanged.connect(self._turn)

    def reset(self) -> None:
        """Give every page its first share again."""
        self._sizes.clear()
        share_out(self._splitter, self._shares[self._page])

    def _keep(self) -> None:
        self._sizes[self._page] = self._splitter.sizes()

    def _turn(self, page: int) -> None:
        self._page = page
        if page in self._sizes:
            self._splitter.setSizes(self._sizes[page])
        else:
            share_out(self._splitter, self._shares[page])
