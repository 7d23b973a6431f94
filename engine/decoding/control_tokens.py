"""Which entries of a vocabulary control a model instead of spelling text: ends, turns, what a chat template names."""

from collections.abc import Iterable

from transformers import PreTrainedTokenizerBase


def control_ranges(tokenizer: PreTrainedTokenizerBase) -> tuple[tuple[int, int], ...]:
    """The ids of control tokens as ranges, both ends included: a vocabulary may hold thousands, mostly side by side.

    Those that the chat template names, such as `<think>`, are among them. White space that some models add is text."""
    template = str(tokenizer.chat_template or "")
    entries = tokenizer.added_tokens_decoder.items()
    return _ranges(
        index for index, token in entries if token.content.strip() and (token.special or token.content in template)
    )


def _ranges(ids: Iterable[int]) -> tuple[tuple[int, int], ...]:
    ranges: list[tuple[int, int]] = []
    for index in sorted(ids):
        if ranges and index == ranges[-1][1] + 1:
            ranges[-1] = ranges[-1][0], index
        else:
            ranges.append((index, index))
    return tuple(ranges)
