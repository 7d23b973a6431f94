"""Packs what a round reports about its tokens into one device tensor, and unpacks it on the host."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from engine.decoding.accept import Acceptance, row_at
from engine.decoding.accept_tree import TreeAcceptance
from engine.decoding.tree_verifying import TreeVerdict
from engine.decoding.verifying import Verdict
from engine.errors import ModelError

N_TOP = 5


class Top(NamedTuple):
    """The most probable tokens of one position, best first."""

    ids: tuple[int, ...]
    probs: tuple[float, ...]


class HostRecord(NamedTuple):
    """Everything the host learns about one round over n proposed tokens.

    Lists have one entry per proposed token; `u` is None where nothing was drawn. top_p has n + 1 rows, top_q n rows.
    last_rank: rank of the last token in the drafter's distribution, None for a bonus. last_p: its probability. parents:
    of a tree, see `RoundFinished`; empty for a chain. path: of a tree, its accepted nodes in order. leaves_first:
    whether whole paths were tested, in the order in which a depth-first walk leaves their ends. prefix_prob: None where
    tokens were judged one by one. first_tested: the first token that the target decided on; those before it are kept
    without its consent. gate: the probabilities that a gate gave, empty without one. audited: indices of the tokens
    that were kept so and compared with the target afterwards."""

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
    parents: tuple[int, ...] = ()
    path: tuple[int, ...] = ()
    leaves_first: bool = False
    prefix_prob: list[float] | None = None
    first_tested: int = 0
    gate: tuple[float, ...] = ()
    audited: frozenset[int] = frozenset()

    @property
    def accepted(self) -> tuple[int, ...]:
        """Indices of the accepted tokens in order."""
        return self.path if self.parents else tuple(range(self.n_accepted))

    @property
    def rows(self) -> tuple[int, ...]:
        """The rows of the target's forward after which the emitted tokens stand: 0, and one for each accepted token."""
        return (0, *(node + 1 for node in self.accepted))

    def judged_at(self, i: int) -> int:
        """The row of the target's forward that proposed token i was judged by: after its parent, or the one before."""
        return self.parents[i] + 1 if self.parents else i

    @property
    def next_tested(self) -> int | None:
        """The first token that could have followed the accepted ones; None where nothing was drafted there."""
        if not self.parents:
            return self.n_accepted if self.n_accepted < len(self.tokens) else None
        end = self.rows[-1] - 1
        return self.parents.index(end) if end in self.parents else None

    @property
    def n_steps(self) -> int:
        """How many times the drafter was asked: the tokens of a chain, the depths of a tree."""
        depths: list[int] = []
        for parent in self.parents:
            depths.append(1 if parent < 0 else depths[parent] + 1)
        return max(depths, default=len(self.tokens))


def pack(
    verdict: Verdict | TreeVerdict, tokens: Tensor, q: Tensor | None, u: Tensor, *, parents: Tensor | None = None
) -> Tensor:
    """Stack everything the host needs into one float64 vector, so that a round waits for the device once.

    verdict: logits and p [..., n + 1, V]; q: [..., n, V], what is shown as q, None for a point mass; tokens, u:
    [..., n]. The acceptance and the result have the same leading dimensions. Ids are exact in float64. parents: of a
    tree, [n]; there are no leading dimensions then."""
    acceptance, logits, p = verdict
    n, k = tokens.shape[-1], min(N_TOP, p.shape[-1])
    batch_shape = acceptance.n_accepted.shape
    index = tokens.unsqueeze(-1)
    n_accepted, last = acceptance.n_accepted.unsqueeze(-1), acceptance.last_id.unsqueeze(-1)
    last_row = acceptance.last_row if isinstance(acceptance, TreeAcceptance) else acceptance.n_accepted
    last_p = row_at(p, last_row).gather(-1, last)
    top_p = p.topk(k, dim=-1)
    # Sums and extremes are finite only where every value is: one operation each instead of three over all values.
    mass_q = p.new_zeros(batch_shape) if q is None else q.sum((-2, -1))
    checks = torch.stack([*_extremes(logits), p.sum((-2, -1)), mass_q], -1).double()
    fields = [checks, n_accepted, last, last_p, top_p.indices, top_p.values]
    if n:
        drafted = p[..., :n, :] if parents is None else p.index_select(0, parents + 1)
        fields += [tokens, drafted.gather(-1, index), acceptance.accept_prob, acceptance.overlap, u]
    if parents is not None and isinstance(acceptance, TreeAcceptance):
        fields += [parents, acceptance.path]
    if n and q is not None:
        q_token = q.gather(-1, index)
        top_q = q.topk(k, dim=-1)
        at = last_row.clamp_max(n - 1) if parents is None else (parents + 1 == last_row).long().argmax(-1)
        last_q = row_at(q, at)
        fields += [q_token, (q > q_token).sum(-1), (last_q > last_q.gather(-1, last)).sum(-1)]
        fields += [top_q.indices, top_q.values]
        if isinstance(acceptance, Acceptance) and acceptance.prefix_prob is not None:
            fields.append(acceptance.prefix_prob)
    # The first field is float64, and so is the result.
    return torch.cat([field.reshape(*batch_shape, -1) for field in fields], -1)


