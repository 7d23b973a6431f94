"""Grows a drafted tree depth by depth from a drafter's logits, and joins its nodes into a draft; pure.

Greedy, the nodes of a depth are the most probable continuations of all nodes before it. Sampling, how many children a
node has follows from the widths alone, and they are drawn from q without replacement: a structure that depended on what
was drawn would bias the text. Sources: arXiv:2502.17421, section 3.3 (beams); arXiv:2402.12374 (without replacement)."""

from collections.abc import Callable, Sequence
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


class _Depth(NamedTuple):
    """The nodes of one depth, [w] each. parents: their places among the nodes of the depth before; rows: [w, V], the
    distribution that each was chosen from."""

    tokens: Tensor
    parents: Tensor
    rows: Tensor


class GrowingTree:
    """A tree under way: it asks for the logits of its last nodes, and chooses the nodes of the next depth."""

    def __init__(self, settings: TreeSettings) -> None:
        self._settings = settings
        self._depths: list[_Depth] = []
        device = settings.u.device
        # Of the nodes of the last depth: the sum of log-probabilities, their paths, and what they follow.
        self._scores = torch.zeros(1, device=device)
        self._paths = torch.empty(1, 0, dtype=torch.int64, device=device)
        self._seen = torch.ones(1, 0, dtype=torch.bool, device=device)

    @property
    def n_nodes(self) -> int:
        """How many nodes there are so far."""
        return sum(depth.tokens.shape[0] for depth in self._depths)

    def grow(self, logits: Tensor) -> Tensor:
        """Choose the nodes of the next depth; returns their tokens [w'].

        logits: [w, V_drafter] after the nodes of the last depth, or after the text, w = 1."""
        settings, before = self._settings, self.n_nodes
        width = settings.widths[len(self._depths)]
        rows = self._ruled(logits[:, : settings.n_vocabulary].float())
        if settings.warp.greedy:
            chosen, self._scores = _best(rows, self._scores, width)
        else:
            chosen = _drawn(sampling.probabilities(rows, settings.warp), settings.u[before : before + width])
        self._depths.append(chosen)
        self._paths = torch.cat([self._paths.index_select(0, chosen.parents), chosen.tokens.unsqueeze(1)], 1)
        own = torch.eye(width, dtype=torch.bool, device=rows.device)
        earlier = torch.zeros(width, before - self._seen.shape[1], dtype=torch.bool, device=rows.device)
        self._seen = torch.cat([self._seen.index_select(0, chosen.parents), earlier, own], 1)
        return chosen.tokens

    def last_depth(self, node_depths: Tensor) -> Tree:
        """The nodes of the last depth as new ids of a model whose cache holds those before.

        node_depths: [all nodes], as `token_tree.node_depths` returns."""
        return Tree(node_depths[: self._seen.shape[1]], self._seen)

    def draft(self) -> Draft:
        """The tree as a draft; ids that only the target has get probability 0."""
        settings, firsts, start = self._settings, [], 0
        for depth in self._depths:
            firsts.append(depth.parents + start - self._width_before(len(firsts)))
            start += depth.tokens.shape[0]
        tokens = torch.cat([depth.tokens for depth in self._depths])
        rows = widened(torch.cat([depth.rows for depth in self._depths]), settings.n_vocabulary)
        return Draft(tokens, torch.cat(firsts), None if settings.warp.greedy else rows, rows, settings.widths)

    def _width_before(self, depth: int) -> int:
        """How many nodes the depth before one has; the text counts as one."""
        return self._settings.widths[depth - 1] if depth else 1

    def _ruled(self, rows: Tensor) -> Tensor:
        """The logits under the rules, each by the path to its node."""
        rules = self._settings.rules
        if rules is None:
            return rows
        return torch.cat([rules.applied(row.unsqueeze(0), path) for row, path in zip(rows, self._paths, strict=True)])


def fitting_widths(widths: Sequence[int], n_vocabulary: int) -> tuple[int, ...]:
    """The widths, as far as there are enough tokens for so many different children."""
    fitting: list[int] = []
    for width in widths:
        fitting.append(min(width, (fitting[-1] if fitting else 1) * n_vocabulary))
    return tuple(fitting)


def n_children(n_parents: int, width: int) -> list[int]:
    """How many of `width` children each of some nodes has: as many as the others, the first ones one more."""
    return [width // n_parents + (i < width % n_parents) for i in range(n_parents)]


def _best(logits: Tensor, scores: Tensor, width: int) -> tuple[_Depth, Tensor]:
    """The `width` most probable continuations of some nodes, best first, and the sums of their log-probabilities.

    logits: [w, V]; scores: [w], the sums up to the nodes."""
    logps = logits.log_softmax(-1)
    best = logps.topk(min(width, logps.shape[-1]), dim=-1)  # no node can have more children than there are in all
    sums, places = (scores.unsqueeze(1) + best.values).flatten().topk(width)
    parents = places // best.indices.shape[1]
    rows = logps.exp().index_select(0, parents)
    return _Depth(best.indices.flatten().index_select(0, places), parents, rows), sums


def _drawn(probs: Tensor, u: Tensor) -> _Depth:
    """Children of some nodes, drawn without replacement: first one for each node, then a second, and so on.

    probs: [w, V]; u: [w'] float64. Once a node's distribution is exhausted, its children are drawn evenly from what is
    left."""
    n_parents, width = probs.shape[0], u.shape[0]
    counts, left, n_drawn = n_children(n_parents, width), probs.clone(), 0
    tokens: list[Tensor] = []
    parents: list[Tensor] = []
    for turn in range(counts[0]):
        n = sum(count > turn for count in counts)  # nodes with one child more come first
        token = sampling.draw(left[:n], u[n_drawn : n_drawn + n])
        left[:n] = without(left[:n], token)
        tokens.append(token)
        parents.append(torch.arange(n, device=probs.device))
        n_drawn += n
    joined = torch.cat(parents)
    return _Depth(torch.cat(tokens), joined, probs.index_select(0, joined))
