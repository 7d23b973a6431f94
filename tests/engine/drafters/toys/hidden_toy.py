"""A toy that drafts from the target's hidden states, its embedding and its head, and keeps all it was handed."""

from collections.abc import Sequence

import torch
from torch import Tensor

from engine.decoding import autoregressive_draft
from engine.decoding.drafting import Capabilities, Draft, DraftContext, TargetState
from engine.decoding.transfers import uploaded
from engine.decoding.tree_draft import GrowingTree, TreeSettings
from engine.drafters import DrafterSpec
from engine.models.loading import LoadedModel

SPEC = "hidden-toy"


class HiddenToy:
    """Proposes what the head makes of the last layer's output, with the embeddings of what it drafted added."""

    capabilities = Capabilities(hidden_layers=(0, -1), embedding_and_head=True, trees=True)

    def __init__(self, target: LoadedModel) -> None:
        self._n_vocabulary, self._device = target.n_vocabulary, target.device
        self.seen: list[Tensor] = []

    def reset(self) -> None:
        self.seen = []

    def prefill(self, ids: Sequence[int], target: TargetState) -> None:
        assert target.hidden is not None and target.hidden.shape[1] == len(ids)
        self.seen.append(target.hidden)

    def propose(self, context: DraftContext) -> Draft:
        target = context.target
        assert target.embed is not None and target.head is not None and target.last_kv is None
        if target.hidden is not None:
            assert context.n_accepted is not None and target.hidden.shape[1] == context.n_accepted + 1
            self.seen.append(target.hidden)
        last = uploaded(torch.tensor(context.ids[-1:]), self._device)
        state = target.embed(last)[0] + (self.seen[-1][-1, -1] if self.seen else 0)
        if context.widths:
            return self._tree(context, state)
        u, steps = uploaded(context.u, self._device), []
        for i in range(context.n):
            logits = target.head(state.view(1, -1))[0]
            steps.append(autoregressive_draft.step(logits, u[i], context.warp, n_vocabulary=self._n_vocabulary))
            state = state + target.embed(steps[-1].token.view(1))[0]
        return autoregressive_draft.joined(steps, context.warp, n_vocabulary=self._n_vocabulary)

    def _tree(self, context: DraftContext, state: Tensor) -> Draft:
        target, u = context.target, uploaded(context.u, self._device)
        assert target.embed is not None and target.head is not None
        tree, states = GrowingTree(TreeSettings(context.widths, context.warp, u, self._n_vocabulary)), state.view(1, -1)
        for _ in context.widths:
            states = state + target.embed(tree.grow(target.head(states)))
        return tree.draft()

    def commit(self, ids: Sequence[int]) -> None:
        pass

    def cache_bytes(self) -> int:
        return sum(part.nbytes for part in self.seen)


def _build(spec: str, target: LoadedModel, model: LoadedModel | None) -> HiddenToy:
    return HiddenToy(target)


DRAFTER = DrafterSpec("hidden_toy", "Hidden toy", SPEC, lambda spec: spec == SPEC, needs_model=False, build=_build)
