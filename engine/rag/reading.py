"""Computes log-probabilities of the ids of texts that share a beginning, in one forward over all of them.

The texts are a tree: the beginning is read once, each text is a branch of it, and each branch may have several
alternative endings. On transformers' modules, which do not support trees, the branches are read one by one."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor

from engine.decoding.cached_model import PREFILL_CHUNK, SequenceModel
from engine.decoding.kept_sequence import KeptSequence
from engine.decoding.token_tree import Tree
from engine.decoding.transfers import uploaded, uploaded_ids
from engine.fast.model import FusedModel
from engine.models.loading import LoadedModel

Ids: TypeAlias = tuple[int, ...]
Checkpoint: TypeAlias = Callable[[], None]
# Memory for the logits of one forward, as float32 and again as log-probabilities.
_MOST_BYTES = 256 * 2**20


class Branch(NamedTuple):
    """A text that follows the shared beginning, and its alternative endings, if any."""

    trunk: Ids
    endings: tuple[Ids, ...] = ()


class BranchLogps(NamedTuple):
    """Natural log-probabilities: of each id of a trunk, and of each ending as a whole after the trunk."""

    trunk: tuple[float, ...]
    endings: tuple[float, ...]


class _Path(NamedTuple):
    """Consecutive ids to score; nodes: for each id, the place in the forward whose logits predict it."""

    ids: Ids
    nodes: tuple[int, ...]


def read(model: LoadedModel, prefix: Ids, branches: Sequence[Branch], checkpoint: Checkpoint) -> list[BranchLogps]:
    """Compute the log-probabilities of branches after a prefix of at least one id."""
    assert prefix
    if not branches:
        return []
    sequence = model.sequence()
    prefix_ids = uploaded_ids(prefix[:-1], sequence.device)
    for start in range(0, len(prefix) - 1, PREFILL_CHUNK):
        checkpoint()
        sequence.prefill(prefix_ids[start : start + PREFILL_CHUNK])
    return read_after(sequence, prefix[-1], branches, checkpoint)


def read_after(
    sequence: SequenceModel, last: int, branches: Sequence[Branch], checkpoint: Checkpoint
) -> list[BranchLogps]:
    """Compute the log-probabilities of branches after a prefix of which the cache holds all but the last id.

    The cache is afterwards as before."""
    logps: list[BranchLogps] = []
    whole = sequence.whole if isinstance(sequence, KeptSequence) else sequence
    for group in _groups(branches, sequence.n_vocabulary):
        checkpoint()
        if isinstance(whole, FusedModel):
            logps += _read_tree(whole, last, group)
        else:
            logps += [_read_chain(whole, last, branch) for branch in group]
    return logps


def n_read(prefix: Ids, branches: Sequence[Branch]) -> int:
    """Count the ids that a model reads for these branches."""
    return len(prefix) + sum(_n_nodes(branch) for branch in branches)


def _n_nodes(branch: Branch) -> int:
    return len(branch.trunk) + sum(len(ending) - 1 for ending in branch.endings)


def _groups(branches: Sequence[Branch], n_vocabulary: int) -> Iterator[list[Branch]]:
    """Groups of branches in their order, as many together as memory allows."""
    most = max(1, _MOST_BYTES // (8 * n_vocabulary))
    group: list[Branch] = []
    for branch in branches:
        if group and sum(map(_n_nodes, group)) + _n_nodes(branch) > most:
            yield group
            group = []
        group.append(branch)
    yield group


def _read_tree(sequence: FusedModel, root: int, branches: Sequence[Branch]) -> list[BranchLogps]:
    """Read all branches in one forward, in which an id attends only to the ids it follows."""
    ids, parents = [root], [-1]

    def grow(after: int, more: Ids) -> tuple[int, ...]:
        """Append ids that follow each other, the first one after a node; returns that node and the new ones."""
        nodes = tuple(range(len(ids), len(ids) + len(more)))
        parents.extend((after, *nodes)[: len(more)])
        ids.extend(more)
        return (after, *nodes)

    paths = []
    for branch in branches:
        trunk = grow(0, branch.trunk)
        ending_paths = [_Path(ending, grow(trunk[-1], ending[:-1])) for ending in branch.endings]
        paths.append((_Path(branch.trunk, trunk[:-1]), ending_paths))
    logits = sequence.forward(uploaded_ids(ids, sequence.device), tree=_tree(parents, sequence.device))
    sequence.rollback(len(ids))
    flat = [path for trunk, endings in paths for path in (trunk, *endings)]
    log_p = iter(_path_logps(logits, flat))
    return [BranchLogps(next(log_p), tuple(sum(next(log_p)) for _ in endings)) for _, endings in paths]


def _tree(parents: Sequence[int], device: torch.device) -> Tree:
    """The depth of each id and which ids it attends to: itself and all it follows."""
    n = len(parents)
    mask = torch.eye(n, dtype=torch.bool)
    depths = [0] * n
    for i, parent in enumerate(parents):
        if parent >= 0:
            mask[i] |= mask[parent]
            depths[i] = depths[parent] + 1
    return Tree(uploaded_ids(depths, device), uploaded(mask, device))


def _path_logps(logits: Tensor, paths: Sequence[_Path]) -> list[tuple[float, ...]]:
    """Log-probabilities of each path's ids, the i-th from the logits at its i-th node."""
    nodes = [node for path in paths for node in path.nodes]
    ids, places = uploaded_ids([[token for path in paths for token in path.ids], nodes], logits.device)
    rows = logits.index_select(0, places).float().log_softmax(-1)
    logps = rows.gather(-1, ids[:, None])[:, 0].double().tolist()  # sync: once a group of branches
    ends = [0]
    for path in paths:
        ends.append(ends[-1] + len(path.ids))
    return [tuple(logps[start:end]) for start, end in pairwise(ends)]


def _read_chain(sequence: SequenceModel, root: int, branch: Branch) -> BranchLogps:
    """Read one branch, then each of its endings of several ids after it."""
    trunk = _forward(sequence, (root, *branch.trunk))
    log_p = _path_logps(trunk, [_Path(branch.trunk, tuple(range(len(branch.trunk))))])[0]
    endings = []
    for ending in branch.endings:
        rows = trunk[-1:]
        if len(ending) > 1:
            rows = torch.cat([rows, _forward(sequence, (root, *branch.trunk, *ending[:-1]))[-len(ending) + 1 :]])
        endings.append(sum(_path_logps(rows, [_Path(ending, tuple(range(len(ending))))])[0]))
    return BranchLogps(log_p, tuple(endings))


def _forward(sequence: SequenceModel, ids: Ids) -> Tensor:
    """Logits after each of the ids, which are removed from the cache again."""
    logits = sequence.forward(uploaded_ids(ids, sequence.device))
    sequence.rollback(len(ids))
    return logits
