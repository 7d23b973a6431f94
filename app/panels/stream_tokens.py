"""From events to the tokens of the stream: their text, fate and place; pure."""

from typing import NamedTuple

from app.shown_text import visible
from app.store import Selection
from app.theme import StreamFate
from engine.events import LastToken, ProposedToken, RoundFinished, RunStarted

GHOSTS: frozenset[StreamFate] = frozenset({"rejected", "untested"})


class StreamToken(NamedTuple):
    """One token as the stream shows it. place: None for a token of the prompt."""

    shown: str
    text: str
    fate: StreamFate
    place: Selection | None
    record: ProposedToken | LastToken | None

    @property
    def is_ghost(self) -> bool:
        """Whether it was proposed and not kept."""
        return self.fate in GHOSTS

    @property
    def breaks(self) -> bool:
        """Whether a line ends after it."""
        return not self.is_ghost and "\n" in self.text


def prompt_tokens(event: RunStarted) -> list[StreamToken]:
    """The prompt."""
    return [StreamToken(visible(piece), piece, "prompt", None, None) for piece in event.prompt_pieces]


def round_tokens(event: RoundFinished) -> list[StreamToken]:
    """The proposed tokens in their order, ghosts included, and the last one; it is nobody's bonus after no proposal."""
    made = [
        StreamToken(visible(token.text), token.text, token.fate, Selection(event.round, i), token)
        for i, token in enumerate(event.proposed)
    ]
    if event.last is not None:
        fate: StreamFate = event.last.kind if event.proposed else "plain"
        place = Selection(event.round, len(event.proposed))
        made.append(StreamToken(visible(event.last.text), event.last.text, fate, place, event.last))
    return made
