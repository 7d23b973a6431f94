"""Each node of a verified tree is accepted, rejected or was never tested."""

import pytest

from engine.decoding.tree_fates import tree_fates

# 0 and 1 follow the text; 2 and 3 follow 0, 4 follows 1; 5 follows 3, 6 follows 4.
PARENTS = (-1, -1, 0, 0, 1, 3, 4)


def letters(path: tuple[int, ...], *, leaves_first: bool = False, ended: bool = False) -> str:
    return "".join(fate[0] for fate in tree_fates(PARENTS, path, leaves_first=leaves_first, ended=ended))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ((), "rruuuuu"),
        ((0,), "aurruuu"),
        ((1,), "rauuruu"),
        ((0, 2), "auauuuu"),
        ((0, 3), "aurauru"),
        ((0, 3, 5), "aurauau"),
        ((1, 4, 6), "rauuaua"),
    ],
)
def test_children_are_tested_in_order_until_one_is_accepted(path: tuple[int, ...], expected: str) -> None:
    assert letters(path) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ((), "rrrrrrr"),
        ((0,), "aurruru"),
        ((0, 2), "auauuuu"),
        ((0, 3), "aurauru"),
        ((0, 3, 5), "aurauau"),
        ((1,), "rarrrrr"),
        ((1, 4, 6), "rarrara"),
    ],
)
def test_whole_paths_are_tested_in_the_order_of_their_ends(path: tuple[int, ...], expected: str) -> None:
    assert letters(path, leaves_first=True) == expected


def test_nothing_is_tested_after_the_end_of_the_text() -> None:
    assert letters((0,), ended=True) == "auuuuuu"
    assert letters((1,), ended=True) == "rauuuuu"
    assert letters((1,), leaves_first=True, ended=True) == "rarruru"
