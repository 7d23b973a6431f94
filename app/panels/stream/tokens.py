"""Converts events into the tokens of the stream, with their text, fate and position; pure functions."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, repeat
from operator import itemgetter
from typing import TypeAlias

import msgspec

from app.state.round_tree import inline_nodes
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
    round, index: its position in the run; meaningless for a token of the prompt, whose record is None.
    control: it controls the model, and is no text that somebody wrote."""

    shown: str
    text: str
    fate: StreamFate
    round: int = 0
    index: int = 0
    record: Record | None = None
    control: bool = False

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


class ControlIds:
    """The ids of control tokens, from the ranges that a run states."""

    def __init__(self, ranges: Sequence[tuple[int, int]] = ()) -> None:
        self._ranges = sorted(ranges)

    def __contains__(self, token_id: int) -> bool:
        place = bisect_right(self._ranges, token_id, key=itemgetter(0)) - 1
        return place >= 0 and token_id <= self._ranges[place][1]


_NO_CONTROLS = ControlIds()


def prompt_tokens(event: RunStarted) -> Iterator[StreamToken]:
    """The tokens of the prompt, one by one, since it may be long."""
    texts, controls = added_texts(event.prompt_pieces, event.prompt), ControlIds(event.control_ids)
    ids = chain(event.prompt_ids, repeat(-1))  # a foreign file may state fewer
    for piece, text, token_id in zip(event.prompt_pieces, texts, ids, strict=False):
        yield StreamToken(visible(piece) or _EMPTY_MARK, text, "prompt", control=token_id in controls)


def read_lines(token: StreamToken) -> list[str]:
    """What a token adds to the text, line by line, as it reads: spaces as spaces, all else in displayable form."""
    lines = token.text.replace("\r\n", "\n").split("\n")
    return [one_line(line, longest=max(len(line), 1)) for line in lines]


def round_tokens(event: RoundFinished, controls: ControlIds = _NO_CONTROLS) -> list[StreamToken]:
    """The proposed tokens in order, ghosts included, and the last one, which is plain if nothing was proposed.

    Of a tree, the path that was kept, and the likeliest alternatives beside it."""
    inline = inline_nodes(event)
    records: list[Record] = [event.proposed[node] for node in inline]
    fates: list[StreamFate] = [record.fate for record in records if isinstance(record, ProposedToken)]
    if event.last is not None:
        records.append(event.last)
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
            control=record.id in controls,
        )
        for index, record, fate in zip((*inline, len(event.proposed)), records, fates, strict=False)
    ]


def added_texts(pieces: Sequence[str], text: str) -> Iterable[str]:
    """What each of the pieces adds to `text`; joined, the results equal it.

    A partial character adds nothing: the token that completes the character adds all of it. If the text was not
    recorded, the pieces are used instead, or empty texts if all of them are partial characters."""
    if "".join(pieces) == text:
        return pieces
    if not pieces:
        return []
    if not text:
        return [""] * len(pieces) if all(map(_is_part, pieces)) else pieces
    return _aligned_texts(pieces, text)


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
