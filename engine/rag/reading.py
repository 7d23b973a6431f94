"""What a model makes of texts that share a beginning: log-probabilities of their ids, in one forward over all of them.

The texts are a tree: the beginning is read once, each text is a branch of it, and each branch may end in several ways,
only one of which would be written. On transformers' modules, which know no trees, the branches are read one by one."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor

from engine.decoding.cached_model import PREFILL_CHUNK, SequenceModel
from engine.decoding.transfers import uploaded, uploaded_ids
from engine.fast.model import FusedModel
from engine.fast.spans import Tree
from engine.models.loading import LoadedModel

Ids: TypeAlias = tuple[int, ...]
Checkpoint: TypeAlias = Callable[[], None]
# Logits of one forward, as float32 and once more as log-probabilities.
_MOST_BYTES = 256 * 2**20


class Branch(NamedTuple):
    """A text that follows the shared beginning, and the ways in which it might end, if any."""

    trunk: Ids
    endings: tuple[Ids, ...] = ()


class BranchLogps(NamedTuple):
    """Natural log-probabilities: of each id of a trunk, and of each ending as a whole after the trunk."""

    trunk: tuple[float, ...]
    endings: tuple[float, ...]


class _Path(NamedTuple):
    """Ids that are read one after another and the id that is asked for last; nodes: their places in the forward."""

    ids: Ids
    nodes: tuple[int, ...]


def read(model: LoadedModel, prefix: Ids, branches: Sequence[Branch], checkpoint: Checkpoint) -> list[BranchLogps]:
    """Read branches after a beginning of at least one id."""
    assert prefix
    if not branches:
        return []
    sequence = model.sequence()
    given = uploaded_ids(prefix[:-1], sequence.device)
    for start in range(0, len(prefix) - 1, PREFILL_CHUNK):
        checkpoint()
        sequence.prefill(given[start : start + PREFILL_CHUNK])
    found: list[BranchLogps] = []
    for lot in _lots(branches, sequence.n_vocabulary):
        checkpoint()
        if isinstance(sequence, FusedModel):
            found += _read_tree(sequence, prefix[-1], lot)
        else:
            found += [_read_chain(sequence, prefix[-1], branch) for branch in lot]
    return found


def n_read(prefix: Ids, branches: Sequence[Branch]) -> int:
    """How many ids a model reads for that."""
    return len(prefix) + sum(_n_nodes(branch) for branch in branches)


def _n_nodes(branch: Branch) -> int:
    return len(branch.trunk) + sum(len(ending) - 1 for ending in branch.endings)


def _lots(branches: Sequence[Branch], n_vocabulary: int) -> Iterator[list[Branch]]:
    """Branches in their order, as many together as memory allows."""
    most = max(1, _MOST_BYTES // (8 * n_vocabulary))
    lot: list[Branch] = []
    for branch in branches:
        if lot and sum(map(_n_nodes, lot)) + _n_nodes(branch) > most:
            yield lot
            lot = []
        lot.append(branch)
    yield lot


def _read_tree(sequence: FusedModel, root: int, branches: Sequence[Branch]) -> list[BranchLogps]:
    """All branches in one forward, in which an id attends to those it would follow and to no other."""
    ids, parents = [root], [-1]

    def grow(after: int, more: Ids) -> tuple[int, ...]:
        """Places of new ids, each following the one before, the first one `after`."""
        nodes = tuple(range(len(ids), len(ids) + len(more)))
        parents.extend((after, *nodes)[: len(more)])
        ids.extend(more)
        return (after, *nodes)

    paths = []
    for branch in branches:
        trunk = grow(0, branch.trunk)
        asked = [_Path(ending, grow(trunk[-1], ending[:-1])) for ending in branch.endings]
        paths.append((_Path(branch.trunk, trunk[:-1]), asked))
    logits = sequence.forward(uploaded_ids(ids, sequence.device), tree=_tree(parents, sequence.device))
    sequence.rollback(len(ids))
    flat = [path for trunk, endings in paths for path in (trunk, *endings)]
    log_p = iter(_asked(logits, flat))
    return [BranchLogps(next(log_p), tuple(sum(next(log_p)) for _ in endings)) for _, endings in paths]


def _tree(parents: Sequence[int], device: torch.device) -> Tree:
    """Depths of ids that follow others, and which of them each attends to."""
    n = len(parents)
    seen = torch.eye(n, dtype=torch.bool)
    depths = [0] * n
    for i, parent in enumerate(parents):
        if parent >= 0:
            seen[i] |= seen[parent]
            depths[i] = depths[parent] + 1
    return Tree(uploaded_ids(depths, device), uploaded(seen, device))


def _asked(logits: Tensor, paths: Sequence[_Path]) -> list[tuple[float, ...]]:
    """Log-probability of each path's ids, the i-th at the place of its i-th node."""
    nodes = [node for path in paths for node in path.nodes]
    wanted, places = uploaded_ids([[token for path in paths for token in path.ids], nodes], logits.device)
    rows = logits.index_select(0, places).float().log_softmax(-1)
    found = rows.gather(-1, wanted[:, None])[:, 0].double().tolist()  # sync: once a lot of branches
    ends = [0]
    for path in paths:
        ends.append(ends[-1] + len(path.ids))
    return [tuple(found[start:end]) for start, end in pairwise(ends)]


def _read_chain(sequence: SequenceModel, root: int, branch: Branch) -> BranchLogps:
    """One branch, and each of its endings of several ids after it."""
    trunk = _forward(sequence, (root, *branch.trunk))
    log_p = _asked(trunk, [_Path(branch.trunk, tuple(range(len(branch.trunk))))])[0]
    endings = []
    for ending in branch.endings:
        rows = trunk[-1:]
        if len(ending) > 1:
            rows = torch.cat([rows, _forward(sequence, (root, *branch.trunk, *ending[:-1]))[-len(ending) + 1 :]])
        endings.append(sum(_asked(rows, [_Path(ending, tuple(range(len(ending))))])[0]))
    return BranchLogps(log_p, tuple(endings))


def _forward(sequence: SequenceModel, ids: Ids) -> Tensor:
    """Logits after each of the ids, which leave the cache again."""
    logits = sequence.forward(uploaded_ids(ids, sequence.device))
    sequence.rollback(len(ids))
    return logits
