"""A sequence that keeps its cache from prompt to prompt: only what differs from the last prompt is computed again."""

from collections.abc import Sequence

import torch
from torch import Tensor

from engine.decoding.cached_model import SequenceModel
from engine.decoding.drafting import FirstLayers, LastKv
from engine.decoding.token_tree import Tree


class KeptSequence:
    """A `SequenceModel` over another one, whose `reset` forgets nothing: call `follow` before each prompt instead.

    may_cut: whether the other one can roll back over a whole text; otherwise a prompt that differs is read anew."""

    def __init__(self, sequence: SequenceModel, *, may_cut: bool = True) -> None:
        self.device: torch.device = sequence.device
        self.n_vocabulary = sequence.n_vocabulary
        self._sequence, self._may_cut = sequence, may_cut
        self._ids: tuple[int, ...] = ()
        self._n_reused = self._position = 0

    @property
    def length(self) -> int:
        """How many ids are in the cache."""
        return self._sequence.length

    @length.setter
    def length(self, n: int) -> None:
        self._sequence.length = n

    @property
    def whole(self) -> SequenceModel:
        """The sequence that holds the cache."""
        return self._sequence

    @property
    def hidden(self) -> Tensor | None:
        """See `SequenceModel`; of ids that were kept there is none."""
        return self._sequence.hidden

    @hidden.setter
    def hidden(self, states: Tensor | None) -> None:
        self._sequence.hidden = states

    def follow(self, ids: Sequence[int]) -> int:
        """Keep the ids that this prompt begins with, but never its last one; returns how many those are."""
        n_most = min(len(self._ids), len(ids) - 1)
        n = next((i for i in range(n_most) if self._ids[i] != ids[i]), n_most)
        if n < self._sequence.length and not self._may_cut:
            n = 0
        if n == 0:
            self._sequence.reset()
        elif n < self._sequence.length:
            self._sequence.rollback(self._sequence.length - n)
        self._ids, self._n_reused, self._position = tuple(ids[:n]), n, 0
        return n

    def remember(self, ids: Sequence[int]) -> None:
        """Learn what is in the cache after a prompt: the first of these ids."""
        self._ids = tuple(ids[: self._sequence.length])

    def reset(self) -> None:
        """Begin the prompt that was announced."""
        self._position = 0

    def expect(self, n: int) -> None:
        """Do nothing: the cache grows with what is kept."""

    def prefill(self, ids: Tensor) -> None:
        """Add ids to the cache; those that were kept are passed over."""
        n_passed = min(max(0, self._n_reused - self._position), ids.shape[0])
        if n_passed < ids.shape[0]:
            self._sequence.prefill(ids[n_passed:])
        self._position += ids.shape[0]

    def forward(self, ids: Tensor, *, tree: Tree | None = None) -> Tensor:
        """Logits after each of the new ids; see `SequenceModel`."""
        return self._sequence.forward(ids, tree=tree)

    def rollback(self, n: int) -> None:
        """Remove the last n ids from the cache."""
        self._sequence.rollback(n)

    def keep(self, chosen: Tensor, n: int) -> None:
        """Of the last n ids, keep only the chosen ones."""
        self._sequence.keep(chosen, n)

    def last_kv(self) -> LastKv:
        """Keys and values of the last layer."""
        return self._sequence.last_kv()

    def first_layers(self, n: int) -> FirstLayers:
        """The first n layers over the same cache."""
        return self._sequence.first_layers(n)

    def bytes(self) -> int:
        """Memory the cache holds now."""
        return self._sequence.bytes()
