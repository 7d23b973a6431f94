"""Writes a prompt as the loaded target would read it, before anything is run."""

from collections.abc import Iterator
from threading import Event as Flag
from typing import TYPE_CHECKING

from engine.commands import PreviewPrompt
from engine.errors import EngineError
from engine.events import Event, PromptPreviewed
from engine.settings import ChatConfig, make_config

if TYPE_CHECKING:
    from engine.session.session import Session

# More than anyone reads there; a whole book would only make the window slow.
LONGEST = 100_001


def preview(session: "Session", command: PreviewPrompt, cancelled: Flag) -> Iterator[Event]:
    """Yield the text and its number of tokens, or why the prompt cannot be asked so."""
    try:
        context = session.context(cancelled)
        prompt = context.asked(command.request, make_config(ChatConfig, command.settings))
    except EngineError as err:
        yield PromptPreviewed(command.serial, why_not=f"{err.message}; {err.hint}")
        return
    text = context.target.texts.text(prompt.ids)[:LONGEST]
    yield PromptPreviewed(command.serial, text, len(prompt.ids), chat=bool(prompt.messages), note=prompt.warning)


HANDLERS = {PreviewPrompt: preview}
