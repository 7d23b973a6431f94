"""SentencePiece's own way to cut text, as a yardstick for tokenizers that reach the same through ranked merges."""

from collections.abc import Mapping, Sequence
from itertools import pairwise


def cut(text: str, scores: Mapping[str, float]) -> list[str]:
    """Merge neighbours, the pair of the best score first and of equals the leftmost, until none makes a piece."""
    pieces = list(text.replace(" ", "▁"))
    while True:
        pairs = [(scores[a + b], -i) for i, (a, b) in enumerate(pairwise(pieces)) if a + b in scores]
        if not pairs:
            return pieces
        _, negative = max(pairs)
        pieces[-negative : 2 - negative] = [pieces[-negative] + pieces[1 - negative]]


def spelled(pieces: Sequence[str], scores: Mapping[str, float]) -> list[str]:
    """The pieces as tokens: those that are none become bytes."""
    return [
        token
        for piece in pieces
        for token in ([piece] if piece in scores else [f"<0x{byte:02X}>" for byte in piece.encode()])
    ]
