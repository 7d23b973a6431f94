"""Clusters and subsets: distinct, repeatable, as many as exist, never without end."""

import math
from collections import Counter
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.documents.partition import PRESETS, Partition, clusters, partition
from engine.events.answers import Sampling

SAMPLINGS: tuple[Sampling, ...] = ("one_per_cluster", "in_turn", "random", "same_cluster")


def points(n: int, *, groups: int = 3, seed: int = 0) -> NDArray[np.float32]:
    """n points in well separated groups, in turns."""
    rng = np.random.default_rng(seed)
    centres = 10 * np.eye(8)[:groups]
    return (centres[np.arange(n) % groups] + 0.01 * rng.standard_normal((n, 8))).astype(np.float32)


def allowed(made: Partition, k: int, sampling: Sampling) -> set[tuple[int, ...]]:
    """Every distinct subset, counted out."""
    n = len(made.clusters)
    groups = [[i for i in range(n) if made.clusters[i] == c] for c in sorted(set(made.clusters))]
    if sampling in ("one_per_cluster", "in_turn"):
        return {tuple(sorted(chosen)) for chosen in product(*groups)}
    pools = [list(range(n))] if sampling == "random" else groups
    return {chosen for pool in pools for chosen in combinations(pool, min(k, len(pool)))}


vectors = st.integers(1, 9).flatmap(
    lambda n: st.lists(st.lists(st.integers(0, 3), min_size=3, max_size=3), min_size=n, max_size=n)
)


@given(vectors, st.integers(1, 5), st.integers(1, 12), st.sampled_from(SAMPLINGS), st.integers(0, 2**53))
def test_subsets_are_distinct_allowed_and_as_many_as_there_can_be(
    rows: list[list[int]], k: int, m: int, sampling: Sampling, seed: int
) -> None:
    made = partition(np.array(rows, dtype=np.float32), k=k, m=m, sampling=sampling, seed=seed)
    every = allowed(made, k, sampling)
    assert set(made.subsets) <= every
    assert len(set(made.subsets)) == len(made.subsets) == min(m, len(every))
    assert made.n_distinct == len(every)
    assert all(list(subset) == sorted(subset) for subset in made.subsets)
    assert (len(every) < m) == ("subsets" in made.note)


@given(vectors, st.integers(1, 5), st.integers(0, 2**53))
def test_clusters_are_numbered_by_their_best_passage_and_equal_passages_share_one(
    rows: list[list[int]], k: int, seed: int
) -> None:
    found = clusters(np.array(rows, dtype=np.float32), k, seed)
    firsts = [found.index(label) for label in range(max(found) + 1)]
    assert firsts == sorted(firsts)
    assert max(found) < k
    assert all(found[i] == found[j] for i, j in combinations(range(len(rows)), 2) if rows[i] == rows[j])


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_same_seed_gives_the_same_subsets_and_another_seed_others(sampling: Sampling) -> None:
    first, again, other = (partition(points(12), k=3, m=5, sampling=sampling, seed=s) for s in (1, 1, 2))
    assert first == again
    assert first.subsets != other.subsets


def test_groups_that_lie_apart_are_the_clusters_and_every_subset_spans_them() -> None:
    made = partition(points(9), k=3, m=5)
    assert made.clusters == (0, 1, 2) * 3
    assert all({made.clusters[i] for i in subset} == {0, 1, 2} for subset in made.subsets)
    assert (made.n_distinct, made.note) == (27, "")


def test_same_cluster_subsets_stay_in_one_cluster() -> None:
    made = partition(points(9), k=3, m=5, sampling="same_cluster")
    assert all(len({made.clusters[i] for i in subset}) == 1 for subset in made.subsets)
    assert made.note == "only 3 of 5 subsets: no more are distinct by same cluster"


@given(vectors, st.integers(1, 5), st.integers(1, 12), st.integers(0, 2**53))
def test_passages_that_take_turns_are_read_equally_often_but_for_one(
    rows: list[list[int]], k: int, m: int, seed: int
) -> None:
    made = partition(np.array(rows, dtype=np.float32), k=k, m=m, sampling="in_turn", seed=seed)
    sizes = Counter(made.clusters)
    even = len(made.subsets) <= math.lcm(*sizes.values())
    for cluster in sizes:
        members = [i for i, label in enumerate(made.clusters) if label == cluster]
        read = [sum(i in subset for subset in made.subsets) for i in members]
        assert max(read) - min(read) <= 1 or not even
        assert min(read) >= 1 or len(made.subsets) < len(members)


def test_turns_reach_passages_that_drawing_each_subset_alone_leaves_out() -> None:
    turns = [partition(points(10, groups=2), k=2, m=5, sampling="in_turn", seed=seed) for seed in range(50)]
    alone = [partition(points(10, groups=2), k=2, m=5, seed=seed) for seed in range(50)]
    assert all(len({i for subset in made.subsets for i in subset}) == 10 for made in turns)
    assert sum(len({i for subset in made.subsets for i in subset}) for made in alone) / 50 < 8


def test_every_distinct_subset_is_drawn_about_equally_often() -> None:
    drawn = [partition(points(6, groups=2), k=2, m=1, seed=seed).subsets[0] for seed in range(900)]
    counts = [drawn.count(subset) for subset in set(drawn)]
    assert len(counts) == 9
    assert min(counts) > 60 and max(counts) < 140


def test_fewer_passages_than_k_are_all_read_and_said() -> None:
    made = partition(points(2), k=3, m=5)
    assert made.subsets == ((0, 1),)
    assert (
        made.note
        == "k = 3, but there are only 2 passages; only 1 of 5 subsets: no more are distinct by one per cluster"
    )


def test_equal_passages_make_fewer_clusters_and_it_is_said() -> None:
    made = partition(np.ones((6, 4), dtype=np.float32), k=2, m=5)
    assert made.clusters == (0,) * 6
    assert made.subsets and all(len(subset) == 1 for subset in made.subsets)
    assert made.note == "only 1 of 2 clusters: passages are alike"


def test_no_passages_make_no_subsets() -> None:
    assert partition(np.zeros((0, 4), dtype=np.float32), k=2, m=5).subsets == ()


def test_numbers_of_subsets_beyond_counting_are_capped_and_still_drawn() -> None:
    made = partition(points(200, groups=8), k=100, m=20, sampling="random")
    assert math.comb(200, 100) > made.n_distinct == 1_000_000
    assert len(set(made.subsets)) == 20


def test_presets_are_those_of_the_paper_and_one_of_our_own() -> None:
    *theirs, ours = PRESETS
    assert {(p.n, p.k, p.m) for p in theirs} == {(10, 2, 5), (15, 6, 10), (10, 2, 3)}
    assert all((p.conditioning, p.sampling) == ("encoded", "one_per_cluster") for p in theirs)
    assert ours == ("measured", 10, 2, 5, "auto", "in_turn")
