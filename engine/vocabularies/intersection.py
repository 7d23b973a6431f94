"""Which tokens two vocabularies share, as sorted arrays, and what a drafter draws when it is held to them.

Two tokens are the same if they spell the same bytes, so `Ġboat` of a byte-level tokenizer is `▁boat` of another. Signs
of a tokenizer are the same if they have one name; what ends a text is the same only as what ends a text.
Source: arXiv:2502.05202, token-level intersection; unlike there, q sums over all drafter ids of a target id."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from engine.decoding import sampling
from engine.decoding.ruled_text import RuledText
from engine.decoding.sampling import Warp
from engine.decoding.transfers import uploaded
from engine.vocabularies.spelling import BYTE, SPECIAL, TEXT, Spelling

_LEAST_TEMPERATURE = 1e-30


class Intersection(NamedTuple):
    """The shared tokens. drafter_ids: [M] int64, ascending; target_ids: [M] int64, what each is in the target's
    vocabulary, where several may be one. drafter_of: [V_target] int32 on the host, the drafter id to read a target id
    as, -1 where it has none."""

    drafter_ids: Tensor
    target_ids: Tensor
    drafter_of: np.ndarray

    def to(self, device: torch.device) -> "Intersection":
        """The same with its two tensors on a device."""
        return self._replace(
            drafter_ids=uploaded(self.drafter_ids, device), target_ids=uploaded(self.target_ids, device)
        )

    def bytes(self) -> int:
        """Memory of the arrays."""
        return int(self.drafter_ids.nbytes + self.target_ids.nbytes + self.drafter_of.nbytes)

    def read_as(self, target_id: int) -> int | None:
        """The drafter's id for a target's; None where it shares none."""
        token = int(self.drafter_of[target_id]) if 0 <= target_id < len(self.drafter_of) else -1
        return None if token < 0 else token

    def target_of(self, drafter_id: int) -> int | None:
        """The target's id of a drafter's; None where it is not shared. For arrays on the host."""
        at = int(torch.searchsorted(self.drafter_ids, drafter_id))
        is_shared = at < len(self.drafter_ids) and int(self.drafter_ids[at]) == drafter_id
        return int(self.target_ids[at]) if is_shared else None


class Drawn(NamedTuple):
    """A drawn token, or one of each row. drafter_id, target_id: [...] int64, the same token in both vocabularies. row:
    [..., M] float32, the distribution over the shared drafter ids that it was drawn from. mass: [...] float32, what the
    shared ids have of the drafter's own distribution."""

    drafter_id: Tensor
    target_id: Tensor
    row: Tensor
    mass: Tensor


def intersect(target: Spelling, drafter: Spelling) -> Intersection:
    """The tokens that two vocabularies share; the result depends on ids and entries only, not on any order of them."""
    drafter_of = np.full(len(target), -1, dtype=np.int32)
    pairs = list(_pairs(target, drafter))
    for drafter_id, target_id in reversed(pairs):
        drafter_of[target_id] = drafter_id
    ids = torch.tensor(sorted(pairs), dtype=torch.int64).view(-1, 2)
    return Intersection(ids[:, 0].contiguous(), ids[:, 1].contiguous(), drafter_of)


def _pairs(target: Spelling, drafter: Spelling) -> Iterator[tuple[int, int]]:
    """Each shared drafter id with the target id it is: of several, one that is written as text, then the lowest.

    Of several drafter ids of one target id, the first is the one to read it as."""
    for kinds in (TEXT, BYTE), (SPECIAL,):
        target_ids: dict[bytes, int] = {}
        for text, target_id in _entries(target, kinds):
            target_ids.setdefault(text, target_id)
        yield from (
            (drafter_id, target_ids[text]) for text, drafter_id in _entries(drafter, kinds) if text in target_ids
        )
    named_ends = {target.of(token): token for token in sorted(target.ends, reverse=True)}
    for drafter_id in sorted(drafter.ends, key=lambda token: (token != drafter.end, token)):
        end = named_ends.get(drafter.of(drafter_id), target.end)
        if end is not None:
            yield drafter_id, end


def _entries(spelling: Spelling, kinds: Sequence[int]) -> Iterator[tuple[bytes, int]]:
    """Bytes and id of every token of some kinds, a kind after another, by id; what ends a text is left out."""
    starts: list[int] = spelling.starts.tolist()
    for kind in kinds:
        ids: list[int] = np.flatnonzero(spelling.kinds == kind).tolist()
        yield from ((spelling.text[starts[i] : starts[i + 1]], i) for i in ids if i not in spelling.ends)


def draw(logits: Tensor, u: Tensor, warp: Warp, shared: Intersection) -> Drawn:
    """Draw the next token among the shared ones from a drafter's logits [..., V_drafter] with u: [...] float64."""
    logits = logits.float()
    held = logits.index_select(-1, shared.drafter_ids)
    row = sampling.probabilities(held, warp)
    at = sampling.draw(row, u)
    drafter_id, target_id = (
        ids.index_select(0, at.reshape(-1)).view(at.shape) for ids in (shared.drafter_ids, shared.target_ids)
    )
    return Drawn(drafter_id, target_id, row, _share(held, logits, warp.temperature))


def _share(held: Tensor, logits: Tensor, temperature: float) -> Tensor:
    """The probability that some logits have among all of them, [...] float32."""
    scale = 1.0 / max(temperature, _LEAST_TEMPERATURE)
    top = logits.amax(-1, keepdim=True)
    return torch.exp(((held - top) * scale).logsumexp(-1) - ((logits - top) * scale).logsumexp(-1))


def ruled(logits: Tensor, rules: RuledText, drafted: Tensor, shared: Intersection, *, n_vocabulary: int) -> Tensor:
    """A drafter's logits [V_drafter] float32 with what rules change in the target's tokens, where these are shared.

    drafted: [n] int64, target ids that follow the committed ones. n_vocabulary: of the target."""
    held = logits.index_select(0, shared.drafter_ids)
    # Of several drafter ids of one target id, the most probable stands for all of them.
    before = held.new_zeros(n_vocabulary).scatter_reduce(0, shared.target_ids, held, "amax", include_self=False)
    change = rules.applied(before.unsqueeze(0), drafted)[0] - before
    return logits.index_add(0, shared.drafter_ids, change.index_select(0, shared.target_ids))


def over_target(rows: Tensor, shared: Intersection, *, n_vocabulary: int) -> Tensor:
    """Distributions over the shared drafter ids [n, M] as ones over target ids [n, n_vocabulary].

    Drafter ids that are one target id add up: the token was drawn whichever of them was."""
    q = rows.new_zeros(rows.shape[0], n_vocabulary)
    return q.index_add_(1, shared.target_ids, rows)
