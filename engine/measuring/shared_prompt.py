"""A target's sequence that keeps its prompt in the cache, so that several drafters are measured after one reading."""

from collections.abc import Sequence

import torch
from torch import Tensor

from engine.decoding.cached_model import SequenceModel
from engine.decoding.drafting import FirstLayers, LastKv
from engine.decoding.token_tree import Tree


class SharedPrompt:
    """A `SequenceModel` whose `reset` forgets nothing yet: a prompt that is there already is not read again.

    model: one that can be rolled back as far as its prompt. Hidden states of what is not read again are not there: a
    drafter that declares them needs a sequence of its own."""

    def __init__(self, model: SequenceModel) -> None:
        self.device, self.n_vocabulary = model.device, model.n_vocabulary
        self.hidden: Tensor | None = None
        self.length = 0
        self._model = model
        self._prompt = torch.empty(0, dtype=torch.int64, device=model.device)

    def reset(self) -> None:
        """Begin a text, whose prompt may be the same as that of the last one."""
        self.length = 0

    def holds(self, ids: Sequence[int]) -> bool:
        """Whether these ids, all of a prompt but its last, are in the cache."""
        return self._prompt.tolist() == list(ids)

    def expect(self, n: int) -> None:
        """Allocate for a text of at most n ids, once the model is reset."""
        if not self._model.length:
            self._model.expect(n)
            self._model.reset()

    def forward(self, ids: Tensor, *, tree: Tree | None = None) -> Tensor:
        """Logits [n, V] after each of the new ids [n], which join the cache; they follow each other unless they are a
        tree's."""
        self._cut()
        logits = self._model.forward(ids, tree=tree)
        self.length, self.hidden = self._model.length, self._model.hidden
        return logits

    def prefill(self, ids: Tensor) -> None:
        """Add ids [n] of the prompt to the cache, unless they are there."""
        end = self.length + ids.shape[0]
        if end <= self._prompt.shape[0] and torch.equal(self._prompt[self.length : end], ids):
            self.length = end
            return
        self._cut()
        self._model.prefill(ids)
        self._prompt = torch.cat([self._prompt[: self.length], ids])
        self.length = end

    def rollback(self, n: int) -> None:
        """Remove the last n ids from the cache."""
        self._cut()
        self._model.rollback(n)
        self.length = self._model.length

    def keep(self, chosen: Tensor, n: int) -> None:
        """Of the last n ids, a tree, keep only those at `chosen` [k] int64, in that order."""
        self._cut()
        self._model.keep(chosen, n)
        self.length = self._model.length

    def last_kv(self) -> LastKv:
        """Keys and values of the last layer, of the ids that the text has by now."""
        return self._model.last_kv()._replace(length=self.length)

    def first_layers(self, n: int) -> FirstLayers:
        """The first n layers over the same cache."""
        return self._model.first_layers(n)

    def bytes(self) -> int:
        """Memory the cache holds now."""
        return self._model.bytes()

    def _cut(self) -> None:
        """Remove what an earlier text has more than this one."""
        if self._model.length > self.length:
            self._model.rollback(self._model.length - self.length)
            self._prompt = self._prompt[: self.length]
