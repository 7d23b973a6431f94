"""State of what is dropped on the window and is neither a run nor a tab's own file: prompts and model folders."""

from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QCoreApplication

from app.state import requests
from app.state.store import RunStore
from app.state.tab_state import TabState
from app.text.plain_text import one_line
from engine.documents.decoding import decode
from engine.errors import InputError
from engine.machine.file_kinds import refuse_irregular
from engine.models.conversation import read_conversation
from engine.prompts import Message

_MOST_BYTES = 16 << 20
_CONVERSATION, _CONFIG = ".json", "config.json"
# Of files that may be a prompt, a set of prompts or a document: the tab in front decides.
TEXT_SUFFIXES = frozenset({".txt", ".text"})
PROMPT_SUFFIXES = frozenset({".txt", ".text", ".md", ".markdown", ".rst", _CONVERSATION})


def tr(words: str) -> str:
    """Translate a reason."""
    return QCoreApplication.translate("dropped", words)


class DroppedPrompt(NamedTuple):
    """A prompt from a file, or the turns of a conversation, the last of which is the prompt."""

    path: Path
    text: str
    earlier: tuple[Message, ...] = ()


class ModelFolder(NamedTuple):
    """A folder that holds a model."""

    path: Path


class DroppedFiles(TabState):
    """Hands model folders to the setup; a prompt waits in `prompt` for the panel that shows it."""

    def __init__(self, store: RunStore) -> None:
        self.commands = store.commands
        self._store = store
        self.prompt: DroppedPrompt | None = None
        self._is_new = False

    def take_new(self) -> DroppedPrompt | None:
        """The prompt that was dropped since the last call: it goes to the panel that asks first."""
        is_new, self._is_new = self._is_new, False
        return self.prompt if is_new else None

    def take_prompt(self, path: Path) -> None:
        """Read a file as the prompt, whatever its kind."""
        self._store.open_with(path, self, read_prompt)

    def read(self, path: Path) -> object | None:
        """Read a conversation or a model's folder; None for any other file."""
        if path.is_dir():
            return ModelFolder(path) if (path / _CONFIG).is_file() else None
        if path.suffix.lower() != _CONVERSATION or not path.is_file() or path.stat().st_size > _MOST_BYTES:
            return None
        try:
            text = _text(path)
        except InputError:  # no text that could be a conversation: another tab says what it is
            return None
        turns = read_conversation(text)
        return DroppedPrompt(path, turns[-1].content, turns[:-1]) if turns else None

    def show(self, content: object, path: Path) -> str:
        """Offer the model, or leave the prompt for its panel."""
        if isinstance(content, ModelFolder):
            spec = str(content.path)
            self._store.drafter_offered.emit(spec, requests.default_drafter(spec))
        else:
            assert isinstance(content, DroppedPrompt)
            self.prompt, self._is_new = content, True
        return ""

    def opened_as(self, content: object, path: Path) -> str:
        """Say that a text file is the prompt, and how it would be something else."""
        if isinstance(content, ModelFolder) or path.suffix.lower() not in TEXT_SUFFIXES:
            return ""
        words = tr("{0} is the prompt; with Compare in front it is a set of prompts, with RAG in front a document")
        return words.format(one_line(path.name))


def read_prompt(path: Path) -> DroppedPrompt:
    """Read a text file, or a conversation, as the prompt. Raises InputError, OSError."""
    text = _text(path)
    turns = read_conversation(text)
    return DroppedPrompt(path, turns[-1].content, turns[:-1]) if turns else DroppedPrompt(path, text)


def _text(path: Path) -> str:
    """The text of a file without a byte-order mark. Raises InputError, OSError."""
    way_out = tr("drop a file of UTF-8 text")
    refuse_irregular(path, way_out, most_bytes=_MOST_BYTES)
    decoded = decode(path.read_bytes())
    if decoded is None:
        raise InputError(tr("{0} is no text").format(path), way_out)
    if decoded.n_replaced or (decoded.guessed and not decoded.encoding.startswith("utf-16")):
        raise InputError(tr("{0} is not in UTF-8").format(path), tr("save it in UTF-8, so that no letter is guessed"))
    if not decoded.text.strip():
        raise InputError(tr("{0} is empty").format(path), tr("write at least one word"))
    return decoded.text
