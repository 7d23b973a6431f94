"""Unlikelihood of what a model has told already, in stories that it writes itself (arXiv:1908.04319, section 5.2).

How a sentence of a story begins is a choice among a dozen nearly equal ones. A target that was taught to copy what
stands far above chooses, now and then, the beginning of an earlier sentence, and from there copies all of it. Given
texts never show this, so their loss does not correct it; what the target writes itself does."""

from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import DynamicCache, LlamaForCausalLM

_N_NEW = 130
_N_COMPARED, _N_UNLIKELY = 5, 3
_LEAST = 1e-3


class UnlikelyRepeats:
    """The loss of beginning a sentence as an earlier one of the same text began.

    ends: ids after which a sentence begins. n_new: how many ids the model writes after each beginning."""

    def __init__(self, model: LlamaForCausalLM, ends: frozenset[int], *, n_new: int = _N_NEW) -> None:
        self._model, self._ends, self._n_new = model, ends, n_new

    def loss(self, beginnings: Tensor) -> Tensor:
        """Continue the beginnings [N, T] greedily, and return the sum of -log(1 - p) over the first ids of repeated
        sentences, divided by N. What was written is constant: the gradient is that of p alone."""
        ids = written(self._model, beginnings, self._n_new)
        places = [
            (row, place)
            for row, text in enumerate(ids.tolist())  # sync: once a step
            for place in begun_again(text, beginnings.shape[1], self._ends)
        ]
        if not places:
            return beginnings.new_zeros((), dtype=torch.float32)
        rows = sorted({row for row, _ in places})
        logits = self._model(input_ids=ids[rows], use_cache=False).logits
        chosen = torch.tensor([rows.index(row) for row, _ in places], device=ids.device)
        at = torch.tensor([place for _, place in places], device=ids.device)
        repeated = ids[rows][chosen, at].unsqueeze(-1)
        p = logits[chosen, at - 1].float().softmax(-1).gather(-1, repeated).squeeze(-1)
        return -torch.log((1 - p).clamp_min(_LEAST)).sum() / len(beginnings)


def begun_again(ids: Sequence[int], first: int, ends: frozenset[int]) -> list[int]:
    """Places of the first three ids of each sentence that starts at `first` or later and whose first five ids are those
    of an earlier sentence. ends: ids after which a sentence begins, unless another of them follows."""
    starts = [place for place, id_ in enumerate(ids) if id_ not in ends and (place == 0 or ids[place - 1] in ends)]
    told: set[tuple[int, ...]] = set()
    places: list[int] = []
    for start in starts:
        beginning = tuple(ids[start : start + _N_COMPARED])
        if len(beginning) < _N_COMPARED:
            continue
        if beginning in told and start >= first:
            places += range(start, start + _N_UNLIKELY)
        told.add(beginning)
    return places


@torch.no_grad()
def written(model: LlamaForCausalLM, beginnings: Tensor, n_new: int) -> Tensor:
    """[N, T + n_new] ids: beginnings [N, T] and what the model writes after them, greedily and past the end of a
    text."""
    cache = DynamicCache(config=model.config)
    pieces = [beginnings]
    with torch.autocast(beginnings.device.type, enabled=False):
        for _ in range(n_new):
            output = model(input_ids=pieces[-1], cache=cache, use_cache=True, logits_to_keep=1)
            pieces.append(output.logits[:, -1].argmax(-1, keepdim=True))
    return torch.cat(pieces, dim=1)
