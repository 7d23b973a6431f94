"""The interface between the main window and a tab: the methods of a tab, and the context it is built with."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, cast

from PySide6.QtCore import QCoreApplication, QSettings
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from app.panels.verbs import Verbs
from app.plots.report_saver import ReportSource
from app.state import verbs
from app.state.run_record import RunRecord
from app.state.store import RunStore
from app.state.verbs import Verb
from app.words.explanations import Section
from engine.commands import Load
from engine.machine import paths
from engine.runs.summary import Summary


class TabContext(NamedTuple):
    """What a tab is built with. pair: from the command line; named: whether the user named it there, so that the last
    used pair is not restored. show: brings a view to the front, by its name."""

    store: RunStore
    verbs: Verbs
    pair: Load
    named: bool
    show: Callable[[str], None]


def tr(words: str) -> str:
    """Translate a reason."""
    return QCoreApplication.translate("verbs", words)


class Workspace:
    """A tab, which is also a widget. A method that is not overridden means that the tab lacks that feature."""

    context: TabContext

    @property
    def widget(self) -> QWidget:
        """The tab as a widget."""
        return cast(QWidget, self)

    # Actions

    def do(self, verb: Verb) -> None:
        """Perform a verb in this tab; called only where `why_not` is empty."""
        store = self.context.store
        match verb:
            case "pause" if store.paused:
                store.resume()
            case "pause":
                store.pause()
            case "stop":
                store.cancel()

    def why_not(self, verb: Verb) -> str:
        """Return why a verb is not possible now; empty where it is."""
        if verb in ("run", "step", "fork", "again", "replay"):
            return tr("not available in this tab")
        return verbs.why_not(self.context.store, verb)

    def menu_actions(self, menu: str) -> Sequence[QAction]:
        """Return the tab's own actions for one of the menus edit, run and view."""
        return ()

    def first_field(self) -> QWidget | None:
        """Return where typing goes when the tab comes to the front for the first time."""
        return None

    def search(self) -> None:
        """Go to the search of this tab; called only where `why_no_search` is empty."""

    def why_no_search(self) -> str:
        """Return why nothing can be searched in this tab; empty where something can."""
        return tr("this tab has no search")

    @property
    def is_writing(self) -> bool:
        """Whether a file is being written in the background, which closing the window would cut off."""
        return False

    def reset_layout(self) -> None:
        """Restore the layout of the first start."""

    def shut_down(self) -> None:
        """End what the tab does in the background, because the window closes."""

    # Content

    @property
    def shown_record(self) -> RunRecord | None:
        """The run that the window would save to a file."""
        return None

    @property
    def status_summary(self) -> Summary | None:
        """The summary whose speed and sameness the status line shows; None for a tab that shows no single run."""
        return None

    @property
    def reported(self) -> ReportSource:
        """The log that a report of this tab is about, or its file; empty where there is nothing to report."""
        return () if self.shown_record is None else self.shown_record.events

    @property
    def folder(self) -> Path:
        """The folder in which its file dialogs start."""
        return paths.runs()

    def first_pair(self) -> Load | None:
        """Return the pair to load when the window opens."""
        return None

    def explained(self) -> tuple[Section, ...]:
        """Return its sections of the window's explanations."""
        return ()

    def take_text(self, path: Path) -> bool:
        """Take a text file, which may be a prompt, prompts or a document, as what this tab is about; False: do not."""
        return False

    def newly_opened(self) -> str:
        """Show the settings of a file opened since the last call. Returns the view it is in; empty: there is none."""
        return ""

    # Views, for pictures and the command line

    def view(self, name: str) -> QWidget:
        """Return the widget of a view."""
        return self.widget

    def holds(self, name: str) -> bool:
        """Return whether a view has something to show."""
        return True

    def show_example(self, name: str) -> None:
        """Produce what a view shows, with the loaded pair."""

    def settled(self, name: str) -> bool:
        """Return whether a picture can be taken; may first select something worth showing."""
        return True

    def clean_up(self) -> None:
        """Delete what was made for a picture."""

    # Choices kept between sessions

    def save(self, settings: QSettings) -> None:
        """Save the choices."""

    def restore(self, settings: QSettings) -> None:
        """Restore the saved choices."""


class LastOpened:
    """Reports once for each content on show that it came from a file."""

    def __init__(self) -> None:
        self._last: object = None

    def is_new(self, shown: object, source: Path | None) -> bool:
        """Return whether this is from a file and has not been reported yet."""
        if source is None or self._last is shown:
            return False
        self._last = shown
        return True
