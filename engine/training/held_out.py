"""Measures how often a drafter predicts the target's token, on the target's own greedy text after held-out beginnings.

In greedy decoding every tested position follows text that the target wrote, so one forward over that text shows which
drafted tokens would be accepted."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from engine import statistics
from engine.decoding.transfers import uploaded
from engine.errors import InputError
from engine.models.loading import LoadedModel
from engine.statistics import Interval
from engine.training import beginnings
from engine.training.target_text import continued, up_to_end

_N_NEW = 64
_N_AT_ONCE = 32


class Agreement(NamedTuple):
    """For each held-out text: its number of positions, at how many the drafter's first choice is the target's, and the
    sum over positions of sum(min(p, q)) at temperature 1."""

    counted: tuple[int, ...]
    agreed: tuple[int, ...]
    overlapped: tuple[float, ...]

    @property
    def alpha(self) -> float:
        """Share of positions at which drafter and target agree."""
        return sum(self.agreed) / max(1, sum(self.counted))

    @property
    def alpha_ci(self) -> Interval | None:
        """Interval over texts; None below ten."""
        return statistics.cluster_interval(self.agreed, self.counted)

    @property
    def overlap(self) -> float:
        """Mean acceptance probability at temperature 1."""
        return sum(self.overlapped) / max(1, sum(self.counted))


class HeldOutTexts:
    """Held-out beginnings as the target continues them, each up to its first stop token or some dozens of tokens."""

    def __init__(self, target: LoadedModel, documents: Sequence[Sequence[int]]) -> None:
        """Let the target write. Raises InputError if no document holds a token."""
        self.beginnings = _beginnings(documents, target)
        self._target = target
        n_new = min(_N_NEW, target.context - max(map(len, self.beginnings)))
        self.texts = [
            ids[: up_to_end(ids, target.stop_ids, first=len(beginning))]
            for group in _groups(self.beginnings, _N_AT_ONCE)
            for beginning, ids in zip(group, continued(target, group, n_new), strict=True)
        ]

    def agreement(self, drafter: nn.Module, *, overlap: bool = False) -> Agreement:
        """Compare a drafter with the target; `overlap` costs a forward of the target, without it the overlap is 0."""
        n_positions: list[int] = []
        agreements: list[int] = []
        overlaps: list[float] = []
        for beginning, ids in zip(self.beginnings, self.texts, strict=True):
            positions = slice(len(beginning) - 1, len(ids) - 1)
            n_agreed, overlap_sum = self._compare(drafter, torch.tensor(ids), positions, overlap=overlap)
            n_positions.append(len(ids) - len(beginning))
            agreements.append(n_agreed)
            overlaps.append(overlap_sum)
        return Agreement(tuple(n_positions), tuple(agreements), tuple(overlaps))

    @torch.no_grad()
    def _compare(self, drafter: nn.Module, row: Tensor, positions: slice, *, overlap: bool) -> tuple[int, float]:
        device = next(drafter.parameters()).device
        ids = uploaded(row[None], device)
        q = drafter(input_ids=ids, use_cache=False).logits[0, positions].float()
        agreements = (q.argmax(-1) == ids[0, positions.start + 1 : positions.stop + 1]).sum().double()
        overlap_sum = agreements.new_zeros(())
        if overlap:
            p = self._target.model(input_ids=ids.to(self._target.device), use_cache=False).logits[0, positions].float()
            n_shared = min(p.shape[-1], q.shape[-1])  # vocabularies may be padded to different sizes
            shared = p.to(device).softmax(-1)[..., :n_shared], q.softmax(-1)[..., :n_shared]
            overlap_sum = torch.minimum(*shared).sum().double()
        n_agreed, total_overlap = torch.stack([agreements, overlap_sum]).tolist()  # sync: once a held-out text
        return int(n_agreed), total_overlap


def _beginnings(documents: Sequence[Sequence[int]], target: LoadedModel) -> list[list[int]]:
    """The beginning of every document that is long enough: of plain text, at most half the median length."""
    lengths = sorted(len(ids) for ids in documents if ids)
    if not lengths:
        raise InputError("no held-out document holds a token", "add more text")
    if target.asked_template is not None:
        asked = [beginnings.of(target, ids) for ids in documents if ids]
        return [ids for ids in asked if len(ids) < target.context] or [ids[: target.context // 2] for ids in asked]
    length = max(1, min(beginnings.LONGEST, lengths[len(lengths) // 2] // 2, target.context // 2))
    return [list(ids[:length]) for ids in documents if len(ids) >= length]


def _groups(rows: Sequence[list[int]], n: int) -> list[Sequence[list[int]]]:
    return [rows[first : first + n] for first in range(0, len(rows), n)]