def _extremes(logits: Tensor) -> tuple[Tensor, Tensor]:
    """Minimum and maximum of [..., n, V]: [...] each. One pass finds both only without leading dimensions."""
    if logits.dim() == 2:
        least, greatest = logits.aminmax()
        return least, greatest
    return logits.amin((-2, -1)), logits.amax((-2, -1))


class _Reader:
    """Reads the values of a packed record in order."""

    def __init__(self, numbers: Sequence[float]) -> None:
        self._numbers = numbers
        self._position = 0

    def floats(self, n: int) -> list[float]:
        """The next n numbers."""
        self._position += n
        return list(self._numbers[self._position - n : self._position])

    def ints(self, n: int) -> list[int]:
        """The next n numbers as integers."""
        return [int(x) for x in self.floats(n)]

    def tops(self, n_rows: int, k: int) -> list[Top]:
        """The next n_rows x k ids, and then as many probabilities."""
        ids, probs = self.ints(n_rows * k), self.floats(n_rows * k)
        return [Top(tuple(ids[i : i + k]), tuple(probs[i : i + k])) for i in range(0, n_rows * k, k)]

    @property
    def n_left(self) -> int:
        """How many numbers are unread."""
        return len(self._numbers) - self._position


def unpack(numbers: Sequence[float], n: int, *, n_vocabulary: int, drawn: bool, tree: bool = False) -> HostRecord:
    """Read a packed record of n proposed tokens over n_vocabulary ids; drawn: whether u was used; tree: whether it was
    packed with parents.

    Raises ModelError where a model's logits were not finite."""
    k = min(N_TOP, n_vocabulary)
    reader = _Reader(numbers)
    *target_finite, drafter_finite = map(math.isfinite, reader.floats(4))
    n_accepted, last_id = reader.ints(2)
    if not all(target_finite) or not drafter_finite:
        role = "drafter" if all(target_finite) else "target"
        raise ModelError(f"the {role}'s logits are not finite", "use float32, or check the model's weights")
    last_p = reader.floats(1)[0]
    top_p = reader.tops(n + 1, k)
    tokens, p = reader.ints(n), reader.floats(n)
    accept_prob, overlap, u = reader.floats(n), reader.floats(n), reader.floats(n)
    parents, path = (tuple(reader.ints(n)), tuple(reader.ints(n))) if tree else ((), ())
    if n and reader.n_left:
        q, rank, last_rank = reader.floats(n), reader.ints(n), reader.ints(1)[0]
        top_q = reader.tops(n, k)
        prefix_prob = reader.floats(n) if reader.n_left else None
    else:
        q, rank, last_rank = [1.0] * n, [0] * n, 1
        top_q, prefix_prob = [Top((token,), (1.0,)) for token in tokens], None
    record = HostRecord(
        n_accepted, last_id, last_p, last_rank, tokens, p, q, accept_prob, overlap, rank, u if drawn else None, top_p,
        top_q, parents, path[:n_accepted], prefix_prob=prefix_prob,
    )  # fmt: skip
    return record if record.next_tested is not None else record._replace(last_rank=None)


def shortened(record: HostRecord, n: int) -> HostRecord:
    """The record of the first n proposed tokens; the others were padding, and none of them was accepted."""
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
        prefix_prob=None if record.prefix_prob is None else record.prefix_prob[:n],
    )
