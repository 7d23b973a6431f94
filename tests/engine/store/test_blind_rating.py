"""Rating blind: sides at random, verdicts kept with the runs, counts with their test."""

from collections import Counter
from pathlib import Path
from random import Random

import pytest

from engine.errors import EngineError
from engine.events import TextsRated
from engine.runs import trace
from engine.store import blind_rating, rateable
from engine.store.blind_rating import Choice, Sitting
from engine.store.importing import import_traces
from tests.engine.store import kept, ratings


def sweep(folder: Path, n: int = 8) -> Path:
    """A kept sweep whose texts all differ, each text naming its way."""
    prompts = [f"prompt {i}" for i in range(n)]
    ways = [("plain", 0.0, [f"exact {i}" for i in range(n)]), ("sprinter", 0.7, [f"lossy {i}" for i in range(n)])]
    return folder / kept.keep(folder, ratings.sweep_of(ways, prompts)) / "trace.jsonl"  # type: ignore[arg-type]


def sitting(path: Path, seed: int = 0) -> Sitting:
    return Sitting(rateable.read([path]), "plain", "sprinter 0.7", rng=Random(seed))


def preferring(word: str, shown: blind_rating.ShownPair) -> Choice:
    return "left" if shown.left.startswith(word) else "right"


def test_sides_and_order_are_random_and_every_prompt_is_shown_once(tmp_path: Path) -> None:
    path, sides, orders = sweep(tmp_path), Counter[str](), set()
    for seed in range(20):
        rating, order = sitting(path, seed), list[str]()
        while (shown := rating.shown) is not None:
            assert {shown.left[:5], shown.right[:5]} == {"exact", "lossy"}
            sides[shown.left[:5]] += 1
            order.append(shown.prompt)
            rating.rate("tie")
        assert sorted(order) == [f"prompt {i}" for i in range(8)]
        orders.add(tuple(order))
    assert len(orders) > 15
    assert 50 < sides["exact"] < 110


def test_a_choice_of_a_side_is_a_verdict_on_its_author(tmp_path: Path) -> None:
    rating = sitting(sweep(tmp_path))
    while (shown := rating.shown) is not None:
        rating.rate(preferring("lossy", shown))
    assert {verdict.verdict for verdict in rating.verdicts} == {"second"}
    assert {verdict.first_left for verdict in rating.verdicts} == {True, False}
    (counted,) = blind_rating.counts(rating.verdicts)
    assert (counted.n_first, counted.n_second, counted.n) == (0, 8, 8)
    assert counted.p == pytest.approx(2 / 2**8)
    assert counted.share_ci is not None and counted.share_ci.high < 0.5


def test_the_last_verdict_can_be_taken_back(tmp_path: Path) -> None:
    rating = sitting(sweep(tmp_path))
    before = rating.shown
    rating.rate("left")
    rating.back()
    assert rating.shown == before and rating.verdicts == ()
    rating.back()
    assert rating.shown == before


def test_the_same_two_in_the_other_order_are_counted_together() -> None:
    def said(first: str, second: str, verdict: str) -> TextsRated:
        return TextsRated("1", "", first, second, verdict, True)  # type: ignore[arg-type]

    events = [said("a", "b", "first"), said("b", "a", "first"), said("a", "b", "tie"), said("b", "a", "both_bad")]
    assert blind_rating.counts(events) == (blind_rating.RatingCounts("a", "b", 1, 1, 1, 1),)


def test_without_a_preference_there_is_nothing_to_test() -> None:
    counted = blind_rating.RatingCounts("a", "b", 0, 0, 3, 1)
    assert (counted.n, counted.share_first, counted.share_ci, counted.p) == (4, None, None, None)


def test_verdicts_are_kept_in_both_runs_and_travel_with_them(tmp_path: Path) -> None:
    paths = ratings.two_runs(tmp_path / "runs")
    texts = rateable.read(paths)
    rating = Sitting(texts, *(author.name for author in blind_rating.authors_to_rate(texts)))
    rating.rate("both_bad")
    blind_rating.keep(texts.paths, rating.verdicts)
    for path in paths:
        assert blind_rating.kept(path) == rating.verdicts
        assert trace.read(path).damage is None
    index = kept.opened(tmp_path / "runs")
    assert {row.state for row in index.rows(index.ids())} == {"finished"}
    index.close()
    list(import_traces(tmp_path / "elsewhere", paths))
    copies = sorted((tmp_path / "elsewhere").glob("*/trace.jsonl"))
    assert [blind_rating.kept(copy) for copy in copies] == [rating.verdicts] * 2


def test_ratings_of_several_sittings_add_up(tmp_path: Path) -> None:
    path = sweep(tmp_path, 3)
    for seed in range(2):
        rating = sitting(path, seed)
        rating.rate("tie")
        blind_rating.keep([path], rating.verdicts)
    assert [counted.n_tie for counted in blind_rating.counts(blind_rating.kept(path))] == [2]


def test_a_log_without_ratings_has_none_and_one_that_is_gone_takes_none(tmp_path: Path) -> None:
    first, _ = ratings.two_runs(tmp_path)
    assert blind_rating.kept(first) == ()
    with pytest.raises(EngineError, match="gone"):
        blind_rating.keep([tmp_path / "none" / "trace.jsonl"], ())


def test_texts_that_are_all_the_same_cannot_be_rated(tmp_path: Path) -> None:
    events = ratings.sweep_of([("plain", 0.0, ("a",)), ("ensemble", 0.5, ("a",))], ("p",))
    path = tmp_path / kept.keep(tmp_path, events) / "trace.jsonl"
    with pytest.raises(EngineError, match="the same"):
        Sitting(rateable.read([path]), "plain", "ensemble 0.5")
