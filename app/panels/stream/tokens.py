"""From events to the tokens of the stream: their text, fate and place; pure."""

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import msgspec

from app.state.selection import Selection
from app.text.shown_text import visible
from app.theme import StreamFate
from engine.events import LastToken, ProposedToken, RoundFinished, RunStarted

GHOSTS: frozenset[StreamFate] = frozenset({"rejected", "untested"})
_NOTHING = "⟨⟩"
# Parts of a character stand for few characters: what follows them is looked for no farther.
_FAR = 256
Record: TypeAlias = ProposedToken | LastToken


class StreamToken(msgspec.Struct, frozen=True, gc=False):
    """One token as the stream shows it: a hundred thousand are kept, out of the garbage collector's sight.

    text: what it adds to the text: nothing where it begins a character that a later token completes.
    round, index: its place in the run; of no meaning for a token of the prompt, which has no record either."""

    shown: str
    text: str
    fate: StreamFate
    round: int = 0
    index: int = 0
    record: Record | None = None

    @property
    def place(self) -> Selection | None:
        """Where it stands in the run; None in the prompt."""
        return None if self.record is None else Selection(self.round, self.index)

    @property
    def is_ghost(self) -> bool:
        """Whether it was proposed and not kept."""
        return self.fate in GHOSTS

    @property
    def begins_word(self) -> bool:
        """Whether it begins with a space."""
        return self.shown.startswith("·")

    @property
    def breaks(self) -> bool:
        """Whether a line ends after it."""
        return "\n" in self.text and not self.is_ghost


def prompt_tokens(event: RunStarted) -> list[StreamToken]:
    """The prompt."""
    texts = added_texts(event.prompt_pieces, event.prompt)
    return [
        StreamToken(visible(piece) or _NOTHING, text, "prompt")
        for piece, text in zip(event.prompt_pieces, texts, strict=True)
    ]


def round_tokens(event: RoundFinished) -> list[StreamToken]:
    """The proposed tokens in their order, ghosts included, and the last one; it is nobody's bonus after no proposal."""
    records: list[Record] = [*event.proposed, *(() if event.last is None else (event.last,))]
    fates: list[StreamFate] = [token.fate for token in event.proposed]
    if event.last is not None:
        fates.append(event.last.kind if event.proposed else "plain")
    kept = [record.text for record, fate in zip(records, fates, strict=True) if fate not in GHOSTS]
    texts = iter(added_texts(kept, event.text))
    return [
        StreamToken(
            visible(record.text) or _NOTHING,
            record.text if fate in GHOSTS else next(texts),
            fate,
            event.round,
            index,
            record,
        )
        for index, (record, fate) in enumerate(zip(records, fates, strict=True))
    ]


def added_texts(pieces: Sequence[str], text: str) -> Sequence[str]:
    """What each of the pieces adds to `text`; they join to it.

    A part of a character is no piece of the text: the token that completes the character adds all of it. Where the
    text was not recorded the pieces stand for it, except for parts of characters that are still waiting."""
    if "".join(pieces) == text:
        return pieces
    if not text:
        return [""] * len(pieces) if all(map(_is_part, pieces)) else pieces
    return list(_aligned(pieces, text))


def _aligned(pieces: Sequence[str], text: str) -> Iterator[str]:
    """Each piece is looked for in turn; what lies before the next one that is found belongs to the parts before it."""
    at = 0
    for piece, following in zip(pieces, [*pieces[1:], None], strict=True):
        end = at + len(piece) if text.startswith(piece, at) else at
        if following is None:
            end = len(text)
        elif end == at and not _is_part(following):
            found = text.find(following, at, at + _FAR)
            end = at if found < 0 else found
        yield text[at:end]
        at = end


def _is_part(piece: str) -> bool:
    return piece.startswith("⟨") and piece.endswith("⟩")
