"""Clusters passages, and draws distinct subsets of passages from the clusters.

Source: arXiv:2407.08223, section 3.1 and algorithm 1, which samples one random passage from each cluster."""

import math
import warnings
from collections.abc import Callable, Sequence
from random import Random
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.events.answers import Conditioning, Sampling

Subset: TypeAlias = tuple[int, ...]
MOST_COUNTED = 1_000_000
_RESTARTS = 10
_LIKE = 1e-6


class PartitionPreset(NamedTuple):
    """A named setting: m drafts from subsets of k of n passages, the vectors to cluster by, and the sampling."""

    name: str
    n: int
    k: int
    m: int
    conditioning: Conditioning = "encoded"
    sampling: Sampling = "one_per_cluster"


PRESETS = (
    PartitionPreset("paper", n=10, k=2, m=5),
    PartitionPreset("MuSiQue", n=15, k=6, m=10),
    # Popular accounts call the number of drafts k and say that the paper recommends 3.
    PartitionPreset("k = 3", n=10, k=2, m=3),
    # Most often right, and fastest, on 100 questions about pages of the built-in world: see assets/benchmarks.
    PartitionPreset("measured", n=10, k=2, m=5, conditioning="auto", sampling="in_turn"),
)


class Partition(NamedTuple):
    """Clusters, numbered from 0 in the order of their best passage, and subsets of passage positions, best first.

    n_distinct: how many distinct subsets the sampling allows, at most MOST_COUNTED. note: which settings could not be
    met, empty otherwise."""

    clusters: tuple[int, ...]
    subsets: tuple[Subset, ...]
    n_distinct: int
    note: str


class _Choice(NamedTuple):
    """How many distinct subsets there are, and the subset of each number from 0 to total - 1."""

    total: int
    numbered: Callable[[int], Subset]


def conditioned_text(question: str, passage: str) -> str:
    """Compose the text to embed for a passage so that its vector depends on the question."""
    return f"{question} {passage}"


def partition(
    vectors: NDArray[np.float32], *, k: int, m: int, sampling: Sampling = "one_per_cluster", seed: int = 0
) -> Partition:
    """Cluster passages [n, D] into k clusters and draw m distinct subsets of k passages; reproducible by the seed.

    There are fewer clusters if fewer passages differ, and fewer subsets if fewer distinct ones exist."""
    labels = clusters(vectors, k, seed)
    groups = [[i for i, label in enumerate(labels) if label == c] for c in range(max(labels, default=-1) + 1)]
    choice = _choice(groups, len(labels), k, sampling)
    rng = Random(f"subsets/{seed}")
    if sampling == "in_turn":
        subsets = _in_turn([rng.sample(group, len(group)) for group in groups], min(m, choice.total))
    else:
        subsets = tuple(map(choice.numbered, _distinct(choice.total, m, rng)))
    note = _note(len(labels), len(groups), choice.total, k, m, sampling)
    return Partition(labels, subsets, min(choice.total, MOST_COUNTED), note)


def clusters(vectors: NDArray[np.float32], k: int, seed: int) -> tuple[int, ...]:
    """Assign each passage to one of at most k clusters by k-means; passages with equal vectors share a cluster."""
    if not len(vectors):
        return ()
    _, first, inverse = np.unique(
        np.round(vectors / _LIKE).astype(np.int64), axis=0, return_index=True, return_inverse=True
    )
    k = min(k, len(first))
    labels = _k_means(vectors[first], k, seed)[inverse.reshape(-1)] if k > 1 else np.zeros(len(vectors), dtype=np.int64)
    order: dict[int, int] = {}
    return tuple(order.setdefault(int(label), len(order)) for label in labels)


def _k_means(points: NDArray[np.float32], k: int, seed: int) -> NDArray[np.int64]:
    if k == len(points):
        return np.arange(k)
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        # KMeans warns when points differ only by rounding and a cluster stays empty; that cluster is then just missing.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = KMeans(n_clusters=k, n_init=_RESTARTS, random_state=seed % 2**32).fit(points.astype(np.float64))
    labels: NDArray[np.int64] = model.labels_.astype(np.int64)
    return labels


def _choice(groups: Sequence[Sequence[int]], n: int, k: int, sampling: Sampling) -> _Choice:
    if not n:
        return _Choice(0, lambda _: ())
    if sampling in ("one_per_cluster", "in_turn"):
        return _Choice(math.prod(map(len, groups)), lambda number: _one_of_each(groups, number))
    pools = [range(n)] if sampling == "random" else groups
    sizes = [math.comb(len(pool), min(k, len(pool))) for pool in pools]
    return _Choice(sum(sizes), lambda number: _from_pools(pools, sizes, number, k))


def _one_of_each(groups: Sequence[Sequence[int]], number: int) -> Subset:
    """The subset of that number, whose digits in the mixed radix of the group sizes pick one passage per group."""
    chosen = []
    for group in groups:
        number, place = divmod(number, len(group))
        chosen.append(group[place])
    return tuple(sorted(chosen))


def _in_turn(orders: Sequence[Sequence[int]], m: int) -> tuple[Subset, ...]:
    """m distinct subsets with one passage per group, each group's passages in turn; at least m must exist.

    Not from the paper, which draws each subset alone: of 10 passages 5 subsets of 2 leave about a third unread."""
    subsets: dict[Subset, None] = {}
    shift = 0
    for turn in range(m):
        while (subset := _at_turn(orders, turn, shift)) in subsets:
            shift += 1
        subsets[subset] = None
    return tuple(subsets)


def _at_turn(orders: Sequence[Sequence[int]], turn: int, shift: int) -> Subset:
    """The passage of each group for a turn, advanced by the group's digit of `shift` in the mixed radix of their
    sizes."""
    chosen = []
    for order in orders:
        shift, ahead = divmod(shift, len(order))
        chosen.append(order[(turn + ahead) % len(order)])
    return tuple(sorted(chosen))


def _from_pools(pools: Sequence[Sequence[int]], sizes: Sequence[int], number: int, k: int) -> Subset:
    """The subset of that number, counting all subsets of the first pool first, then those of the next."""
    for pool, size in zip(pools, sizes, strict=True):
        if number < size:
            return tuple(pool[i] for i in _combination(len(pool), min(k, len(pool)), number))
        number -= size
    raise AssertionError("a subset's number is below the number of subsets")


def _combination(n: int, k: int, number: int) -> Subset:
    """The combination of k out of n at that place in lexicographic order."""
    chosen: list[int] = []
    for i in range(n):
        if len(chosen) == k:
            break
        n_with = math.comb(n - i - 1, k - len(chosen) - 1)
        if number < n_with:
            chosen.append(i)
        else:
            number -= n_with
    return tuple(chosen)


def _distinct(total: int, m: int, rng: Random) -> list[int]:
    """m distinct numbers below total, each equally likely; all of them, in random order, if there are fewer."""
    if total <= 2 * m:
        return rng.sample(range(total), min(m, total))
    numbers: dict[int, None] = {}
    while len(numbers) < m:  # more than half of the numbers are still free, so this ends
        numbers[rng.randrange(total)] = None
    return list(numbers)


def _note(n: int, n_clusters: int, total: int, k: int, m: int, sampling: Sampling) -> str:
    notes = []
    if n < k:
        notes.append(f"k = {k}, but there are only {n} passages")
    elif n_clusters < k:
        notes.append(f"only {n_clusters} of {k} clusters: passages are alike")
    if total < m:
        notes.append(f"only {total} of {m} subsets: no more are distinct by {sampling.replace('_', ' ')}")
    return "; ".join(notes)
