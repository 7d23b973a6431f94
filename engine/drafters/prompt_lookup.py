"""Prompt lookup: proposes what followed the same few tokens earlier in the text; needs no model.

Source: github.com/apoorvumang/prompt-lookup-decoding (longest n-gram first, its first occurrence)."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import torch

from engine.decoding.drafting import Capabilities, Draft, DraftContext, TargetState, chain
from engine.decoding.transfers import uploaded_ids
from engine.drafters import DrafterSpec
from engine.errors import InputError
from engine.models.loading import LoadedModel

SPEC = "lookup[:N]"
_DEFAULT_NGRAM = 3
_LARGEST_NGRAM = 64
_MOST_DIGITS = 9


class PromptLookupDrafter:
    """Proposes the continuation of the longest earlier n-gram equal to the last ids, n from `max_ngram` down to 1."""

    capabilities = Capabilities(point_mass=True)

    def __init__(self, max_ngram: int, *, device: torch.device) -> None:
        self._max_ngram = max_ngram
        self._device = device
        self.reset()

    def reset(self) -> None:
        """Forget the sequence."""
        self._first_end: dict[tuple[int, ...], int] = {}
        self._n_indexed = 0

    def prefill(self, ids: Sequence[int], target: TargetState) -> None:
        """Do nothing: `prompt_ended` makes the index of the prompt, `propose` continues it."""

    def prompt_ended(self, ids: Sequence[int]) -> None:
        """Index the prompt, so that this is part of reading it and not of the first round."""
        self._index(ids)

    def propose(self, context: DraftContext) -> Draft:
        """Propose what followed the last ids earlier; nothing if none of their n-grams occurred before."""
        rules = context.rules
        n_allowed = None if rules is None else partial(rules.n_allowed, context.ids)
        tokens = uploaded_ids(self.following(context.ids, context.n, n_allowed), self._device)
        return Draft(tokens, chain(len(tokens), self._device))

    def following(
        self, ids: Sequence[int], n: int, n_allowed: Callable[[Sequence[int]], int] | None = None
    ) -> list[int]:
        """At most n ids that follow the first occurrence of the longest n-gram of the last ids; empty if none did.

        n_allowed: how many of a draft's ids no rule bans. It ends before what is banned, or follows a shorter n-gram
        where that is its first id."""
        self._index(ids)
        for start in self._occurrences(ids):
            proposed = list(ids[start : start + n])
            allowed = proposed if n_allowed is None else proposed[: n_allowed(proposed)]
            if allowed:
                return allowed
        return []

    def commit(self, ids: Sequence[int]) -> None:
        """Do nothing: only committed ids are ever indexed."""

    def cache_bytes(self) -> int:
        """Memory of the index, roughly: 100 bytes an entry."""
        return 100 * len(self._first_end)

    def _occurrences(self, ids: Sequence[int]) -> Iterator[int]:
        """Where the last ids first ended before, those of the longest n-gram first."""
        for size in range(min(self._max_ngram, len(ids)), 0, -1):
            after = self._first_end.get(tuple(ids[-size:]))
            if after is not None:
                yield after

    def _index(self, ids: Sequence[int]) -> None:
        """Record where each n-gram first ends, unless the text ends there."""
        for end in range(self._n_indexed + 1, len(ids)):
            for size in range(1, min(self._max_ngram, end) + 1):
                self._first_end.setdefault(tuple(ids[end - size : end]), end)
        self._n_indexed = max(self._n_indexed, len(ids) - 1)


def _serves(spec: str) -> bool:
    return spec.partition(":")[0] == "lookup"


def _build(spec: str, target: LoadedModel, model: LoadedModel | None) -> PromptLookupDrafter:
    size = spec.partition(":")[2] or str(_DEFAULT_NGRAM)
    if not size.isdecimal() or len(size) > _MOST_DIGITS or not 1 <= int(size) <= _LARGEST_NGRAM:
        raise InputError(
            f"drafter {spec[:80]}: the n-gram size must be 1 to {_LARGEST_NGRAM}", "write lookup or lookup:3"
        )
    return PromptLookupDrafter(int(size), device=target.device)


DRAFTER = DrafterSpec("prompt_lookup", "Prompt lookup", "lookup", _serves, needs_model=False, build=_build)
