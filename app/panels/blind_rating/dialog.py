"""The dialog that has texts of kept work rated blind, reveals at the end what wrote them, and keeps the ratings."""

from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QStackedWidget, QVBoxLayout, QWidget

from app import theme
from app.panels.blind_rating.pages import ChoicePage, OutcomePage, PairPage, press_by_enter
from app.state.background import Background
from app.widgets.labels import set_role
from app.words.hints import in_window
from engine.errors import EngineError
from engine.store import blind_rating, rateable
from engine.store.blind_rating import Sitting
from engine.store.rateable import Rateable

_SIZE = (120 * theme.GRID, 80 * theme.GRID)
_LOOK_MS = 15


class BlindRatingDialog(QDialog):
    """A non-modal window. Esc while pairs are left reveals and keeps what was rated so far; once more closes it.

    `kept`: ratings were written to the logs, a tuple of them. second: whom to compare with the exact text at first."""

    kept = Signal(object)

    def __init__(
        self, paths: Sequence[Path], parent: QWidget, *, second: str = "", rng: Callable[[], Random] | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Rate blind"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._second, self._rng = second, rng
        self._rateable: Rateable | None = None
        self._sitting: Sitting | None = None
        self.choice, self.pair, self.outcome = ChoicePage(self), PairPage(self), OutcomePage(self)
        self.pages = QStackedWidget(self)
        for page in (self.choice, self.pair, self.outcome):
            self.pages.addWidget(page)
        self.buttons = QDialogButtonBox(self)
        self.start = self.buttons.addButton(self.tr("Start"), QDialogButtonBox.ButtonRole.ActionRole)
        self.start.setToolTip(self.tr("Show the first pair (Enter)"))
        self.start.setDefault(True)
        self.start.setEnabled(False)
        self.reveal = self.buttons.addButton(self.tr("Stop and reveal"), QDialogButtonBox.ButtonRole.ActionRole)
        self.reveal.setToolTip(self.tr("Reveal what wrote the texts, and keep what was rated so far (Esc)"))
        press_by_enter(self.reveal)
        self.close_button = self.buttons.addButton(QDialogButtonBox.StandardButton.Close)
        self.close_button.setToolTip(self.tr("Close the window; what was rated is kept"))
        self._lay_out()
        self._background = Background("rating", self._on_failure)
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self._deliver)
        self._connect()
        self._show_page(self.choice)
        self._ask(lambda: rateable.read(paths), self._on_read)

    def show_beside(self) -> None:
        """Show the window and put the focus on it."""
        self.show()
        self.raise_()
        self.activateWindow()

    @property
    def busy(self) -> bool:
        """Whether texts are still to be read, or ratings to be written."""
        return self._background.busy

    def reject(self) -> None:
        """End the sitting, or close the window where none is under way."""
        if self._is_rating:
            self._finish()
        else:
            self.shut_down()

    def shut_down(self) -> None:
        """Close the window, ratings of a sitting under way included in what is kept."""
        if self._is_rating:
            self._finish()
        self._timer.stop()
        self._background.finish()
        super().reject()

    @property
    def _is_rating(self) -> bool:
        """Whether there are ratings that are not kept yet."""
        return self.pages.currentWidget() is self.pair and self._sitting is not None and bool(self._sitting.verdicts)

    # Steps

    def _on_read(self, texts: Rateable) -> None:
        self._rateable = texts
        first, second = blind_rating.authors_to_rate(texts)
        named = [author.name for author in texts.authors]
        wanted = self._second if self._second in named and self._second != first.name else second.name
        self.choice.show_authors(texts, first.name, wanted)

    def _start(self) -> None:
        assert self._rateable is not None
        rng = None if self._rng is None else self._rng()
        self._sitting = Sitting(self._rateable, *self.choice.chosen(), rng=rng)
        self._show_page(self.pair)
        self._show_pair()

    def _rate(self, choice: blind_rating.Choice) -> None:
        assert self._sitting is not None
        self._sitting.rate(choice)
        self._show_pair()

    def _take_back(self) -> None:
        assert self._sitting is not None
        self._sitting.back()
        self._show_pair()

    def _show_pair(self) -> None:
        assert self._sitting is not None
        if (shown := self._sitting.shown) is None:
            self._finish()
            return
        self.pair.show_pair(shown, self._sitting.n)
        self.reveal.setEnabled(shown.number > 0)

    def _finish(self) -> None:
        """Reveal what wrote the texts, and keep the ratings."""
        assert self._sitting is not None and self._rateable is not None
        verdicts, paths = self._sitting.verdicts, self._rateable.paths
        (counted,) = blind_rating.counts(verdicts)
        self.outcome.show_counts(counted, self._sitting.n, [verdict.first_left for verdict in verdicts])
        self._show_page(self.outcome)
        self._ask(lambda: blind_rating.keep(paths, verdicts), lambda _: self._on_kept(verdicts))

    def _on_kept(self, verdicts: object) -> None:
        self.outcome.saved.setText(self.tr("Kept with the run; its export has them too."))
        self.kept.emit(verdicts)

    def _on_failure(self, err: EngineError) -> None:
        text = f"{err.message}; {in_window(err.hint)}"
        if self.pages.currentWidget() is self.outcome:
            self.outcome.saved.setText(self.tr("Not kept: {0}").format(text))
            set_role(self.outcome.saved, "bad")
        else:
            self.choice.say(text)
            self._allow()

    # Plumbing

    def _ask(self, work: Callable[[], object], then: Callable[..., None]) -> None:
        self._background.ask(work, then)
        self._timer.start()

    def _deliver(self) -> None:
        self._background.deliver()
        if not self._background.busy:
            self._timer.stop()

    def _allow(self) -> None:
        self.start.setEnabled(bool(self.choice.n_pairs))

    def _show_page(self, page: QWidget) -> None:
        self.pages.setCurrentWidget(page)
        self.start.setVisible(page is self.choice)
        self.reveal.setVisible(page is self.pair)
        if page is self.pair:
            self.pair.left.setFocus()
        elif page is self.outcome:
            self.close_button.setFocus()

    def _connect(self) -> None:
        self.choice.changed.connect(self._allow)
        self.start.clicked.connect(self._start)
        self.pair.rated.connect(self._rate)
        self.pair.taken_back.connect(self._take_back)
        self.reveal.clicked.connect(self._finish)
        self.buttons.rejected.connect(self.reject)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * theme.GRID, 2 * theme.GRID, 2 * theme.GRID, 2 * theme.GRID)
        column.setSpacing(2 * theme.GRID)
        column.addWidget(self.pages, 1)
        column.addWidget(self.buttons)
        self.resize(*_SIZE)
