"""Encodes a prompt that is continued as it is, so that what people write is text and nothing stands behind it.

Tokenizers put signs around a text: one that begins it, which models were trained with, and some an end-of-text, after
which a model would begin another text."""

from collections.abc import Sequence
from typing import NamedTuple

from transformers import PreTrainedTokenizerBase

_LEFT_OUT_END = "the tokenizer of the target writes an end-of-text behind every text; it is left out behind the prompt"
_LEFT_OUT_BEGIN = "the tokenizer of the target writes begin-of-text twice; the prompt has it once"
_AS_TEXT = "the prompt holds {}, which is read as text and not as a control token"
_MOST_NAMED = 3


class EncodedPrompt(NamedTuple):
    """A prompt as ids, and what has to be noted about them; empty for most."""

    ids: tuple[int, ...]
    note: str = ""


def encode_prompt(tokenizer: PreTrainedTokenizerBase, text: str) -> EncodedPrompt:
    """Encode a prompt behind what the tokenizer puts before a text; what looks like a control token of it is text."""
    # A lone surrogate cannot be encoded; "replace" turns it into a question mark.
    clean = text.encode("utf-8", "replace").decode("utf-8")
    bare = encode_inside(tokenizer, clean)
    around: list[int] = tokenizer(clean, split_special_tokens=True)["input_ids"]
    start = next((i for i in range(len(around) - len(bare) + 1) if around[i : i + len(bare)] == list(bare)), 0)
    begins = around[:start]
    kept = [token for i, token in enumerate(begins) if i == 0 or token != begins[i - 1]]
    notes = [_LEFT_OUT_BEGIN] if len(kept) < len(begins) else []
    notes += [_LEFT_OUT_END] if len(around) > start + len(bare) else []
    notes += [_AS_TEXT.format(written)] if (written := _control_tokens_in(tokenizer, clean)) else []
    return EncodedPrompt((*kept, *bare), "; ".join(notes))


def encode_inside(tokenizer: PreTrainedTokenizerBase, text: str) -> tuple[int, ...]:
    """Encode text that stands inside another, without the signs around a text and without control tokens."""
    return tuple(tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"])


def begin_ids(tokenizer: PreTrainedTokenizerBase) -> tuple[int, ...]:
    """The ids that a text begins with."""
    anchor = "a"
    ids = encode_prompt(tokenizer, anchor).ids
    return ids[: len(ids) - len(encode_inside(tokenizer, anchor))]


def _control_tokens_in(tokenizer: PreTrainedTokenizerBase, text: str) -> str:
    """The control tokens that a text looks to hold, in words; empty if it holds none."""
    tokens: Sequence[str] = sorted({token for token in tokenizer.all_special_tokens if token.strip()}, key=text.find)
    written = [token for token in tokens if token in text]
    more = ", …" if len(written) > _MOST_NAMED else ""
    return ", ".join(written[:_MOST_NAMED]) + more
