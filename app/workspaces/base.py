"""What the window asks of a tab, and what a tab is given; knows no tab by name."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, cast

from PySide6.QtCore import QCoreApplication, QSettings
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from app.panels.verbs import Verbs
from app.state import verbs
from app.state.run_record import RunRecord
from app.state.store import RunStore
from app.state.verbs import Verb
from app.words.explanations import Section
from engine.commands import Load
from engine.machine import paths


class TabContext(NamedTuple):
    """What a tab is made with. pair: of the command line; named: whether it was named there, so that the last one is
    not taken up. show: brings a view to the front, by its name."""

    store: RunStore
    verbs: Verbs
    pair: Load
    named: bool
    show: Callable[[str], None]


def tr(words: str) -> str:
    """The translation of a reason."""
    return QCoreApplication.translate("verbs", words)


class Workspace:
    """A tab, which is a widget as well. What is not overridden means: nothing of the kind."""

    context: TabContext

    @property
    def widget(self) -> QWidget:
        """The tab as a widget."""
        return cast(QWidget, self)

    # What can be done in it

    def do(self, verb: Verb) -> None:
        """Do what a verb is here; asked for only where nothing is against it."""
        store = self.context.store
        match verb:
            case "pause" if store.paused:
                store.resume()
            case "pause":
                store.pause()
            case "stop":
                store.cancel()

    def why_not(self, verb: Verb) -> str:
        """Why a verb makes no sense here now; empty where it does."""
        if verb in ("run", "step", "fork", "again", "replay"):
            return tr("this tab has nothing of the kind")
        return verbs.why_not(self.context.store, verb)

    def menu_actions(self, menu: str) -> Sequence[QAction]:
        """Actions of its own for one of the menus edit, run and view."""
        return ()

    def reset_layout(self) -> None:
        """Put everything where it was at the first start."""

    # What it shows

    @property
    def shown_record(self) -> RunRecord | None:
        """The run that a file would be saved of."""
        return None

    @property
    def folder(self) -> Path:
        """Where its files are looked for first."""
        return paths.runs()

    def first_pair(self) -> Load | None:
        """The pair to load when the window opens."""
        return None

    def explained(self) -> tuple[Section, ...]:
        """What is told of it where the window explains itself."""
        return ()

    def newly_opened(self) -> str:
        """The view in which a file was opened since this was last asked, whose settings it shows now; empty: none."""
        return ""

    # Its views, for pictures and the command line

    def view(self, name: str) -> QWidget:
        """The widget of a view."""
        return self.widget

    def holds(self, name: str) -> bool:
        """Whether a view has something to show."""
        return True

    def show_example(self, name: str) -> None:
        """Have made what a view shows, with the pair in memory."""

    def settled(self, name: str) -> bool:
        """Whether nothing is left to be done before a picture; may point at something worth a look first."""
        return True

    def clean_up(self) -> None:
        """Throw away what was made for a picture."""

    # From start to start

    def save(self, settings: QSettings) -> None:
        """Keep what is chosen."""

    def restore(self, settings: QSettings) -> None:
        """Take up what was chosen last time."""


class LastOpened:
    """Notices that what is on show came from a file, once for each."""

    def __init__(self) -> None:
        self._last: object = None

    def is_new(self, shown: object, source: Path | None) -> bool:
        """Whether this is from a file and was not on show before."""
        if source is None or self._last is shown:
            return False
        self._last = shown
        return True
