"""Passages into clusters, clusters into distinct subsets; knows neither where passages come from nor who reads them.

Source: arXiv:2407.08223, section 3.1 and algorithm 1: the paper's sampling is one random passage of each cluster."""

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
    """m drafts from subsets of k of n passages, by which vectors they are clustered, how subsets are made; its name."""

    name: str
    n: int
    k: int
    m: int
    conditioning: Conditioning = "encoded"
    sampling: Sampling = "one_per_cluster"


PRESETS = (
    PartitionPreset("paper", n=10, k=2, m=5),
    PartitionPreset("MuSiQue", n=15, k=6, m=10),
    # Popular accounts call the number of drafts k and have the paper recommend 3.
    PartitionPreset("k = 3", n=10, k=2, m=3),
    # Of 100 questions of pages of the built-in world right most often and soonest: assets/benchmarks has the figures.
    PartitionPreset("in turn", n=10, k=2, m=5, conditioning="stored", sampling="in_turn"),
)


class Partition(NamedTuple):
    """Clusters are numbered from 0 in the order of their best passage; subsets hold places of passages, best first.

    n_distinct: how many distinct subsets the sampling allows, not more than MOST_COUNTED. note: what could not be done
    as asked, empty otherwise."""

    clusters: tuple[int, ...]
    subsets: tuple[Subset, ...]
    n_distinct: int
    note: str


class _Choice(NamedTuple):
    """`total` different subsets, and the one of each number."""

    total: int
    numbered: Callable[[int], Subset]


def conditioned_text(question: str, passage: str) -> str:
    """What is embedded of a passage so that its vector depends on the question."""
    return f"{question} {passage}"


def partition(
    vectors: NDArray[np.float32], *, k: int, m: int, sampling: Sampling = "one_per_cluster", seed: int = 0
) -> Partition:
    """Cluster passages [n, D] into k and draw m distinct subsets of k passages; the same for the same seed.

    There are fewer clusters where fewer passages differ, and fewer subsets where fewer distinct ones exist."""
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
    """The cluster of each passage by k-means, at most k; passages with equal vectors share one."""
    if not len(vectors):
        return ()
    _, first, same = np.unique(
        np.round(vectors / _LIKE).astype(np.int64), axis=0, return_index=True, return_inverse=True
    )
    k = min(k, len(first))
    found = _k_means(vectors[first], k, seed)[same.reshape(-1)] if k > 1 else np.zeros(len(vectors), dtype=np.int64)
    order: dict[int, int] = {}
    return tuple(order.setdefault(int(label), len(order)) for label in found)


def _k_means(points: NDArray[np.float32], k: int, seed: int) -> NDArray[np.int64]:
    if k == len(points):
        return np.arange(k)
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        # Points that differ by rounding alone count as equal there; a cluster left empty is then simply missing.
        warnings.simplefilter("ignore", ConvergenceWarning)
        made = KMeans(n_clusters=k, n_init=_RESTARTS, random_state=seed % 2**32).fit(points.astype(np.float64))
    labels: NDArray[np.int64] = made.labels_.astype(np.int64)
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
    """The subset of that number, counted in the mixed radix of the groups' sizes."""
    chosen = []
    for group in groups:
        number, place = divmod(number, len(group))
        chosen.append(group[place])
    return tuple(sorted(chosen))


def _in_turn(orders: Sequence[Sequence[int]], m: int) -> tuple[Subset, ...]:
    """m distinct subsets of one of each group, whose passages take turns in their order; there must be as many.

    Not from the paper, which draws each subset alone: of 10 passages 5 subsets of 2 leave about a third unread."""
    found: dict[Subset, None] = {}
    shift = 0
    for turn in range(m):
        while (subset := _at_turn(orders, turn, shift)) in found:
            shift += 1
        found[subset] = None
    return tuple(found)


def _at_turn(orders: Sequence[Sequence[int]], turn: int, shift: int) -> Subset:
    """The passages whose turn it is, the groups being ahead of one another by the digits of `shift` in the mixed radix
    of their sizes."""
    chosen = []
    for order in orders:
        shift, ahead = divmod(shift, len(order))
        chosen.append(order[(turn + ahead) % len(order)])
    return tuple(sorted(chosen))


def _from_pools(pools: Sequence[Sequence[int]], sizes: Sequence[int], number: int, k: int) -> Subset:
    """The subset of that number where those of the first pool come first."""
    for pool, size in zip(pools, sizes, strict=True):
        if number < size:
            return tuple(pool[i] for i in _combination(len(pool), min(k, len(pool)), number))
        number -= size
    raise AssertionError("a subset's number is below the number of subsets")


def _combination(n: int, k: int, number: int) -> Subset:
    """The combination of that number of k out of n, in lexicographic order."""
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
    """m different numbers below total, each equally likely; all of them, in random order, where there are fewer."""
    if total <= 2 * m:
        return rng.sample(range(total), min(m, total))
    found: dict[int, None] = {}
    while len(found) < m:  # more than half of the numbers are still free: it ends
        found[rng.randrange(total)] = None
    return list(found)


def _note(n: int, n_clusters: int, total: int, k: int, m: int, sampling: Sampling) -> str:
    said = []
    if n < k:
        said.append(f"k = {k}, but there are only {n} passages")
    elif n_clusters < k:
        said.append(f"only {n_clusters} of {k} clusters: passages are alike")
    if total < m:
        said.append(f"only {total} of {m} subsets: no more are distinct by {sampling.replace('_', ' ')}")
    return "; ".join(said)
