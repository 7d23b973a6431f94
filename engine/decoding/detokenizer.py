"""Token ids to text: pieces that never split a character; knows nothing of models."""

from collections.abc import Sequence
from functools import lru_cache

from transformers import PreTrainedTokenizerBase

_BROKEN = "�"
# Bytes that never become a character are not waited for without end.
_MOST_HELD = 16


class TokenTexts:
    """The text of single tokens as they are shown, and of whole sequences as they are read."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer
        self._n_entries = len(tokenizer)
        self._anchor = tokenizer.encode("a", add_special_tokens=False)[-1:]
        self._anchor_text = tokenizer.decode(self._anchor)
        self.piece = lru_cache(maxsize=None)(self._piece)
        self.added = lru_cache(maxsize=None)(self._added)

    def _piece(self, token_id: int) -> str:
        """The text one token adds; its entry in ⟨⟩ where it is part of a character, ⟨id⟩ where it has no entry."""
        text = self.added(token_id)
        return self._raw(token_id) if _BROKEN in text or not text else text

    def _added(self, token_id: int) -> str:
        """What one token adds to a text; marks of replacement where it is part of a character."""
        return self.continuation((token_id,)) if 0 <= token_id < self._n_entries else f"⟨{token_id}⟩"

    def continuation(self, ids: Sequence[int]) -> str:
        """What a few tokens add to a text that stands before them."""
        if not all(0 <= token_id < self._n_entries for token_id in ids):
            return self.text(ids)
        # The anchor keeps the leading space that tokenizers strip from the first token of a text.
        return self._decode([*self._anchor, *ids]).removeprefix(self._anchor_text)

    def _raw(self, token_id: int) -> str:
        entry = self._tokenizer.convert_ids_to_tokens(token_id)
        return f"⟨{token_id}⟩" if entry is None else f"⟨{entry}⟩"

    def _decode(self, ids: Sequence[int]) -> str:
        return str(self._tokenizer.decode(list(ids), skip_special_tokens=False, clean_up_tokenization_spaces=False))

    def text(self, ids: Sequence[int]) -> str:
        """The text of a whole sequence; ids without an entry as ⟨id⟩."""
        if all(0 <= token_id < self._n_entries for token_id in ids):
            return self._decode(ids)
        return "".join(self.piece(token_id) for token_id in ids)


class Detokenizer:
    """Turns a growing sequence of ids into text pieces; holds back a piece until its characters are whole."""

    def __init__(self, texts: TokenTexts, before: Sequence[int] = ()) -> None:
        """before: ids whose text is known already; a character they leave unfinished is waited for."""
        self._texts = texts
        n_parts = next(
            (n for n, token in enumerate(reversed(before)) if _BROKEN not in texts.added(token)), len(before)
        )
        self._held: list[int] = []
        for token in before[len(before) - n_parts :]:
            self.push(token)

    def push(self, token_id: int) -> str:
        """Add one id; returns the text that became certain, possibly empty."""
        if not self._held:
            text = self._texts.added(token_id)
            if _BROKEN not in text:
                return text
        self._held.append(token_id)
        text = self._texts.continuation(self._held)
        if text.endswith(_BROKEN) and len(self._held) < _MOST_HELD:
            return ""
        self._held = []
        return text

    def flush(self) -> str:
        """What is still held back, with a mark for what never became a character."""
        held, self._held = self._held, []
        return self._texts.continuation(held) if held else ""
