"""What a replay reads from the events of runs and comparisons."""

import msgspec
import pytest

from engine.events import BlockFinished, Event, PhaseFinished, RoundFinished, RunStarted
from engine.experiments.recorded import recorded_lanes, recorded_run
from tests import comparisons
from tests.engine.runs import stories


def test_a_recorded_run_costs_what_the_steps_of_its_blocks_took() -> None:
    run = recorded_run(stories.whole_run())
    assert run is not None
    assert (run.name, run.gamma, len(run.texts[0])) == ("D", 2, 3)
    assert run.costs is not None
    assert (run.costs.plain_ms, run.costs.draft_ms, run.costs.fixed_ms) == (3.5, 0.5, 0.5)
    assert run.costs.widths == ((1, 2.5), (3, 2.5))
    assert run.tau == sum(len(each.emitted) for each in run.texts[0]) / 3


def test_a_run_under_a_policy_has_no_one_draft_length() -> None:
    first, *rest = stories.whole_run()
    assert isinstance(first, RunStarted)
    under_policy = msgspec.structs.replace(first, settings=(*first.settings, ("policy", "heuristic")))
    run, fixed = recorded_run([under_policy, *rest]), recorded_run([first, *rest])
    assert run is not None and fixed is not None
    assert (run.steady, fixed.steady, run.fill) == (False, True, 1.0)


def test_a_run_that_accepted_by_the_block_is_known_as_one() -> None:
    first, *rest = stories.whole_run()
    assert isinstance(first, RunStarted)
    by_block = msgspec.structs.replace(first, settings=(*first.settings, ("accept", "block")))
    runs = [recorded_run([start, *rest]) for start in (first, by_block)]
    assert [run is not None and run.by_block for run in runs] == [False, True]


def test_without_plain_decoding_nothing_is_known_of_costs() -> None:
    run = recorded_run(event for event in stories.whole_run() if not isinstance(event, BlockFinished))
    assert run is not None
    assert run.costs is None


def test_without_timed_blocks_of_its_own_the_recorded_rounds_tell_the_costs() -> None:
    kept = [e for e in stories.whole_run() if not (isinstance(e, BlockFinished) and e.lane == "speculative")]
    run = recorded_run(kept)
    assert run is not None
    assert run.costs is not None
    assert run.costs.draft_ms == pytest.approx(3 * 1.0 / 6)
    assert run.costs.fixed_ms == 0.5


def test_a_wider_forward_never_costs_less_than_a_narrow_one() -> None:
    events: list[Event] = [
        msgspec.structs.replace(event, target_step_ms=1.0)
        if isinstance(event, BlockFinished) and event.lane == "speculative"
        else event
        for event in stories.whole_run()
    ]
    run = recorded_run(events)
    assert run is not None
    assert run.costs is not None
    assert run.costs.verify_ms(40) == 2.5


def several_sequences() -> list[Event]:
    """A run whose rounds belong to two lanes."""
    rounds = [e for e in stories.whole_run() if isinstance(e, RoundFinished)]
    return [stories.started(), *(msgspec.structs.replace(each, lane=str(i % 2)) for i, each in enumerate(rounds))]


@pytest.mark.parametrize(
    "events",
    [[], [stories.started()], [PhaseFinished("prefill", 1.0, 2)], several_sequences(),
     [stories.started(), stories.round_of(0)], stories.whole_run()[1:]],
)  # fmt: skip
def test_what_proposed_nothing_or_is_no_single_run_cannot_be_replayed(events: list[Event]) -> None:
    assert recorded_run(events) is None


def test_lanes_of_a_comparison_are_read_with_the_plain_lane_as_their_measure() -> None:
    lanes = recorded_lanes(comparisons.comparison())
    assert [lane.name for lane in lanes] == [comparisons.SMALL.name, comparisons.GENERAL.name]
    general = lanes[1]
    assert len(general.texts) == 4
    assert general.costs is not None
    assert (general.costs.plain_ms, general.costs.draft_ms) == pytest.approx((10.0, 1.5))
    assert recorded_lanes([]) == ()


def test_a_lane_without_a_plain_one_beside_it_has_no_costs() -> None:
    lanes = recorded_lanes(comparisons.comparison(lanes=(comparisons.SMALL,), refused=()))
    assert [lane.costs for lane in lanes] == [None]


def test_the_start_of_a_run_is_what_names_it() -> None:
    events = [msgspec.structs.replace(e, drafter="other") if isinstance(e, RunStarted) else e
              for e in stories.whole_run()]  # fmt: skip
    run = recorded_run(events)
    assert run is not None
    assert run.name == "other"


def test_rounds_that_emitted_nothing_cannot_be_replayed() -> None:
    rounds = [msgspec.structs.replace(stories.round_of(i, "rejected"), emitted=()) for i in range(3)]
    assert recorded_run([stories.started(), *rounds]) is None


def test_trees_are_not_replayed_at_other_draft_lengths() -> None:
    assert recorded_run([stories.started(), stories.tree_round(0, (0, 3))]) is None
