"""Counts the tokens that passages are measured in: those of a target, whose tokenizer is loaded without its weights,
and those of the embedder beside them."""

import re
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from typing import Protocol

from transformers import PreTrainedTokenizerBase

from engine.errors import InputError
from engine.models import checkpoint_folder, checks
from engine.models.checkpoint_folder import WORD_FILES
from engine.models.gguf import header
from engine.models.kv_size import context_of

LONGEST_CHUNK = 512
# Tokens of the target's context reserved for the question, the task and the answer.
_KEPT_FREE = 384
# What looks like a control token in a document is read as text, and counted so.
_BARE = {
    "add_special_tokens": False, "split_special_tokens": True, "return_attention_mask": False, "truncation": False,
}  # fmt: skip


class CountedTokens(Protocol):
    """What counts the tokens that a model reads of a text."""

    def counts(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text has."""

    def ends(self, text: str) -> list[int]:
        """Character offsets at which the tokens of a text end."""


class TargetTokens:
    """Counts a tokenizer's tokens, without those it puts around a text. fingerprint: equal if counts are equal."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, fingerprint: str = "", context: int = 0) -> None:
        self._tokenizer = tokenizer
        self.fingerprint = fingerprint
        self.context = context

    def counts(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text has."""
        return [len(ids) for ids in self._tokenizer(list(texts), **_BARE)["input_ids"]]

    def ends(self, text: str) -> list[int]:
        """Character offsets at which the tokens of a text end; word ends if the tokenizer gives no offsets."""
        if self._tokenizer.is_fast:
            return [end for _, end in self._tokenizer(text, return_offsets_mapping=True, **_BARE)["offset_mapping"]]
        words = [(match.end(), match[0]) for match in re.finditer(r"\s*\S+", text)]
        word_counts = zip(words, self.counts([word for _, word in words]), strict=True)
        return [end for (end, _), n in word_counts for _ in range(n)]

    def fitting(self, n: int) -> int:
        """The most tokens a passage may have so that n of them fit into the context. Raises InputError."""
        if n < 1:
            raise InputError(f"n = {n}: must be >= 1", "10 is a good beginning")
        if (room := (self.context - _KEPT_FREE) // n) < 1:
            kept = f"{_KEPT_FREE} are kept for the question and the answer"
            reason = f"a context of {self.context:,} tokens has no room for passages, {n} asked for: {kept}"
            raise InputError(reason, "use fewer, or a target with a longer context")
        return min(LONGEST_CHUNK, room)


class StricterTokens:
    """Counts the tokens of whichever of two readers has more of them, so that a passage of at most N fits both."""

    def __init__(self, target: CountedTokens, embedder: CountedTokens) -> None:
        self._readers = target, embedder

    def counts(self, texts: Sequence[str]) -> list[int]:
        """The larger count of each text."""
        return list(map(max, *(reader.counts(texts) for reader in self._readers)))

    def ends(self, text: str) -> list[int]:
        """Where tokens end, each place as often as the reader with more tokens there has some that end."""
        first, second = (Counter(reader.ends(text)) for reader in self._readers)
        return sorted((first | second).elements())


def tokens_of(spec: str) -> TargetTokens:
    """Load the tokenizer of a target, without its weights. Raises InputError, ModelError."""
    checkpoint = checkpoint_folder.inspect(spec)
    tokenizer = checks.read_tokenizer(checkpoint)
    context = context_of(checks.configuration(checkpoint).get_text_config())
    if header.is_gguf(spec):
        return TargetTokens(tokenizer, checkpoint_folder.fingerprint(spec), context)
    hashes = [
        sha256((checkpoint.folder / name).read_bytes()).hexdigest()
        for name in WORD_FILES
        if (checkpoint.folder / name).exists()
    ]
    return TargetTokens(tokenizer, sha256(" ".join(hashes).encode()).hexdigest(), context)
