"""Converts events into the tokens of the stream, with their text, fate and position; pure functions."""

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import msgspec

from app.state.selection import Selection
from app.text.plain_text import one_line
from app.text.shown_text import visible
from app.theme import StreamFate
from engine.events import LastToken, ProposedToken, RoundFinished, RunStarted

GHOSTS: frozenset[StreamFate] = frozenset({"rejected", "untested"})
_EMPTY_MARK = "⟨⟩"
# Partial characters stand for few characters, so the next piece is searched for only this far.
_MAX_SEARCH_CHARS = 256
Record: TypeAlias = ProposedToken | LastToken


class StreamToken(msgspec.Struct, frozen=True, gc=False):
    """One token as the stream shows it. Untracked by the garbage collector, since a hundred thousand are kept.

    text: what it adds to the text: empty if it starts a character that a later token completes.
    round, index: its position in the run; meaningless for a token of the prompt, whose record is None."""

    shown: str
    text: str
    fate: StreamFate
    round: int = 0
    index: int = 0
    record: Record | None = None

    @property
    def place(self) -> Selection | None:
        """Its position in the run; None in the prompt."""
        return None if self.record is None else Selection(self.round, self.index)

    @property
    def is_ghost(self) -> bool:
        """Whether it was proposed and not kept."""
        return self.fate in GHOSTS

    @property
    def begins_word(self) -> bool:
        """Whether it starts with a space."""
        return self.shown.startswith("·")

    @property
    def breaks(self) -> bool:
        """Whether a line ends after it."""
        return "\n" in self.text and not self.is_ghost


def prompt_tokens(event: RunStarted) -> list[StreamToken]:
    """The tokens of the prompt."""
    texts = added_texts(event.prompt_pieces, event.prompt)
    return [
        StreamToken(visible(piece) or _EMPTY_MARK, text, "prompt")
        for piece, text in zip(event.prompt_pieces, texts, strict=True)
    ]


def read_lines(token: StreamToken) -> list[str]:
    """What a token adds to the text, line by line, as it reads: spaces as spaces, all else in displayable form."""
    lines = token.text.replace("\r\n", "\n").split("\n")
    return [one_line(line, longest=max(len(line), 1)) for line in lines]


def round_tokens(event: RoundFinished) -> list[StreamToken]:
    """The proposed tokens in order, ghosts included, and the last one, which is plain if nothing was proposed."""
    records: list[Record] = [*event.proposed, *(() if event.last is None else (event.last,))]
    fates: list[StreamFate] = [token.fate for token in event.proposed]
    if event.last is not None:
        fates.append(event.last.kind if event.proposed else "plain")
    kept_pieces = [record.text for record, fate in zip(records, fates, strict=True) if fate not in GHOSTS]
    texts = iter(added_texts(kept_pieces, event.text))
    return [
        StreamToken(
            visible(record.text) or _EMPTY_MARK,
            record.text if fate in GHOSTS else next(texts),
            fate,
            event.round,
            index,
            record,
        )
        for index, (record, fate) in enumerate(zip(records, fates, strict=True))
    ]


def added_texts(pieces: Sequence[str], text: str) -> Sequence[str]:
    """What each of the pieces adds to `text`; joined, the results equal it.

    A partial character adds nothing: the token that completes the character adds all of it. If the text was not
    recorded, the pieces are used instead, or empty texts if all of them are partial characters."""
    if "".join(pieces) == text:
        return pieces
    if not pieces:
        return []
    if not text:
        return [""] * len(pieces) if all(map(_is_part, pieces)) else pieces
    return list(_aligned_texts(pieces, text))


def _aligned_texts(pieces: Sequence[str], text: str) -> Iterator[str]:
    """Search for each piece in turn; the text before the next one found belongs to the partial characters before it."""
    start = 0
    for piece, following in zip(pieces, [*pieces[1:], None], strict=True):
        end = start + len(piece) if text.startswith(piece, start) else start
        if following is None:
            end = len(text)
        elif end == start and not _is_part(following):
            position = text.find(following, start, start + _MAX_SEARCH_CHARS)
            end = start if position < 0 else position
        yield text[start:end]
        start = end


def _is_part(piece: str) -> bool:
    return piece.startswith("⟨") and piece.endswith("⟩")
