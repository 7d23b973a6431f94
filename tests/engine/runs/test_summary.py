"""The fold against hand-counted runs."""

from collections.abc import Sequence
from functools import reduce

import msgspec
import pytest

from engine.events import BlockFinished, Lane, PolicyDecided, Progressed, RoundFinished, RunFailed
from engine.runs.round_counts import Position
from engine.runs.summary import BlockTime, Summary, fold
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


def test_speedup_is_the_quotient_of_the_two_times_and_predicted_from_the_measured_costs() -> None:
    summary = folded(*stories.whole_run())
    assert summary.speedup == pytest.approx(2.0)
    assert summary.speedup_range == pytest.approx((2.0, 2.0))
    assert (summary.speedup_ci, summary.n_repeats) == (None, 3)
    assert summary.c == pytest.approx(0.5 / 2.5)
    assert summary.verify_ratio == pytest.approx(2.0 / 2.5)
    assert summary.costs is not None
    assert summary.predicted_tau is not None
    assert summary.costs.round_ms(2) == pytest.approx(0.5 + 2 * 0.5 + 2.5)
    assert summary.predicted_speedup == pytest.approx(summary.predicted_tau * 3.5 / (0.5 + 2 * 0.5 + 2.5))


def test_a_generation_that_is_in_no_pair_leaves_every_measured_figure_as_it_is() -> None:
    watched = BlockFinished("speculative", 0, (10, 11), 9.0, 900.0, 90.0, 80.0, 70.0, paired=False)
    whole = stories.whole_run()
    summary = folded(*whole[:5], watched, *whole[5:])
    known = folded(*whole)
    assert summary.measured_speedup == known.measured_speedup
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


def test_where_no_block_had_a_full_draft_the_rounds_tell_what_verifying_costs() -> None:
    events = [
        msgspec.structs.replace(event, target_step_ms=None)
        if isinstance(event, BlockFinished) and event.lane == "speculative"
        else event
        for event in stories.whole_run()
    ]
    summary = folded(*events)
    assert summary.verify_ratio is None
    assert summary.costs is not None and summary.costs.widths[-1][0] == 3
    assert summary.predicted_speedup is not None
    assert summary.speedup == pytest.approx(2.0)


def timed(lane: Lane, pair: int, ms_per_token: float) -> BlockFinished:
    """A block of ten tokens."""
    return BlockFinished(
        lane, pair, tuple(range(10)), 4.0, 10 * ms_per_token, 3.5, 2.0, 0.5 if lane != "plain" else None
    )


def repeats(plain: Sequence[float], drafted: Sequence[float]) -> Summary:
    """A run with these times per token."""
    blocks = [timed("plain", i, ms) for i, ms in enumerate(plain)]
    blocks += [timed("speculative", i, ms) for i, ms in enumerate(drafted)]
    return folded(*stories.whole_run()[:5], *blocks)


def test_times_that_stand_side_by_side_divide_to_the_speedup() -> None:
    summary = repeats([13.7, 13.1, 20.0, 13.9, 12.0], [4.47, 5.4, 4.1, 9.0, 4.2])
    assert summary.baseline_ms_per_token is not None
    assert summary.ms_per_token is not None
    assert summary.speedup == summary.baseline_ms_per_token / summary.ms_per_token
    assert summary.speedup_ci is None
    assert summary.speedup_range == pytest.approx((13.9 / 9.0, 20.0 / 4.1))


def test_ten_repeats_have_an_interval_around_the_speedup() -> None:
    summary = repeats([10.0 + 0.1 * i for i in range(10)], [5.0 - 0.05 * i for i in range(10)])
    assert summary.speedup is not None
    assert summary.speedup_ci is not None
    assert summary.speedup_ci.low < summary.speedup < summary.speedup_ci.high


def test_a_repeat_under_way_counts_in_the_times_and_not_in_the_range() -> None:
    summary = repeats([10.0, 10.0, 40.0], [5.0, 5.0])
    assert (summary.speedup, summary.n_repeats, summary.speedup_range) == (2.0, 2, (2.0, 2.0))


def test_a_disturbed_block_is_said() -> None:
    assert repeats([10.0] * 5, [5.0] * 5).disturbances == ()
    (sentence,) = repeats([10.0, 10.0, 25.0, 10.0, 10.0], [5.0] * 5).disturbances
    assert "1 of 10" in sentence


