"""Where two texts part."""

import pytest

from engine.runs.divergence import first_difference


@pytest.mark.parametrize(
    ("ids", "other", "at"),
    [((1, 2), (1, 2), None), ((1, 2), (1, 3), 1), ((1, 2), (1, 2, 3), 2), ((), (1,), 0), ((), (), None)],
)
def test_the_first_difference_is_where_texts_part_or_one_ends(
    ids: tuple[int, ...], other: tuple[int, ...], at: int | None
) -> None:
    assert first_difference(ids, other) == at
