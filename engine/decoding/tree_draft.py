"""Grows a drafted tree depth by depth from a drafter's logits, and joins its nodes into a draft; pure.

Greedy, the nodes of a depth are the most probable continuations of all nodes before it. Sampling, how many children a
node has follows from the widths alone, and they are drawn from q without replacement: a structure that depended on
what was drawn would bias the text.
Sources: arXiv:2502.17421, section 3.3 (beams); arXiv:2402.12374 (without replacement)."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from engine.decoding import sampling
from engine.decoding.autoregressive_draft import widened
from engine.decoding.drafting import Draft
from engine.decoding.ruled_text import RuledText
from engine.decoding.sampling import Warp
from engine.decoding.token_tree import Tree


class TreeSettings(NamedTuple):
    """What a tree is grown by. widths: how many nodes at each depth; u: [n] float64 uniforms, one a node;
    n_vocabulary: of the target; rules: what changes a drafter's logits as the target's are changed."""

    widths: tuple[int, ...]
    warp: Warp
    u: Tensor
    n_vocabulary: int
    rules: RuledText | None = None


class _Generation(NamedTuple):
    """The nodes of one depth, [w] each. parents: their places among the nodes of the depth before; rows: [w, V], the
    distribution that each was chosen from."""

    tokens: Tensor
    parents: Tensor
    rows: Tensor


class GrowingTree:
    """A tree under way: from the logits after its last nodes it chooses those of the next depth."""

    def __init__(self, settings: TreeSettings) -> None:
        self._settings = settings
        self._grown: list[_Generation] = []
        device = settings.u.device
        self._depths = torch.empty(0, dtype=torch.int64, device=device)
        # Of the nodes of the last depth: sums of log-probabilities, the tokens that lead to each, and what each sees.
        self._sums = torch.zeros(1, device=device)
        self._texts = torch.empty(1, 0, dtype=torch.int64, device=device)
        self._seen = torch.empty(1, 0, dtype=torch.bool, device=device)

    def grow(self, logits: Tensor) -> Tensor:
        """Choose the nodes of the next depth; returns their tokens [w'].

        logits: [w, V_drafter] after the nodes of the last depth, or after the text, w = 1."""
        depth, start = len(self._grown), self._depths.shape[0]
        width, warp = self._settings.widths[depth], self._settings.warp
        rows = self._ruled(logits[:, : self._settings.n_vocabulary].float())
        if warp.greedy:
            new, self._sums = _best(rows, self._sums, width)
        else:
            probs = widened(sampling.probabilities(rows, warp), self._settings.n_vocabulary)
            new = _drawn(probs, self._settings.u[start : start + width])
        self._grown.append(new)
        self._depths = torch.cat([self._depths, torch.full_like(new.tokens, depth)])
        self._texts = torch.cat([self._texts.index_select(0, new.parents), new.tokens.unsqueeze(1)], 1)
        own = torch.eye(width, dtype=torch.bool, device=rows.device)
        self._seen = torch.cat([self._seen.index_select(0, new.parents), own], 1)
        return new.tokens

    def last_nodes(self) -> Tree:
        """The nodes of the last depth, as new ids of a model whose cache holds those before them."""
        return Tree(self._depths, self._seen)

    def draft(self) -> Draft:
        """The tree as a draft; ids that only the target has get probability 0."""
        parents, first = [], -1
        for new in self._grown:
            parents.append(new.parents + first)
            first = 0 if first < 0 else first + self._settings.widths[len(parents) - 2]
        tokens, rows = (torch.cat([getattr(new, name) for new in self._grown]) for name in ("tokens", "rows"))
        rows = widened(rows, self._settings.n_vocabulary)
        q = None if self._settings.warp.greedy else rows
        return Draft(tokens, torch.cat(parents), q, rows, self._settings.widths)

    def _ruled(self, rows: Tensor) -> Tensor:
        """The logits under the rules, each by the tokens that lead to it."""
        rules = self._settings.rules
        if rules is None:
            return rows
        return torch.cat([rules.applied(row.unsqueeze(0), text) for row, text in zip(rows, self._texts, strict=True)])


def fitting(widths: Sequence[int], n_vocabulary: int) -> tuple[int, ...]:
    """The widths, as far as there are enough tokens for so many different children."""
    fitted: list[int] = []
    for width in widths:
        fitted.append(min(width, (fitted[-1] if fitted else 1) * n_vocabulary))
    return tuple(fitted)


def n_children(n_parents: int, width: int) -> list[int]:
    """How many of `width` children each of some nodes has: as many as the others, or one more for the first ones."""
    return [width // n_parents + (i < width % n_parents) for i in range(n_parents)]


def _best(logits: Tensor, sums: Tensor, width: int) -> tuple[_Generation, Tensor]:
    """The `width` most probable continuations of some nodes, best first, and their sums of log-probabilities.

    logits: [w, V]; sums: [w], up to the nodes."""
    logps = logits.log_softmax(-1)
    best = logps.topk(min(width, logps.shape[-1]), dim=-1)  # a node has no more children than there are in all
    new_sums, places = (sums.unsqueeze(1) + best.values).flatten().topk(width)
    parents = places // best.indices.shape[1]
    tokens = best.indices.flatten().index_select(0, places)
    return _Generation(tokens, parents, logps.exp().index_select(0, parents)), new_sums


def _drawn(probs: Tensor, u: Tensor) -> _Generation:
    """Children of some nodes, drawn without replacement: first one for each node, then a second, and so on.

    probs: [w, V]; u: [w'] float64. Where nothing of a distribution is left, all untried tokens are alike."""
    counts = n_children(probs.shape[0], u.shape[0])
    left, untried, n_drawn = probs.clone(), torch.ones_like(probs), 0
    tokens: list[Tensor] = []
    parents: list[Tensor] = []
    for turn in range(counts[0]):
        n = sum(count > turn for count in counts)  # those with one more come first
        token = sampling.draw(left[:n], u[n_drawn : n_drawn + n])
        tokens.append(token)
        parents.append(torch.arange(n, device=probs.device))
        n_drawn += n
        for rows in (left, untried):
            rows[:n].scatter_(1, token.unsqueeze(1), 0.0)
        left = torch.where(left.sum(-1, keepdim=True) > 0, left, untried)
    joined = torch.cat(parents)
    return _Generation(torch.cat(tokens), joined, probs.index_select(0, joined))