def test_thousands_of_blocks_are_summed_up_at_once() -> None:
    summary = msgspec.structs.replace(
        Summary(),
        blocks=tuple(BlockTime(lane, i, 2.0, 1.0, 1.0) for i in range(20_000) for lane in ("plain", "speculative")),
    )
    assert summary.speedup_ci == (1.0, 1.0)


def test_of_a_tree_a_place_of_the_text_counts_once() -> None:
    rounds = [stories.tree_round(0, (0, 3)), stories.tree_round(1, ()), stories.tree_round(2, (1, 4, 6))]
    summary = folded(msgspec.structs.replace(stories.started(9), settings=(("gamma", 9), ("tree", "2,3,2"))), *rounds)
    assert (summary.gamma, summary.n_proposed, summary.n_accepted, summary.n_rejected) == (3, 21, 5, 2)
    assert summary.alpha == pytest.approx(5 / 7)
    assert summary.efficiency == pytest.approx(5 / 21)
    assert summary.tau == pytest.approx(8 / 3)
    assert summary.positions == (Position(2, 3), Position(2, 2), Position(1, 2))
    assert (summary.draft_lengths, summary.mean_draft) == ((0, 0, 3), 3.0)
    # The largest overlap of the children at each place that was tested.
    assert summary.alpha_overlap == pytest.approx((0.2 + 0.4 + 0.6 + 0.2 + 0.2 + 0.5 + 0.7) / 7)


def test_nothing_after_the_end_of_the_text_counts() -> None:
    summary = folded(stories.started(), stories.tree_round(0, (0,), last=False))
    assert (summary.n_accepted, summary.n_rejected) == (1, 0)


def test_a_round_tells_how_its_tree_is_shown_in_one_line() -> None:
    shown = [[token.id for token in stories.tree_round(0, path).in_a_row] for path in ((), (0,), (0, 2), (1, 4, 6))]
    assert shown == [[10], [10, 12], [10, 12], [11, 14, 16]]
    assert [token.id for token in stories.tree_round(0, (0,), last=False).in_a_row] == [10]
    chain = stories.round_of(0, "accepted", "rejected", "untested")
    assert (chain.in_a_row, chain.depth, chain.n_accepted, chain.n_tested) == (chain.proposed, 3, 1, 2)


def judged_together(event: RoundFinished, *prefix_probs: float) -> RoundFinished:
    """The same round by block verification."""
    tokens = zip(event.proposed, prefix_probs, strict=True)
    proposed = tuple(msgspec.structs.replace(token, prefix_prob=prob) for token, prob in tokens)
    return msgspec.structs.replace(event, proposed=proposed)


def test_of_blocks_alpha_is_the_overlap_of_all_drafted_tokens_and_has_no_interval() -> None:
    rounds = [
        judged_together(stories.round_of(i, "accepted", "rejected", "untested"), 0.9, 0.4, 0.1) for i in range(20)
    ]
    summary = folded(stories.started(3), *rounds)
    assert summary.alpha == summary.alpha_overlap == pytest.approx(0.5)
    assert (summary.n_overlaps, summary.n_tested, summary.alpha_ci) == (60, 40, None)
    assert summary.tau == pytest.approx(2.0)
    assert summary.predicted_tau is not None


def test_decisions_of_a_policy_are_counted() -> None:
    begun = stories.started(4)
    begun = msgspec.structs.replace(begun, settings=(*begun.settings, ("policy", "best-s")))
    decision = PolicyDecided(1, 4, 6, 1.2, 1.3, "faster")
    summary = folded(begun, stories.round_of(0, "accepted"), decision, decision)
    assert (summary.policy, summary.n_decisions) == ("best-s", 2)
    assert folded(stories.started(4)).policy == ""


def test_under_a_policy_the_cost_of_verifying_is_that_of_the_rounds_with_a_draft() -> None:
    begun = stories.started(2)
    begun = msgspec.structs.replace(begun, settings=(*begun.settings, ("policy", "fallback")))
    drafted, plain = stories.round_of(0, "accepted", "rejected"), stories.round_of(1)
    blocks = [event for event in stories.whole_run() if isinstance(event, BlockFinished)]
    costs = folded(begun, msgspec.structs.replace(drafted, verify_ms=6.0), plain, *blocks).costs
    assert costs is not None
    narrow_ms = costs.widths[0][1]
    assert costs.widths[1] == (3, pytest.approx(6.0 + plain.verify_ms - narrow_ms))
