"""State of the conversation that was read from a file, until the prompt takes it over."""

from pathlib import Path
from typing import NamedTuple

from app.state.store import RunStore
from app.state.tab_state import TabState
from engine.models.conversation import read_conversation
from engine.prompts import Message

_KIND = ".json"
# A conversation that fits a context is far smaller; a larger file is a log or a measurement.
_MOST_BYTES = 2**24


class Conversation(NamedTuple):
    """The messages of a file; the last one is the prompt."""

    messages: tuple[Message, ...]

    @property
    def system(self) -> str:
        """Its system prompt; empty where there is none."""
        return self.messages[0].content if self.messages[0].role == "system" else ""


class OpenedConversation(TabState):
    """At most one conversation: the newest that was opened. source: its file."""

    def __init__(self, store: RunStore) -> None:
        self.commands = store.commands
        self.conversation: Conversation | None = None
        self.source: Path | None = None

    def read(self, path: Path) -> object | None:
        """Read a conversation; None for any other file. Raises InputError where its turns are out of order."""
        if path.suffix.lower() != _KIND or not path.is_file() or path.stat().st_size > _MOST_BYTES:
            return None
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            return None
        messages = read_conversation(text)
        return Conversation(messages) if messages else None

    def show(self, content: object, path: Path) -> str:
        """Keep the conversation for the prompt; nothing under way prevents that."""
        assert isinstance(content, Conversation)
        self.conversation, self.source = content, path
        return ""
