"""Drafts with a small language model; of the target it uses only the vocabulary size and the device."""

from collections.abc import Sequence

import torch

from engine.decoding import autoregressive_draft
from engine.decoding.autoregressive_draft import DraftStep
from engine.decoding.cached_model import SequenceModel
from engine.decoding.drafting import Capabilities, Draft, DraftContext, TargetState, no_draft
from engine.decoding.transfers import moved_together, uploaded_ids, uploaded_together
from engine.drafters import DrafterSpec
from engine.fast.model import FusedModel
from engine.fast.static_kv_cache import FusedDrafter
from engine.models.kv_size import kv_bytes
from engine.models.loading import LoadedModel
from engine.vocabularies.drafter import OtherTokenizerDrafter, TokenizerOfModel


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

    def expect(self, n: int) -> None:
        """Allocate for texts of at most n ids from the next reset on."""
        self._model.expect(n)

    def prefill(self, ids: Sequence[int], target: TargetState) -> None:
        """Process the next ids of the prompt."""
        if self._model.length + len(ids) < self._context:
            self._model.prefill(uploaded_ids(ids, self._model.device))

    def propose(self, context: DraftContext) -> Draft:
        """Draw n tokens one after another, fewer or none at the end of the drafter's own context."""
        ids, warp = context.ids, context.warp
        n = min(context.n, self._context - len(ids))
        if n < 1:
            return no_draft(self._target_device)
        new_ids, u = uploaded_together([torch.tensor(ids[self._model.length :]), context.u], self._model.device)
        # On another device the rules' own tensors are out of reach; there the draft is only accepted less often.
        rules = context.rules if context.rules is not None and context.rules.device == self._model.device else None
        steps: list[DraftStep] = []
        for i in range(n):
            logits, ruled = self._model.forward(new_ids)[-1], autoregressive_draft.ruled_after(rules, steps)
            steps.append(autoregressive_draft.step(logits, u[i], warp, n_vocabulary=self._n_target, ruled=ruled))
            new_ids = steps[-1].token.view(1)
        return self._on_target_device(autoregressive_draft.joined(steps, warp, n_vocabulary=self._n_target))

    def fused(self) -> FusedDrafter | None:
        """The model, if it is fused, on the target's device, and so can draft as part of a round."""
        if not isinstance(self._model, FusedModel) or self._model.device != self._target_device:
            return None
        return FusedDrafter(self._model.weights, self._context)

    def commit(self, ids: Sequence[int]) -> None:
        """Roll back rejected ids: the cache may hold every committed id but the last."""
        self._model.rollback(max(0, self._model.length - (len(ids) - 1)))

    def cache_bytes(self) -> int:
        """Memory of the drafter's cache."""
        return self._model.bytes()

    def _on_target_device(self, draft: Draft) -> Draft:
        """The same draft on the target's device."""
        assert draft.shown is not None
        tokens, parents, shown = moved_together((draft.tokens, draft.parents, draft.shown), self._target_device)
        return Draft(tokens, parents, None if draft.q is None else shown, shown)


def drafter_for(target: LoadedModel, model: LoadedModel) -> SmallModelDrafter | OtherTokenizerDrafter:
    """The drafter over a loaded model: on the target's ids, or through text where it has another tokenizer."""
    if model.drafts_through == "text":
        return OtherTokenizerDrafter(
            model.sequence(), _tokenizer_of(target), _tokenizer_of(model), context=model.context,
            target_device=target.device,
        )  # fmt: skip
    context = min(model.context, target.context)
    return SmallModelDrafter(
        model._replace(context=context).sequence(),
        context=context,
        n_target_vocabulary=target.n_vocabulary,
        target_device=target.device,
    )


def _tokenizer_of(model: LoadedModel) -> TokenizerOfModel:
    return TokenizerOfModel(model.tokenizer, model.n_vocabulary, model.stop_ids)


def _build(spec: str, target: LoadedModel, model: LoadedModel | None) -> SmallModelDrafter | OtherTokenizerDrafter:
    assert model is not None
    return drafter_for(target, model)


def _kv_bytes(spec: str, target: LoadedModel, model: LoadedModel | None, n: int) -> int:
    assert model is not None
    return cache_bytes(model, min(n, target.context) if model.drafts_through == "ids" else n)


def cache_bytes(model: LoadedModel, n: int) -> int:
    """What the cache of a drafting model takes for a text of n ids, of which it keeps its own context at most."""
    return kv_bytes(model.model.config, model.dtype, model.runtime, context=min(n, model.context))


DRAFTER = DrafterSpec(
    "small_model", "Small model", "builtin", lambda spec: True, needs_model=True, build=_build, kv_bytes=_kv_bytes
)
