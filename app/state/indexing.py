"""State of making an index of documents: its progress, its result and what was left out."""

from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QCoreApplication

from app.state.dropped import TEXT_SUFFIXES
from app.state.store import RunStore
from app.state.tab_state import TabState
from app.text.plain_text import one_line
from app.words import pace
from engine.commands import Index, Load
from engine.documents import sources
from engine.events import Event, FileSkipped, Indexed, Progressed, Refused, RunFailed, Warned
from engine.machine import paths

_MOST_SKIPPED = 1000


# Text and JSON Lines are prompts or logs where they are dropped; as documents they are chosen with their folder.
_NOT_DROPPED = (".txt", ".jsonl")


def tr(text: str) -> str:
    """Translate a text about an index."""
    return QCoreApplication.translate("indexing", text)


class Documents(NamedTuple):
    """A file or folder of documents that was dropped."""

    path: Path


def _is_document(path: Path) -> bool:
    return path.is_file() and path.suffix.lower() not in _NOT_DROPPED


class IndexProgress(TabState):
    """At most one index at a time. number: rises with each; n_skipped: number of documents and parts left out so far;
    n_in_part: of these, the parts. dropped: documents that are to be made searchable."""

    work = Index

    def __init__(self, store: RunStore) -> None:
        self.commands = store.commands
        self._store = store
        self.number = 0
        self.command: Index | None = None
        self.indexed: Indexed | None = None
        self.failure: Refused | RunFailed | None = None
        self.skipped: list[FileSkipped] = []
        self.n_skipped = self.n_in_part = 0
        self.warned: list[Warned] = []
        self.dropped: Documents | None = None

    @property
    def live(self) -> bool:
        """Whether an index is being made, or waits for the engine."""
        return isinstance(self.commands.front, Index)

    def status(self, at: Progressed | None) -> str:
        """Describe the progress of making the index."""
        return self._store.stopping or pace.indexing(at)

    def begin(self, command: Index) -> None:
        """Start making an index of documents, or bringing one up to date."""
        self._store.make_way()
        self._store.engine.progressed = None
        self.number += 1
        self.command, self.indexed, self.failure = command, None, None
        self.skipped, self.n_skipped, self.n_in_part, self.warned = [], 0, 0, []
        self.commands.ask(command)
        self._store.watch()

    def begin_folder(self, folder: str, pair: Load, n: int) -> None:
        """Start making the documents of a folder searchable, n passages of which the target is to read at once."""
        where = paths.own_index([folder])
        self.begin(Index((folder,), where, target=pair.target, n=n, device=pair.device, dtype=pair.dtype))

    def take(self, event: Event) -> bool:
        """Take in an event. Returns whether it belongs to the making of an index."""
        if not isinstance(self.commands.front, Index):
            return False
        match event:
            case FileSkipped():
                self.n_skipped += 1
                self.n_in_part += event.part
                if len(self.skipped) < _MOST_SKIPPED:
                    self.skipped.append(event)
            case Warned():
                self.warned.append(event)
            case Indexed():
                self.indexed = event
            case _:
                return False
        return True

    def kept(self, event: Refused | RunFailed) -> str:
        """An index that was there before stays as it was."""
        is_mine = isinstance(event, Refused) and event.what == "index"
        return tr("an index made before, as it was") if is_mine else ""

    def take_document(self, path: Path) -> None:
        """Take a file as a document, whatever its kind."""
        self._store.open_with(path, self, Documents)

    def read(self, path: Path) -> object | None:
        """Take a folder of documents, or a document that no other tab reads; None for any other file."""
        return Documents(path) if path.is_dir() or (sources.kind_of(path) is not None and _is_document(path)) else None

    def show(self, content: object, path: Path) -> str:
        """Leave documents for the tab, which makes them searchable. Returns what is under way and prevents that."""
        assert isinstance(content, Documents)
        if under_way := self._store.may_start():
            return under_way
        self.dropped = content
        return ""

    def opened_as(self, content: object, path: Path) -> str:
        """Say that a text file is a document, and how it would be something else."""
        if path.suffix.lower() not in TEXT_SUFFIXES:
            return ""
        words = tr(
            "{0} is made searchable; with Decode in front it is the prompt, with Compare in front a set of prompts"
        )
        return words.format(one_line(path.name))

    def take_dropped(self) -> Documents | None:
        """Documents that were dropped since the last call."""
        dropped, self.dropped = self.dropped, None
        return dropped

    def fail(self, event: Refused | RunFailed) -> None:
        """Note that making the index was refused, stopped or failed; an earlier index stays as it was."""
        if isinstance(self.commands.front, Index):
            self.failure = event
