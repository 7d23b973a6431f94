"""SentencePiece's own way to cut text, as a yardstick for tokenizers that reach the same through ranked merges."""

import re
from collections.abc import Collection, Iterator, Mapping
from itertools import pairwise


def cut(text: str, scores: Mapping[str, float], whole: Collection[str]) -> list[str]:
    """The tokens of a text. whole: what is never cut, the longest first; scores: of all other pieces.

    A run of spaces is spelled as its token is, and a character that is no piece becomes bytes."""
    pattern = "|".join(re.escape(token) for token in sorted(whole, key=len, reverse=True))
    fragments = re.split(f"({pattern})", text)
    tokens = []
    for fragment in fragments:
        spelled = fragment.replace(" ", "▁")
        tokens += [spelled] if fragment in whole else list(_with_bytes(_merged(spelled, scores), scores))
    return tokens


def _merged(text: str, scores: Mapping[str, float]) -> list[str]:
    """Merge neighbours, the pair of the best score first and of equals the leftmost, until none makes a piece."""
    pieces = list(text)
    while True:
        joined = ((a + b, i) for i, (a, b) in enumerate(pairwise(pieces)))
        pairs = [(scores[piece], -i) for piece, i in joined if piece in scores]
        if not pairs:
            return pieces
        first = -max(pairs)[1]
        pieces[first : first + 2] = ["".join(pieces[first : first + 2])]


def _with_bytes(pieces: list[str], scores: Mapping[str, float]) -> Iterator[str]:
    for piece in pieces:
        if piece in scores:
            yield piece
        else:
            yield from (f"<0x{byte:02X}>" for byte in piece.encode())
