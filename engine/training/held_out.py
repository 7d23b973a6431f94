"""How often a drafter says what the target says, on the target's own greedy text after held-out beginnings.

In greedy decoding every tested position follows text that the target wrote, so that one forward over that text finds
at once which drafts would have been accepted."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from engine import speed_model
from engine.decoding.transfers import uploaded
from engine.errors import InputError
from engine.models.loading import LoadedModel
from engine.speed_model import Interval
from engine.training.target_text import continued, up_to_end

_LONGEST_BEGINNING, _N_NEW = 16, 64
_N_AT_ONCE = 32


class Agreement(NamedTuple):
    """Over the positions of each held-out text: how many there are, at how many the drafter's first choice is the
    target's, and the sum of sum(min(p, q)) at temperature 1."""

    counted: tuple[int, ...]
    agreed: tuple[int, ...]
    overlapped: tuple[float, ...]

    @property
    def alpha(self) -> float:
        """Share of positions agreed on."""
        return sum(self.agreed) / max(1, sum(self.counted))

    @property
    def alpha_ci(self) -> Interval | None:
        """Bootstrap interval over texts."""
        return speed_model.ratio_interval(self.agreed, self.counted, [1] * len(self.counted))

    @property
    def overlap(self) -> float:
        """Mean acceptance probability at temperature 1."""
        return sum(self.overlapped) / max(1, sum(self.counted))


class HeldOutTexts:
    """Held-out texts as the target goes on with them. rows: [N, T]; ends: where each row's text ends."""

    def __init__(self, target: LoadedModel, documents: Sequence[Sequence[int]]) -> None:
        """Let the target write. Raises InputError where no document has a beginning."""
        self.beginnings = _beginnings(documents, target)
        self._target = target
        self._first = len(self.beginnings[0])
        n_new = min(_N_NEW, target.context - self._first)
        parts = [continued(target, part, n_new) for part in _in_parts(self.beginnings, _N_AT_ONCE)]
        self.rows = torch.cat(parts)
        self._ends = [up_to_end(row, target.stop_ids, first=self._first) for row in self.rows.tolist()]

    def agreement(self, drafter: nn.Module, *, overlap: bool = False) -> Agreement:
        """Compare a drafter with the target; `overlap` costs a forward of the target, and is 0 without."""
        counted: list[int] = []
        agreed: list[int] = []
        overlapped: list[float] = []
        for number, row in enumerate(self.rows):
            places = slice(self._first - 1, self._ends[number] - 1)
            said, both = self._compare(drafter, row, places, overlap=overlap)
            counted.append(self._ends[number] - self._first)
            agreed.append(said)
            overlapped.append(both)
        return Agreement(tuple(counted), tuple(agreed), tuple(overlapped))

    @torch.no_grad()
    def _compare(self, drafter: nn.Module, row: Tensor, places: slice, *, overlap: bool) -> tuple[int, float]:
        device = next(drafter.parameters()).device
        ids = uploaded(row[None], device)
        q = drafter(input_ids=ids, use_cache=False).logits[0, places].float()
        agreed = (q.argmax(-1) == ids[0, places.start + 1 : places.stop + 1]).sum().double()
        shared = agreed.new_zeros(())
        if overlap:
            p = self._target.model(input_ids=ids.to(self._target.device), use_cache=False).logits[0, places].float()
            shared = torch.minimum(p.to(device).softmax(-1), q.softmax(-1)).sum().double()
        n_agreed, both = torch.stack([agreed, shared]).tolist()  # sync: once a held-out text
        return int(n_agreed), both


def _beginnings(documents: Sequence[Sequence[int]], target: LoadedModel) -> list[list[int]]:
    """The first ids of every document that is long enough, as many of each as half of them have."""
    lengths = sorted(len(ids) for ids in documents if ids)
    if not lengths:
        raise InputError("no held-out document holds a token", "add more text")
    length = max(1, min(_LONGEST_BEGINNING, lengths[len(lengths) // 2] // 2, target.context // 2))
    return [list(ids[:length]) for ids in documents if len(ids) >= length]


def _in_parts(rows: Sequence[list[int]], n: int) -> list[Sequence[list[int]]]:
    return [rows[first : first + n] for first in range(0, len(rows), n)]
