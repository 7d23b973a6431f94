"""Texts that can be rated side by side: of two runs, of a comparison's lanes, of a sweep's ways of decoding."""

from pathlib import Path

import pytest

from engine.errors import InputError
from engine.store import rateable
from engine.store.rateable import PromptPlace
from tests import comparisons
from tests.engine.store import kept, ratings


def test_two_runs_of_a_prompt_give_their_two_texts(tmp_path: Path) -> None:
    paths = ratings.two_runs(tmp_path)
    texts = rateable.read(paths)
    assert [author.texts[PromptPlace(0)] for author in texts.authors] == list(ratings.TEXTS)
    assert [author.run for author in texts.authors] == [path.parent.name for path in paths]
    assert (texts.exact, texts.prompts[PromptPlace(0)]) == ("plain", "Then")


def test_runs_of_one_name_are_told_apart(tmp_path: Path) -> None:
    runs = [kept.keep(tmp_path, ratings.run_of(i, text)) for i, text in enumerate(ratings.TEXTS)]
    names = [author.name for author in rateable.read([tmp_path / run / "trace.jsonl" for run in runs]).authors]
    assert names == [f"plain ({run})" for run in runs]


def test_other_prompts_and_single_runs_are_refused(tmp_path: Path) -> None:
    first, _ = ratings.two_runs(tmp_path)
    other = tmp_path / kept.keep(tmp_path, ratings.run_of(2, " x", prompt="Now")) / "trace.jsonl"
    with pytest.raises(InputError, match="different prompts"):
        rateable.read([first, other])
    with pytest.raises(InputError, match="no two texts"):
        rateable.read([first])


def test_a_damaged_log_is_refused(tmp_path: Path) -> None:
    first, second = ratings.two_runs(tmp_path)
    second.write_bytes(second.read_bytes()[:-9])
    with pytest.raises(InputError, match="damaged"):
        rateable.read([first, second])


def test_lanes_are_compared_with_plain_decoding_where_their_texts_differ(tmp_path: Path) -> None:
    path = tmp_path / kept.keep(tmp_path, comparisons.comparison(n_prompts=3)) / "trace.jsonl"
    texts = rateable.read([path])
    assert texts.exact == "plain"
    differing, n_same = rateable.pairs(texts, "plain", comparisons.GENERAL.name)
    assert len(differing) + n_same == 3


def test_a_sweep_has_a_text_of_each_way_for_each_prompt(tmp_path: Path) -> None:
    events = ratings.sweep_of([("plain", 0.0, ("a", "b", "c")), ("sprinter", 0.7, ("a", "x", "y"))], ("p", "q", "r"))
    path = tmp_path / kept.keep(tmp_path, events) / "trace.jsonl"
    differing, n_same = rateable.pairs(rateable.read([path]), "plain", "sprinter 0.7")
    assert [(pair.prompt, pair.first, pair.second) for pair in differing] == [("q", "b", "x"), ("r", "c", "y")]
    assert n_same == 1
