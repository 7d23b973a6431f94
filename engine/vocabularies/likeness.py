"""Compares two vocabularies id by id: near enough for a drafter to work on the target's ids, or not."""

from typing import NamedTuple

from transformers import PreTrainedTokenizerBase


class Vocabulary(NamedTuple):
    """The entry of each id, and the ids that were added after training, such as the signs of a chat."""

    entries: dict[int, str]
    added: frozenset[int]


class Difference(NamedTuple):
    """The first id that means another token, and what it is in each vocabulary, None where it is none."""

    token_id: int
    target_token: str | None
    drafter_token: str | None


def vocabulary_of(tokenizer: PreTrainedTokenizerBase) -> Vocabulary:
    """All entries of a tokenizer."""
    entries = {token: entry for entry, token in tokenizer.get_vocab().items()}
    return Vocabulary(entries, frozenset(tokenizer.added_tokens_decoder))


def difference(target: Vocabulary, drafter: Vocabulary) -> Difference | None:
    """The first id at which two vocabularies differ; None if a drafter of one can work on ids of the other.

    Added tokens that only one of them has do not count: the exact rule rejects what the target never writes, and a
    drafter reads an id beyond its own as its last one."""
    for token in sorted(target.entries.keys() | drafter.entries.keys()):
        ours, theirs = target.entries.get(token), drafter.entries.get(token)
        is_own = (theirs is None and token in target.added) or (ours is None and token in drafter.added)
        if ours != theirs and not is_own:
            return Difference(token, ours, theirs)
    return None
