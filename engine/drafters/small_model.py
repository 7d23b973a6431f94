"""A small language model as drafter; knows the target only by its vocabulary size and device."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from engine import sampling
from engine.cached_model import SequenceModel
from engine.drafters import DrafterSpec
from engine.models import LoadedModel
from engine.sampling import Warp
from engine.speculate import Capabilities, Draft


class SmallModelDrafter:
    """Drafts with a causal language model of the target's tokenizer; padded vocabularies may differ in size."""

    capabilities = Capabilities()

    def __init__(
        self, model: SequenceModel, *, context: int, n_target_vocabulary: int, target_device: torch.device
    ) -> None:
        self._model = model
        self._context = context
        self._n_target = n_target_vocabulary
        self._target_device = target_device

    def reset(self) -> None:
        """Forget the sequence."""
        self._model.reset()

    def prefill(self, ids: Sequence[int]) -> None:
        """Take in the next ids of the prompt."""
        if self._model.length + len(ids) < self._context:
            self._model.prefill(self._tensor(ids))

    def propose(self, ids: Sequence[int], n: int, warp: Warp, u: Tensor) -> Draft:
        """Draw n tokens one after another, fewer or none at the end of the drafter's own context."""
        n = min(n, self._context - len(ids))
        if n < 1:
            return Draft(torch.empty(0, dtype=torch.int64, device=self._target_device), None, None)
        u = u.to(self._model.device)
        feed = self._tensor(ids[self._model.length :])
        tokens, rows = [], []
        for i in range(n):
            logits = self._shared(self._model.forward(feed)[-1])
            row = logits if warp.greedy else sampling.probabilities(logits, warp)
            token = row.argmax(-1) if warp.greedy else sampling.draw(row, u[i])
            tokens.append(token)
            rows.append(row)
            feed = token.view(1)
        drawn = torch.stack(tokens).to(self._target_device)
        if warp.greedy:
            return Draft(drawn, None, self._widen(torch.stack(rows).softmax(-1)))
        q = self._widen(torch.stack(rows))
        return Draft(drawn, q, q)

    def commit(self, ids: Sequence[int]) -> None:
        """Roll back what was rejected: the cache may hold every committed id but the last."""
        self._model.rollback(max(0, self._model.length - (len(ids) - 1)))

    def cache_bytes(self) -> int:
        """Memory of the drafter's cache."""
        return self._model.bytes()

    def _tensor(self, ids: Sequence[int]) -> Tensor:
        return torch.tensor(ids, device=self._model.device)

    def _shared(self, logits: Tensor) -> Tensor:
        """Only ids the target has: padding beyond its vocabulary can never be accepted."""
        return logits[: self._n_target].float()

    def _widen(self, probs: Tensor) -> Tensor:
        """[n, V_drafter] -> [n, V_target]: ids the drafter lacks have probability 0."""
        n_missing = self._n_target - probs.shape[-1]
        probs = probs.to(self._target_device)
        return functional.pad(probs, (0, n_missing)) if n_missing > 0 else probs


def _build(spec: str, target: LoadedModel, model: LoadedModel | None) -> SmallModelDrafter:
    assert model is not None
    reach = min(model.context, target.context)
    return SmallModelDrafter(
        model._replace(context=reach).sequence(),
        context=reach,
        n_target_vocabulary=target.n_vocabulary,
        target_device=target.device,
    )


DRAFTER = DrafterSpec("small_model", "Small model", lambda spec: True, needs_model=True, build=_build)
