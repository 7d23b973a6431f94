"""What target and drafter say after every prefix of a text: both models read it once, and every position has its rows.

Collecting and measuring both need, at each position, what the drafter would draft there and what the target thinks of
it. A gate's features come from the position itself, never from padding: texts are read one by one."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from engine.decoding import sampling
from engine.decoding.cached_model import PREFILL_CHUNK, SequenceModel
from engine.decoding.sampling import Warp
from engine.decoding.transfers import uploaded_ids
from engine.models.loading import LoadedModel


class PrefixRows(NamedTuple):
    """Rows of n positions, each before the token that stands there. p, q: [n, V] as decoding draws from them (one-hot
    where greedy); target_p, draft_q: [n, V] at temperature 1; states: [n, width] of the drafter's last layer."""

    p: Tensor
    q: Tensor
    target_p: Tensor
    draft_q: Tensor
    states: Tensor


class PrefixReader:
    """Reads texts with a pair of one tokenizer."""

    def __init__(self, target: LoadedModel, drafter: LoadedModel, warp: Warp) -> None:
        n_layers = int(drafter.model.config.get_text_config().num_hidden_layers)
        self._target, self._drafter = target.sequence(), drafter.sequence((n_layers - 1,))
        self._n_vocabulary, self._warp = target.n_vocabulary, warp

    def read(self, ids: Sequence[int], first: int) -> PrefixRows:
        """The rows before ids[first], ids[first + 1] and so on; first: at least 1."""
        target_logits, _ = _read(self._target, ids, first)
        draft_logits, states = _read(self._drafter, ids, first)
        assert states is not None
        device = target_logits.device
        shared = draft_logits[:, : self._n_vocabulary].float().to(device)
        draft = torch.full_like(target_logits, -torch.inf)
        draft[:, : shared.shape[1]] = shared
        return PrefixRows(
            sampling.probabilities(target_logits, self._warp),
            sampling.probabilities(draft, self._warp),
            target_logits.softmax(-1),
            draft.softmax(-1),
            states.to(device),
        )


def _read(model: SequenceModel, ids: Sequence[int], first: int) -> tuple[Tensor, Tensor | None]:
    """Logits [n, V] before each id from `first` on, and the last layer's states [n, width]."""
    model.reset()
    before = uploaded_ids(ids[: first - 1], model.device)
    for chunk in torch.split(before, PREFILL_CHUNK) if first > 1 else ():
        model.prefill(chunk)
    logits: list[Tensor] = []
    states: list[Tensor] = []
    for chunk in torch.split(uploaded_ids(ids[first - 1 : -1], model.device), PREFILL_CHUNK):
        # What a forward returns may be overwritten by the next one.
        logits.append(model.forward(chunk).float().clone())
        if model.hidden is not None:
            states.append(model.hidden[-1].float().clone())
    return torch.cat(logits), torch.cat(states) if states else None
