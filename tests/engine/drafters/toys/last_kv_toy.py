"""A toy that drafts from the keys and values of the target's last layer."""

from collections.abc import Sequence

import torch
from torch import Tensor

from engine.decoding import autoregressive_draft
from engine.decoding.drafting import Capabilities, Draft, DraftContext, TargetState
from engine.decoding.transfers import uploaded
from engine.drafters import DrafterSpec
from engine.models.loading import LoadedModel

SPEC = "last-kv-toy"


class LastKvToy:
    """Proposes from a fixed random projection of the mean value, turned by one more step for each drafted token."""

    capabilities = Capabilities(last_kv=True)

    def __init__(self, target: LoadedModel) -> None:
        self._n_vocabulary, self._device = target.n_vocabulary, target.device
        self.lengths: list[int] = []
        self.keys: Tensor | None = None

    def reset(self) -> None:
        self.lengths, self.keys = [], None

    def prefill(self, ids: Sequence[int], target: TargetState) -> None:
        assert target.last_kv is not None and target.hidden is None
        self.lengths.append(target.last_kv.length)

    def propose(self, context: DraftContext) -> Draft:
        kv = context.target.last_kv
        assert kv is not None and kv.length == len(context.ids) - 1
        self.lengths.append(kv.length)
        self.keys = kv.keys[: kv.length].clone()
        mean = kv.values[: max(1, kv.length)].float().mean(0).flatten() if len(kv.values) else kv.values.flatten()
        waves = torch.arange(self._n_vocabulary, device=self._device).float()
        u, steps = uploaded(context.u, self._device), []
        for i in range(context.n):
            logits = 3 * torch.sin((waves + 1) * (mean.sum() + 0.37 * i))
            steps.append(autoregressive_draft.step(logits, u[i], context.warp, n_vocabulary=self._n_vocabulary))
        return autoregressive_draft.joined(steps, context.warp, n_vocabulary=self._n_vocabulary)

    def commit(self, ids: Sequence[int]) -> None:
        pass

    def cache_bytes(self) -> int:
        return 0 if self.keys is None else self.keys.nbytes


def _build(spec: str, target: LoadedModel, model: LoadedModel | None) -> LastKvToy:
    return LastKvToy(target)


DRAFTER = DrafterSpec("last_kv_toy", "Last-KV toy", SPEC, lambda spec: spec == SPEC, needs_model=False, build=_build)
