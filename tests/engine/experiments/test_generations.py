"""What is kept of a generation."""

import pytest

from engine.events import GenerationMeasured
from engine.experiments.generations import count_positions, first_difference
from tests.comparisons import GENERAL, comparison


@pytest.mark.parametrize(
    ("ids", "other", "at"),
    [((1, 2), (1, 2), None), ((1, 2), (1, 3), 1), ((1, 2), (1, 2, 3), 2), ((), (1,), 0), ((), (), None)],
)
def test_the_first_difference_is_where_texts_part_or_one_ends(
    ids: tuple[int, ...], other: tuple[int, ...], at: int | None
) -> None:
    assert first_difference(ids, other) == at


def test_positions_are_counted_over_drafts_of_any_length() -> None:
    text = next(event for event in comparison() if isinstance(event, GenerationMeasured) and event.lane == GENERAL.name)
    counts = count_positions(text.rounds)
    assert counts.accepted == text.accepted_by_position
    assert counts.tested == text.tested_by_position
    assert count_positions(()) == ((), ())
