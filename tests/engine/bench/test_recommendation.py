"""What tuning says, against what a sweep measures."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from engine.bench.recommendation import RecommendationChecked, check, outcome, tuned_and_truth
from engine.commands import Compare
from engine.events import (
    ComparisonMeasured,
    ComparisonStarted,
    GammaPrediction,
    GenerationMeasured,
    LaneFigures,
    LaneSpec,
    Recommendation,
    RoundFinished,
)
from engine.experiments.lane_specs import lanes_of
from engine.statistics import RatioEstimate
from tests import fakes
from tests.comparisons import comparison
from tests.engine.experiments.drafts import SimulatedPair, hits


def swept(**speedups: float) -> ComparisonMeasured:
    rows = [
        LaneFigures(name, "a", int(name[1:]), "speculative", 5, 500, speedup=RatioEstimate(value))
        for name, value in speedups.items()
    ]
    return ComparisonMeasured(tuple(rows), 5, 5)


def tuned(drafter: str, gamma: int) -> ComparisonMeasured:
    predictions = (GammaPrediction("a", 1, 1.30), GammaPrediction("a", 2, 1.50, 1.6), GammaPrediction("a", 3, 1.42))
    chosen = Recommendation(drafter, "", gamma, "why", "5 prompts")
    return ComparisonMeasured((), 5, 5, recommendation=chosen, predictions=predictions)


def test_errors_are_those_of_lengths_that_tuning_did_not_measure() -> None:
    checked = outcome(tuned("a", 2), swept(g1=1.32, g2=1.9, g3=1.40))
    assert (checked.best, checked.best_gamma, checked.shortfall) == ("a", 2, 0.0)
    assert checked.error == pytest.approx(0.02)
    assert [each.confirmed for each in checked.lengths] == [False, True, False]


def test_what_is_missed_is_a_share_of_the_best_speedup() -> None:
    assert outcome(tuned("a", 3), swept(g1=1.0, g2=2.0, g3=1.5)).shortfall == pytest.approx(0.25)


def test_plain_decoding_is_a_setting_of_the_sweep() -> None:
    losing = swept(g1=0.9, g2=0.8)
    assert outcome(tuned("none", 0), losing).shortfall == 0.0
    assert outcome(tuned("a", 1), losing).shortfall == pytest.approx(0.1)
    assert outcome(tuned("a", 1), losing).best == "none"


def generation(lane: LaneSpec, prompt: int, repeat: int, rounds: Sequence[RoundFinished]) -> GenerationMeasured:
    return GenerationMeasured(
        lane=lane.name,
        prompt=prompt,
        turn=0,
        repeat=repeat,
        prompt_ids=(1,),
        ids=(7,) * sum(len(each.emitted) for each in rounds),
        reason="length",
        prefill_ms=1.0,
        decode_ms=sum(each.draft_ms + each.verify_ms + each.other_ms for each in rounds),
        first_ms=1.0,
        n_first=1,
        n_rounds=len(rounds),
        n_proposed=sum(len(each.proposed) for each in rounds),
        draft_ms=sum(each.draft_ms for each in rounds),
        verify_ms=sum(each.verify_ms for each in rounds),
        rounds=tuple(rounds) if not repeat else (),
    )


def test_tuning_judges_by_the_first_run_and_the_second_is_the_truth() -> None:
    pair = SimulatedPair(draft_ms=0.5, token_ms=1.0)
    dearer = pair._replace(draft_ms=1.0)
    lanes = lanes_of(["lookup"], [1, 2, 4])
    texts = [hits(0.8, seed) for seed in range(3)]
    generations = [
        generation(lane, index, repeat, (dearer if repeat else pair).rounds(text, lane.gamma))
        for index, text in enumerate(texts)
        for lane in lanes
        for repeat in (0, 1)
    ]
    started = replace(
        next(each for each in comparison(n_prompts=3) if isinstance(each, ComparisonStarted)), lanes=lanes
    )
    tuned, truth = tuned_and_truth(started, generations, pair.widths)
    predicted = {each.gamma: each.predicted for each in tuned.predictions}
    measured = {row.gamma: row.speedup.value for row in truth.lanes if row.speedup is not None and row.gamma}
    assert predicted == pytest.approx({gamma: pair.speedup(texts, gamma) for gamma in predicted}, rel=0.02)
    assert measured == pytest.approx({gamma: dearer.speedup(texts, gamma) for gamma in measured})
    assert set(predicted) == set(measured) == {1, 2, 4}


def test_a_check_measures_every_length_twice_and_judges_tuning_by_the_second(tmp_path: Path) -> None:
    target = fakes.save(fakes.model(sharpness=3.0), tmp_path / "target")
    (tmp_path / "prompts.txt").write_text("\n".join(fakes.PROMPTS[:2]), encoding="utf-8")
    command = Compare(
        lanes_of(["lookup"], [1]), str(tmp_path / "prompts.txt"), target=target, settings={"max_new_tokens": 12}
    )
    *events, checked = check(command, (2,))
    assert isinstance(checked, RecommendationChecked)
    assert [each.gamma for each in checked.lengths] == [1, 2, 4]
    assert checked.n_prompts == 2
    repeats = [event.repeat for event in events if isinstance(event, GenerationMeasured) and event.lane == "plain"]
    assert repeats[:4] == [0, 1, 0, 1]
