"""What a round states about its tokens, packed into one device tensor and unpacked on the host; decides nothing."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from engine.decoding.accept import row_at
from engine.decoding.verifying import Verdict
from engine.errors import ModelError

N_TOP = 5


class Top(NamedTuple):
    """The most probable tokens of one position, best first."""

    ids: tuple[int, ...]
    probs: tuple[float, ...]


class HostRecord(NamedTuple):
    """The facts of one round over n proposed tokens.

    Lists hold one entry a proposed token; `u` is None where nothing was drawn. top_p has n + 1 rows, top_q n rows.
    last_rank: place of the last token in the drafter's list there, None for a bonus. last_p: its probability."""

    n_accepted: int
    last_id: int
    last_p: float
    last_rank: int | None
    tokens: list[int]
    p: list[float]
    q: list[float]
    accept_prob: list[float]
    overlap: list[float]
    rank: list[int]
    u: list[float] | None
    top_p: list[Top]
    top_q: list[Top]


def pack(verdict: Verdict, tokens: Tensor, q: Tensor | None, u: Tensor) -> Tensor:
    """Stack everything the host needs into one float64 vector, so that a round waits for the device once.

    verdict: logits and p [..., n + 1, V]; q: [..., n, V], what is shown as such, None for a point mass; tokens, u:
    [..., n]; the dimensions in front are those of the acceptance and of the result. Ids are exact in float64."""
    acceptance, logits, p = verdict
    n, k = tokens.shape[-1], min(N_TOP, p.shape[-1])
    rows = acceptance.n_accepted.shape
    index = tokens.unsqueeze(-1)
    row, last = acceptance.n_accepted.unsqueeze(-1), acceptance.last_id.unsqueeze(-1)
    last_p = row_at(p, acceptance.n_accepted).gather(-1, last)
    top_p = p.topk(k, dim=-1)
    # Sums and extremes are finite where every number is: one operation each instead of three over all of them.
    mass_q = p.new_zeros(rows) if q is None else q.sum((-2, -1))
    checked = torch.stack([*_extremes(logits), p.sum((-2, -1)), mass_q], -1).double()
    parts = [checked, row, last, last_p, top_p.indices, top_p.values]
    if n:
        p_token = p[..., :n, :].gather(-1, index)
        parts += [tokens, p_token, acceptance.accept_prob, acceptance.overlap, u]
    if n and q is not None:
        q_token = q.gather(-1, index)
        top_q = q.topk(k, dim=-1)
        last_q = row_at(q, acceptance.n_accepted.clamp_max(n - 1))
        parts += [q_token, (q > q_token).sum(-1), (last_q > last_q.gather(-1, last)).sum(-1)]
        parts += [top_q.indices, top_q.values]
    return torch.cat([part.reshape(*rows, -1) for part in parts], -1)  # the first is float64, and so is the whole


def _extremes(logits: Tensor) -> tuple[Tensor, Tensor]:
    """Least and greatest of [..., n, V]: [...] each. One pass finds both over everything, but not along dimensions."""
    if logits.dim() == 2:
        least, greatest = logits.aminmax()
        return least, greatest
    return logits.amin((-2, -1)), logits.amax((-2, -1))


class _Reader:
    """Takes runs of numbers off the front of a packed record."""

    def __init__(self, numbers: Sequence[float]) -> None:
        self._numbers = numbers
        self._at = 0

    def floats(self, n: int) -> list[float]:
        """The next n numbers."""
        self._at += n
        return list(self._numbers[self._at - n : self._at])

    def ints(self, n: int) -> list[int]:
        """The next n numbers as integers."""
        return [int(x) for x in self.floats(n)]

    def tops(self, n_rows: int, k: int) -> list[Top]:
        """The next n_rows x k ids and then as many probabilities."""
        ids, probs = self.ints(n_rows * k), self.floats(n_rows * k)
        return [Top(tuple(ids[i : i + k]), tuple(probs[i : i + k])) for i in range(0, n_rows * k, k)]

    @property
    def n_left(self) -> int:
        """How many numbers are left."""
        return len(self._numbers) - self._at


def unpack(numbers: Sequence[float], n: int, *, n_vocabulary: int, drawn: bool) -> HostRecord:
    """Read a packed record of n proposed tokens over n_vocabulary ids; drawn: whether u decided anything.

    Raises ModelError where a model's logits were not finite."""
    k = min(N_TOP, n_vocabulary)
    read = _Reader(numbers)
    *of_target, of_drafter = map(math.isfinite, read.floats(4))
    n_accepted, last_id = read.ints(2)
    if not all(of_target) or not of_drafter:
        whose = "drafter" if all(of_target) else "target"
        raise ModelError(f"the {whose}'s logits are not finite", "use float32, or check the model's weights")
    last_p = read.floats(1)[0]
    top_p = read.tops(n + 1, k)
    tokens, p = read.ints(n), read.floats(n)
    accept_prob, overlap, u = read.floats(n), read.floats(n), read.floats(n)
    if n and read.n_left:
        q, rank, last_rank = read.floats(n), read.ints(n), read.ints(1)[0]
        top_q = read.tops(n, k)
    else:
        q, rank, last_rank = [1.0] * n, [0] * n, 1
        top_q = [Top((token,), (1.0,)) for token in tokens]
    return HostRecord(
        n_accepted, last_id, last_p, last_rank if n_accepted < n else None, tokens, p, q, accept_prob, overlap, rank,
        u if drawn else None, top_p, top_q,
    )  # fmt: skip


def shortened(record: HostRecord, n: int) -> HostRecord:
    """The record of the first n proposed tokens, where the others were padding and none of them was accepted."""
    return record._replace(
        last_rank=record.last_rank if record.n_accepted < n else None,
        tokens=record.tokens[:n],
        p=record.p[:n],
        q=record.q[:n],
        accept_prob=record.accept_prob[:n],
        overlap=record.overlap[:n],
        rank=record.rank[:n],
        u=None if record.u is None else record.u[:n],
        top_p=record.top_p[: n + 1],
        top_q=record.top_q[:n],
    )
