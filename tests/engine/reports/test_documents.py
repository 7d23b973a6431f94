"""Reports of what is no comparison: a run, a training, a measured pair."""

import pytest

from engine.errors import InputError
from engine.events import (
    BlockFinished,
    Compared,
    DrafterMeasured,
    Event,
    GenerationMeasured,
    Measured,
    PhaseFinished,
    RunFailed,
    RunFinished,
    RunStarted,
    ScalingMeasured,
    TextsRated,
    TrainingFinished,
    TrainingStarted,
)
from engine.events.ratings import RatingVerdict
from engine.events.scaling import BatchMeasured, ContextPoint, GammaPoint
from engine.reports.html import report
from engine.reports.tables import tables
from engine.statistics import Interval, RatioEstimate
from tests.comparisons import comparison

STARTED = RunStarted(
    "ab12", "speculative", "2026-11-29T10:00:00Z", "The harbour", (1, 2), ("The", " harbour"), "builtin",
    "/models/me/small", (("gamma", 4), ("max_new_tokens", 24)), "cpu", "float32", versions=(("torch", "2.13.0"),),
)  # fmt: skip


VERDICTS: tuple[RatingVerdict, ...] = ("first", "second", "first")


def run(*, same: bool = True, ratio: float = 2.0, n_pairs: int = 3) -> list[Event]:
    generation = [e for e in comparison(n_prompts=1, n_tokens=24) if isinstance(e, GenerationMeasured)][-1]
    blocks: list[Event] = []
    for pair in range(n_pairs):
        blocks.append(BlockFinished("plain", pair, (1,) * 24, 1.0, 240.0, 10.0, 10.0))
        blocks.append(BlockFinished("speculative", pair, (1,) * 24, 1.0, 240.0 / ratio, 10.0, 12.0, 1.0))
    compared = Compared(same, None if same else 5, None if same else 0.25)
    return [STARTED, PhaseFinished("prefill", 3.0, 2), *generation.rounds, RunFinished("length", 24), *blocks, compared]


def test_a_run_is_reported_with_its_text_and_figures() -> None:
    page = report(run())
    for words in (
        "2.00× as fast as plain decoding", "3 repeats", "Same text ✓", "Acceptance by position", "The harbour",
        "Time of each round", "the built-in target with small", "2.13.0",
    ):  # fmt: skip
        assert words in page
    assert "/models/me" not in page, "a report tells nothing of the folders of its user"
    assert set(tables(run())) == {"figures", "positions", "rounds", "series"}


def test_a_run_that_was_rated_blind_says_so() -> None:
    ratings = [TextsRated("r1", "2026-11-30T10:00:00Z", "plain", "gate 0.5", verdict, True) for verdict in VERDICTS]
    page = report([*run(), *ratings])
    assert "Rated blind: plain better 2, gate 0.5 better 1, equally good 0, both bad 0." in page
    assert "Rated blind" not in report(run())


def test_a_loss_and_another_text_are_named() -> None:
    page = report(run(same=False, ratio=0.9))
    assert "slower here" in page and "from token 6 on" in page and "0.25" in page


def test_a_run_without_plain_decoding_claims_no_speedup() -> None:
    assert "plain decoding was not measured" in report(run(n_pairs=0))


@pytest.mark.parametrize(
    ("last", "words"),
    [
        (RunFailed("the disk is full", "free it"), "the disk is full; free it"),
        (RunFinished("cancelled", 3), "was stopped early"),
        (None, "ends before the run does"),
    ],
)
def test_a_run_says_how_it_ended(last: Event | None, words: str) -> None:
    assert words in report([*run()[:5], *((last,) if last is not None else ())])


def test_a_run_that_made_nothing_is_reported() -> None:
    assert "Nothing was decoded" in report([STARTED])


def test_a_training_is_reported_with_its_course() -> None:
    started = TrainingStarted(
        "builtin", "out", "distillation", 2, 64, 100_000, 50, 5, 10_000, 100, 0, "cpu", "float32",
        settings=(("batch", 8),), started_utc="2026-11-29T10:00:00Z",
    )  # fmt: skip
    losses = [Measured("loss", 3.0 / (step + 1), step) for step in range(900)]
    before, after = (DrafterMeasured(when, alpha, (alpha - 0.1, alpha + 0.1), alpha, 4) for when, alpha in
        (("before", 0.2), ("after", 0.7)))  # type: ignore[arg-type]  # fmt: skip
    ended = TrainingFinished("steps", "out", 100, 90, 10_000, 500.0, None, 20.0)
    events = [started, before, *losses, after, ended]
    page = report(events)
    assert "0.20 before, 0.70 after" in page and "all steps were made" in page and "Loss" in page
    assert len(tables(events)["series"].rows) == 900 and len(page) < 200_000
    assert "ends before the training does" in report([started])


def test_a_measured_pair_is_reported_with_its_best_draft_length() -> None:
    def at(value: float) -> RatioEstimate:
        return RatioEstimate(value, None, Interval(value * 0.9, value * 1.1), 5)

    gammas = tuple(
        GammaPoint(gamma, at(5), 0.8, None, 2.0, 0.1, 1.2, 1.5, at(speed)) for gamma, speed in ((2, 1.4), (4, 1.7))
    )
    times = {"ours_plain": at(9), "ours_speculative": at(5)}
    contexts = (ContextPoint(64, 64, times, {}, at(1.1), at(1.7), 0.8, None, 2.0, None, None),)
    batches = (BatchMeasured(2, 100.0, 150.0, 1.5, None, 0.8, None, 2.0, True),)
    measured = ScalingMeasured(
        4, 32, 5, "cpu", "float32", contexts, gammas, batches, target="builtin", drafter="builtin"
    )
    page = report([measured])
    assert "Fastest at draft length 4: 1.70×" in page and "The built-in target with the built-in drafter" in page
    assert {name: len(table.rows) for name, table in tables([measured]).items()} == {
        "contexts": 1,
        "gammas": 2,
        "batches": 1,
    }


def test_a_log_of_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="nothing to report"):
        report([])
