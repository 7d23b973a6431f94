from functools import reduce

import pytest
from msgspec.structs import replace

from app.state.requests import NO_DRAFTER, Setup
from app.words import runs
from app.workspaces.decode import headline_words
from engine.commands import Load
from engine.events import RunFinished
from engine.runs.summary import Summary, fold
from tests.app.factory import a_round, blocks, started


def _setup(**changes) -> Setup:
    settings = {"gamma": 4, "temperature": 0.0, "max_new_tokens": 128, "baseline": True, "repeats": 5, **changes}
    return Setup(Load(drafter=str(settings.pop("drafter", "builtin"))), "speculative", settings)


def _folded(events) -> Summary:
    return reduce(fold, events, Summary())


def test_idle_it_says_what_run_will_measure() -> None:
    assert headline_words.plan(_setup())[0] == "Run will measure the speedup over plain decoding, in 5 repeats."
    scope = headline_words.plan_scope(_setup(temperature=0.7))[0]
    assert scope.startswith("built-in target") and scope.endswith("draft length γ 4 · temperature 0.7 · 128 tokens")
    assert "draft tree 4,8,8 · greedy" in headline_words.plan_scope(_setup(tree="4,8,8"))[0]
    assert "no speedup" in headline_words.plan(_setup(baseline=False))[0]
    assert "yardstick" in headline_words.plan(_setup(drafter=NO_DRAFTER))[0]
    assert "+" not in headline_words.plan_scope(_setup(drafter=NO_DRAFTER))[0]


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ([started()], "measured in the same run, after the text is done"),
        ([started(settings={"baseline": False})], "not measured in this run"),
        ([started(), RunFinished("cancelled", 0)], "not measured in this run"),
        ([started(), *blocks(1)], "the speed of plain decoding"),
        ([started(), *blocks(2), RunFinished("cancelled", 0)], "2.00 to 2.00 over 2 repeats, the speed of plain"),
        ([started(), *blocks(12)], "[2.00, 2.00], the speed of plain decoding"),
    ],
)
def test_the_verdict_promises_only_what_will_come(events, said) -> None:
    summary = _folded(events)
    assert said in headline_words.verdict(summary, started(settings=dict(events[0].settings)))[0]
    assert not headline_words.is_loss(summary)


def test_a_loss_is_said_with_what_causes_it_and_what_disturbed_it() -> None:
    slow = [replace(block, decode_ms=60.0) if block.lane == "speculative" else block for block in blocks(4)]
    slow[1] = replace(slow[1], decode_ms=180.0)
    summary = _folded([started(), a_round(0, [" a"]), *slow])
    assert headline_words.is_loss(summary)
    verdict = headline_words.verdict(summary, started())[0]
    assert "slower here, " in verdict and verdict.endswith("of the round")
    assert headline_words.scope(summary, started())[0].startswith("⚠ 1 of 8 timed blocks")


def test_the_scope_names_pair_workload_and_what_disturbed_it() -> None:
    text = headline_words.scope(Summary(), started())[0]
    assert "built-in target" in text and "this prompt" in text
    assert "builtin" in headline_words.in_full(started())


def test_each_shorter_version_says_less_and_a_loss_stays_one() -> None:
    slow = [replace(block, decode_ms=60.0) if block.lane == "speculative" else block for block in blocks(4)]
    summary = _folded([started(), a_round(0, [" a"]), *slow])
    loss = headline_words.verdict(summary, started())
    assert loss[-1].endswith(", slower here") and "repeats" not in loss[-1]
    for versions in (
        loss,
        headline_words.verdict(_folded([started(), *blocks(3)]), started()),
        headline_words.scope(summary, started()),
        headline_words.plan(_setup()),
        headline_words.plan_scope(_setup()),
    ):
        lengths = [len(version) for version in versions]
        assert len(versions) > 1 and lengths == sorted(lengths, reverse=True)
    assert headline_words.plan_scope(_setup())[-1] == "built-in target + built-in drafter"


def test_a_tree_stands_in_the_place_of_the_draft_length() -> None:
    assert runs.sampling(started(settings={"gamma": 4, "tree": "4,8,8"}))[:2] == ("tree 4,8,8", "greedy")
    assert runs.sampling(started(settings={"gamma": 4, "tree": ""}))[:2] == ("γ 4", "greedy")
