"""Predictions of recorded runs: what was measured comes out again, and each assumption moves what it should."""

from functools import reduce

import pytest

from engine.events import PLAIN_LANE, GenerationMeasured
from engine.experiments.lane_figures import cost_model, counts_of
from engine.experiments.prediction import MOST_GAMMA, best, best_gamma, predictions, replayed_tau
from engine.experiments.recorded import RecordedRun, recorded_lanes, recorded_run
from engine.runs.summary import Summary, fold
from engine.speed_model import CostModel, expected_tokens
from tests import comparisons
from tests.engine.experiments.drafts import SampledPair, greedy_rounds
from tests.engine.experiments.test_what_if import sticky_hits
from tests.engine.runs import stories

COSTS = CostModel(10.0, 0.5, 1.0, ((1, 9.0), (5, 11.0)))


def recorded(*, gamma: int = 4, costs: CostModel | None = COSTS) -> RecordedRun:
    """A greedy run of two texts."""
    hits = sticky_hits(4000, 0.85, 0.5)
    texts = tuple(greedy_rounds(hits[:1000], gamma)), tuple(greedy_rounds(hits[1000:], gamma))
    return RecordedRun("D", gamma, texts, len(hits) / sum(map(len, texts)), costs)


def test_other_draft_lengths_are_predicted_as_they_turn_out() -> None:
    hits = sticky_hits(4000, 0.85, 0.5)
    replay = replayed_tau(recorded())
    assert replay is not None
    assert len(replay.taus) == MOST_GAMMA + 1
    for gamma in (1, 2, 8):
        assert replay.taus[gamma] == pytest.approx(4000 / len(greedy_rounds(hits, gamma)), rel=0.02)
    assert replay.alpha == pytest.approx(sum(hits) / 4000, abs=0.01)


def test_no_drafting_is_plain_decoding_and_costs_nothing_else() -> None:
    replay = replayed_tau(recorded())
    assert replay is not None
    assert predictions(recorded(), replay.taus)[0] == (0, 1.0, 1.0)


def test_the_recorded_draft_length_comes_out_as_measured() -> None:
    lanes = recorded_lanes(comparisons.comparison(n_tokens=400))
    lane = lanes[1]
    replay = replayed_tau(lane)
    assert replay is not None
    rounds = [each for text in lane.texts for each in text]
    measured = sum(len(each.emitted) for each in rounds) / len(rounds)
    assert replay.taus[4] == pytest.approx(measured, rel=0.01)
    speedup = predictions(lane, replay.taus)[4].speedup
    assert speedup == pytest.approx(10 * measured / (4 * 1.5 + 10), rel=0.02)


def test_a_faster_drafter_gains_the_more_the_longer_the_draft() -> None:
    replay = replayed_tau(recorded())
    assert replay is not None
    slow, fast = (predictions(recorded(), replay.taus, drafter_speed=speed) for speed in (1.0, 4.0))
    gains = [(b.speedup or 0) / (a.speedup or 1) for a, b in zip(slow, fast, strict=True)]
    assert gains[0] == 1.0
    assert gains == sorted(gains)


def test_lenience_is_priced_by_the_changed_acceptance_rate() -> None:
    run = RecordedRun("D", 4, (tuple(SampledPair(1.5).rounds(800, 4, seed=1)),), 2.0, COSTS)
    exact, lenient = replayed_tau(run), replayed_tau(run, 0.3)
    assert exact is not None
    assert lenient is not None
    assert lenient.alpha > exact.alpha
    assert lenient.taus[4] == pytest.approx(expected_tokens(lenient.alpha, 4))


def test_the_best_draft_length_may_be_none_at_all() -> None:
    replay = replayed_tau(recorded())
    assert replay is not None
    cheap = best(predictions(recorded(), replay.taus))
    dear = best(predictions(recorded(costs=COSTS._replace(draft_ms=30.0)), replay.taus))
    assert cheap is not None
    assert dear is not None
    assert cheap.gamma > 1
    assert dear.gamma == 0
    assert best(predictions(recorded(costs=None), replay.taus)) is None


def test_a_run_with_nothing_tested_has_no_replay() -> None:
    empty = RecordedRun("D", 4, (), 1.0, COSTS)
    assert replayed_tau(empty) is None
    assert replayed_tau(empty, 0.5) is None


def test_a_short_recorded_run_is_replayed_too() -> None:
    run = recorded_run(stories.whole_run())
    assert run is not None
    replay = replayed_tau(run, most_gamma=3)
    assert replay is not None
    assert len(replay.taus) == 4
    assert 1 <= replay.taus[1] <= 2


def test_rounds_in_which_a_lookup_found_nothing_cost_a_plain_step() -> None:
    always, half = recorded(), recorded()._replace(share=0.5)
    costs = COSTS.round_ms(4)
    assert always.speedup(2.0, 4, 1.0) == pytest.approx(2 * 10 / costs)
    assert half.speedup(2.0, 4, 1.0) == pytest.approx(2 * 10 / (costs / 2 + 5))


def test_a_run_is_replayed_at_the_costs_that_its_summary_has() -> None:
    run, summary = recorded_run(stories.whole_run()), reduce(fold, stories.whole_run(), Summary())
    assert run is not None
    replay = replayed_tau(run)
    assert replay is not None
    assert run.costs is not None
    assert run.costs == summary.costs
    as_recorded = predictions(run, replay.taus)[run.gamma]
    assert as_recorded.tau == summary.tau
    assert as_recorded.speedup == pytest.approx(run.costs.speedup(run.tau, run.gamma))
    assert best_gamma(run) in range(MOST_GAMMA + 1)


def test_a_lane_is_replayed_at_the_costs_and_from_the_rounds_of_its_comparison() -> None:
    events = comparisons.comparison(n_tokens=400)
    texts = [event for event in events if isinstance(event, GenerationMeasured)]
    plain = [text for text in texts if text.lane == PLAIN_LANE]
    lanes = recorded_lanes(events)
    assert lanes
    for lane in lanes:
        own = [text for text in texts if text.lane == lane.name]
        assert lane.costs == cost_model(plain, own)
        replay = replayed_tau(lane)
        assert replay is not None
        assert replay.taus[lane.gamma] == counts_of(own).tau
