"""What is kept of a generation."""

from engine.events import GenerationMeasured
from engine.experiments.generations import count_positions
from tests.comparisons import GENERAL, comparison
from tests.engine.runs import stories


def test_positions_are_counted_over_drafts_of_any_length() -> None:
    text = next(event for event in comparison() if isinstance(event, GenerationMeasured) and event.lane == GENERAL.name)
    counts = count_positions(text.rounds)
    assert counts.accepted == text.accepted_by_position
    assert counts.tested == text.tested_by_position
    assert count_positions(()) == ((), ())


def test_the_positions_of_trees_are_their_depths() -> None:
    rounds = [stories.tree_round(0, (0, 3)), stories.tree_round(1, ())]
    assert count_positions(rounds) == ((1, 1, 0), (2, 1, 1))
