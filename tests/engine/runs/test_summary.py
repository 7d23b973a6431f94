"""The fold against hand-counted runs."""

from functools import reduce

import msgspec
import pytest

from engine.events import BlockFinished, Progressed, RunFailed
from engine.runs.summary import Position, Summary, fold
from tests.engine.runs import stories


def folded(*events: object) -> Summary:
    return reduce(fold, events, Summary())  # type: ignore[arg-type]


def test_counts_and_rates_of_a_small_run() -> None:
    summary = folded(*stories.whole_run())
    assert (summary.n_proposed, summary.n_accepted, summary.n_rejected) == (6, 3, 2)
    assert summary.alpha == pytest.approx(3 / 5)
    assert summary.alpha_overlap == pytest.approx(0.5)
    assert summary.efficiency == pytest.approx(3 / 6)
    assert summary.tau == pytest.approx(6 / 3)
    assert summary.positions == (Position(2, 3), Position(1, 2))
    assert summary.ttft_ms == pytest.approx(4.0 + 3.5)
    assert summary.tpot_ms == pytest.approx((10.5 - 3.5) / 3)
    assert summary.itl_ms == pytest.approx(3.5)
    assert summary.state == "finished"
    assert summary.same is True


def test_speedup_is_the_median_over_pairs_and_predicted_from_the_measured_costs() -> None:
    summary = folded(*stories.whole_run())
    assert summary.speedup == pytest.approx(2.0)
    assert summary.speedup_ci == pytest.approx((2.0, 2.0))
    assert summary.c == pytest.approx(0.5 / 2.5)
    assert summary.verify_ratio == pytest.approx(2.0 / 2.5)
    assert summary.predicted_speedup == pytest.approx((1 + 0.6 + 0.36) / (2 * 0.2 + 0.8))


def test_a_generation_that_is_in_no_pair_leaves_every_measured_figure_as_it_is() -> None:
    watched = BlockFinished("speculative", 0, (10, 11), 9.0, 900.0, 90.0, 80.0, 70.0, paired=False)
    whole = stories.whole_run()
    summary = folded(*whole[:5], watched, *whole[5:])
    known = folded(*whole)
    assert summary.pair_speedups == known.pair_speedups
    assert (summary.ms_per_token, summary.c, summary.verify_ratio) == (known.ms_per_token, known.c, known.verify_ratio)
    before = folded(*whole[:5], watched)
    assert before.ms_per_token == folded(*whole[:5]).ms_per_token
    assert before.blocks


def test_acceptance_rate_leaves_out_untested_tokens() -> None:
    summary = folded(stories.started(), stories.round_of(0, "accepted", "rejected", "untested", "untested"))
    assert summary.alpha == pytest.approx(0.5)
    assert summary.efficiency == pytest.approx(0.25)


def test_nothing_is_claimed_before_it_was_measured() -> None:
    summary = folded(stories.started())
    values = (summary.alpha, summary.alpha_ci, summary.tau, summary.speedup, summary.predicted_speedup, summary.ttft_ms)
    assert values == (None,) * 6


def test_new_run_starts_from_nothing_and_progress_changes_nothing() -> None:
    first = folded(*stories.whole_run())
    assert fold(first, Progressed("loading", 1, 2, "bytes")) == first
    assert fold(first, stories.started()) == folded(stories.started())


def test_failure_is_kept_with_its_way_out() -> None:
    summary = folded(stories.started(), RunFailed("out of memory", "use a smaller model"))
    assert (summary.state, summary.failure, summary.hint) == ("failed", "out of memory", "use a smaller model")


def test_size_does_not_grow_with_the_run() -> None:
    events = [stories.round_of(i, "accepted", "rejected") for i in range(200)]
    summary = folded(stories.started(), *events)
    assert summary.n_rounds == 200
    assert len(summary.kinds) == 1
    assert len(summary.positions) == 2


def test_speedup_is_not_predicted_where_no_round_had_a_full_draft() -> None:
    events = [
        msgspec.structs.replace(event, target_step_ms=None)
        if isinstance(event, BlockFinished) and event.lane == "speculative"
        else event
        for event in stories.whole_run()
    ]
    summary = folded(*events)
    assert summary.verify_ratio is None
    assert summary.predicted_speedup is None
    assert summary.speedup == pytest.approx(2.0)
