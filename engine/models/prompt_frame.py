"""Encodes a prompt with what its tokenizer puts around it, without an end of text after it or a beginning put twice."""

from collections.abc import Sequence
from typing import NamedTuple

from transformers import PreTrainedTokenizerBase


class FramedText(NamedTuple):
    """A prompt as ids. warning: what of the tokenizer's own tokens was left out, in words; empty for most."""

    ids: tuple[int, ...]
    warning: str = ""


def framed(tokenizer: PreTrainedTokenizerBase, text: str, end_ids: frozenset[int]) -> FramedText:
    """The ids of a text that is to be continued. end_ids: the tokens that end a text."""
    ids: Sequence[int] = tokenizer(text)["input_ids"]
    bare: Sequence[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
    n_after = _n_appended(ids, bare)
    ends = {*end_ids, tokenizer.eos_token_id, tokenizer.sep_token_id} - {None}
    n_ends = next((n for n, token in enumerate(reversed(ids[len(ids) - n_after :])) if token not in ends), n_after)
    kept = tuple(ids[: len(ids) - n_ends])
    n_doubled = 0
    while kept[n_doubled : n_doubled + 2] == (tokenizer.bos_token_id,) * 2:
        n_doubled += 1
    reasons = ("an end of text after the prompt",) * bool(n_ends) + ("a second beginning of text",) * bool(n_doubled)
    warning = f"the tokenizer puts {' and '.join(reasons)}, which is left out" if reasons else ""
    return FramedText(kept[n_doubled:], warning)


def _n_appended(ids: Sequence[int], bare: Sequence[int]) -> int:
    """How many ids were put after those of the text itself."""
    n = len(ids) - len(bare)
    for n_before in range(n + 1):
        if list(ids[n_before : n_before + len(bare)]) == list(bare):
            return n - n_before
    return 0
