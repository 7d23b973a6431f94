"""Turns token ids into text, in pieces that never split a character."""

from collections.abc import Sequence
from functools import cached_property, lru_cache

from transformers import PreTrainedTokenizerBase

from engine.decoding import token_entries
from engine.decoding.control_tokens import control_ranges

_REPLACEMENT = "�"
# Bytes that form no character within this many tokens are emitted anyway.
_MOST_PENDING = 16


class TokenTexts:
    """The text of single tokens as displayed, and of whole sequences as read."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer
        self._n_entries = len(tokenizer)
        self._byte_level = is_byte_level(tokenizer)
        self._anchor = tokenizer.encode("a", add_special_tokens=False)[-1:]
        self._anchor_text = tokenizer.decode(self._anchor)
        self.piece = lru_cache(maxsize=None)(self._piece)
        self.added = lru_cache(maxsize=None)(self._added)

    @cached_property
    def control_ids(self) -> tuple[tuple[int, int], ...]:
        """Ranges of ids that control the model and spell no text."""
        return control_ranges(self._tokenizer)

    def _piece(self, token_id: int) -> str:
        """Text that one token adds; bytes that form no character as ⟨E2⟩, ⟨id⟩ if it has no entry."""
        text = self.added(token_id)
        return self._entry(token_id) if _REPLACEMENT in text or not text else text

    def _added(self, token_id: int) -> str:
        """Text that one token adds, with replacement characters if it is part of a character."""
        return self.continuation((token_id,)) if 0 <= token_id < self._n_entries else f"⟨{token_id}⟩"

    def continuation(self, ids: Sequence[int]) -> str:
        """Text that a few tokens add to the text before them."""
        if not all(0 <= token_id < self._n_entries for token_id in ids):
            return self.text(ids)
        # The anchor keeps the leading space that tokenizers strip from the first token of a text.
        return self._decode([*self._anchor, *ids]).removeprefix(self._anchor_text)

    def _entry(self, token_id: int) -> str:
        entry = self._tokenizer.convert_ids_to_tokens(token_id)
        if entry is None:
            return f"⟨{token_id}⟩"
        if token_entries.bytes_of(entry, byte_level=self._byte_level) is None:
            return f"⟨{entry}⟩"
        return token_entries.shown(entry, byte_level=self._byte_level)

    def _decode(self, ids: Sequence[int]) -> str:
        return str(self._tokenizer.decode(list(ids), skip_special_tokens=False, clean_up_tokenization_spaces=False))

    def text(self, ids: Sequence[int]) -> str:
        """Text of a whole sequence; ids without an entry appear as ⟨id⟩."""
        if all(0 <= token_id < self._n_entries for token_id in ids):
            return self._decode(ids)
        return "".join(self.piece(token_id) for token_id in ids)


class Detokenizer:
    """Turns a growing sequence of ids into text pieces; holds back a piece until its characters are complete."""

    def __init__(self, texts: TokenTexts, before: Sequence[int] = ()) -> None:
        """before: ids whose text was emitted already, except for a character that they leave unfinished."""
        self._texts = texts
        n_unfinished = next(
            (n for n, token in enumerate(reversed(before)) if _REPLACEMENT not in texts.added(token)), len(before)
        )
        self._pending: list[int] = []
        for token in before[len(before) - n_unfinished :]:
            self.push(token)

    def push(self, token_id: int) -> str:
        """Add one id; returns the text that is now complete, possibly empty."""
        if not self._pending:
            text = self._texts.added(token_id)
            if _REPLACEMENT not in text:
                return text
        self._pending.append(token_id)
        text = self._texts.continuation(self._pending)
        if text.endswith(_REPLACEMENT) and len(self._pending) < _MOST_PENDING:
            return ""
        self._pending = []
        return text

    def flush(self) -> str:
        """Return the text still held back, with a replacement character for bytes that form none."""
        ids, self._pending = self._pending, []
        return self._texts.continuation(ids) if ids else ""


def is_byte_level(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether each character of a tokenizer's entries stands for one byte."""
    decoder = getattr(getattr(tokenizer, "backend_tokenizer", None), "decoder", None)
    return decoder is not None and b"ByteLevel" in decoder.__getstate__()
