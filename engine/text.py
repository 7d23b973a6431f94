"""Token ids to text: pieces that never split a character; knows nothing of models."""

from collections.abc import Sequence
from functools import lru_cache

from transformers import PreTrainedTokenizerBase

_BROKEN = "�"


class TokenTexts:
    """The text of single tokens as they are shown, and of whole sequences as they are read."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer
        self._n_entries = len(tokenizer)
        self._anchor = tokenizer.encode("a", add_special_tokens=False)[-1:]
        self._anchor_text = tokenizer.decode(self._anchor)
        self.piece = lru_cache(maxsize=None)(self._piece)

    def _piece(self, token_id: int) -> str:
        """The text one token adds; its entry in ⟨⟩ where it is part of a character, ⟨id⟩ where it has no entry."""
        if not 0 <= token_id < self._n_entries:
            return f"⟨{token_id}⟩"
        # The anchor keeps the leading space that tokenizers strip from the first token of a text.
        text = self._decode([*self._anchor, token_id]).removeprefix(self._anchor_text)
        if _BROKEN in text or not text:
            return self._raw(token_id)
        return text

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

    def __init__(self, texts: TokenTexts) -> None:
        self._texts = texts
        self._ids: list[int] = []
        self._start = 0
        self._shown = 0

    def push(self, token_id: int) -> str:
        """Add one id; returns the text that became certain, possibly empty."""
        self._ids.append(token_id)
        before = self._texts.text(self._ids[self._start : self._shown])
        now = self._texts.text(self._ids[self._start :])
        if now.endswith(_BROKEN) and len(self._ids) - self._shown < 4:
            return ""
        self._start, self._shown = self._shown, len(self._ids)
        return now[len(before) :]
