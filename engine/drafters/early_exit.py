"""Early exit: the target's own first layers, its last norm and its head draft; no second model, no second cache.

Self-speculation. Source: arXiv:2404.16710, section 4.3 (without the training that makes early layers predict)."""

from collections.abc import Sequence

import torch

from engine.decoding import autoregressive_draft
from engine.decoding.autoregressive_draft import DraftStep
from engine.decoding.drafting import Capabilities, Draft, DraftContext, TargetState, no_draft
from engine.decoding.transfers import uploaded_together
from engine.drafters import DrafterSpec
from engine.errors import InputError
from engine.models.loading import LoadedModel

SPEC = "early-exit[:N]"
_NAME = "early-exit"
_DEFAULT_SHARE = 2 / 3
_MOST_DIGITS = 9


class EarlyExitDrafter:
    """Drafts with the target's first layers in the target's own cache, so that it has nothing to keep in step."""

    def __init__(self, n_layers: int, *, context: int, n_vocabulary: int, device: torch.device) -> None:
        self.capabilities = Capabilities(first_layers=n_layers, stops=True)
        self._context, self._n_vocabulary, self._device = context, n_vocabulary, device

    def reset(self) -> None:
        """Do nothing: the cache is the target's."""

    def prefill(self, ids: Sequence[int], target: TargetState) -> None:
        """Do nothing: the target's own prefill wrote what the first layers read."""

    def propose(self, context: DraftContext) -> Draft:
        """Draw n tokens one after another, fewer or none at the end of the context."""
        model, warp = context.target.first_layers, context.warp
        assert model is not None
        n = min(context.n, self._context - len(context.ids))
        if n < 1:
            return no_draft(self._device)
        new_ids, u = uploaded_together([torch.tensor(context.ids[model.length :]), context.u], self._device)
        steps: list[DraftStep] = []
        for i in range(n):
            logits, ruled = model.forward(new_ids)[-1], autoregressive_draft.ruled_after(context.rules, steps)
            steps.append(autoregressive_draft.step(logits, u[i], warp, n_vocabulary=self._n_vocabulary, ruled=ruled))
            if autoregressive_draft.is_unsure(steps[-1], warp, context.stop_below):
                break
            new_ids = steps[-1].token.view(1)
        return autoregressive_draft.joined(steps, warp, n_vocabulary=self._n_vocabulary)

    def commit(self, ids: Sequence[int]) -> None:
        """Do nothing: the target's verification wrote what the first layers read."""

    def cache_bytes(self) -> int:
        """No memory of its own."""
        return 0


def _serves(spec: str) -> bool:
    return spec.partition(":")[0] == _NAME


def _build(spec: str, target: LoadedModel, model: LoadedModel | None) -> EarlyExitDrafter:
    text = spec.partition(":")[2]
    if text and (not text.isdecimal() or len(text) > _MOST_DIGITS or not int(text)):
        raise InputError(f"drafter {spec[:80]}: the layers must be a whole number, 1 or more", "write early-exit:8")
    n_layers = int(target.model.config.get_text_config().num_hidden_layers)
    n = int(text) if text else max(1, int(_DEFAULT_SHARE * n_layers))
    return EarlyExitDrafter(n, context=target.context, n_vocabulary=target.n_vocabulary, device=target.device)


DRAFTER = DrafterSpec("early_exit", "Early exit", "early-exit:8", _serves, needs_model=False, build=_build)
