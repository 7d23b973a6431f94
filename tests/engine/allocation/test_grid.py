"""Which cells are swept, and which are predicted."""

import pytest

from engine.allocation.grid import REFERENCE, beyond, cells_of, neighbourhood
from engine.errors import InputError
from engine.events import Allocation


def test_reference_cells_are_always_swept_and_iterating_without_documents_never() -> None:
    cells = cells_of((2,), (0,), (1, 3))
    assert set(cells) == {*REFERENCE, Allocation(2, 0, 1), Allocation(2, 0, 3)}
    assert Allocation(0, 0, 3) not in cells_of((0, 2), (0,), (3,))


@pytest.mark.parametrize(
    ("ks", "ms", "ns", "said"),
    [
        ((-1,), (0,), (1,), "k = -1"),
        ((1,), (257,), (1,), "m = 257"),
        ((1,), (0,), (0,), "n = 0"),
        ((), (0,), (1,), "no k is given"),
        (tuple(range(100)), tuple(range(100)), (1,), "more than 500"),
    ],
)
def test_numbers_out_of_bounds_are_refused(
    ks: tuple[int, ...], ms: tuple[int, ...], ns: tuple[int, ...], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        cells_of(ks, ms, ns)


def test_a_fit_looks_one_step_beyond_what_was_measured_and_says_so() -> None:
    cells = neighbourhood(cells_of((0, 1, 5), (0, 2), (1, 3)))
    assert {Allocation(2, 1, 2), Allocation(10, 4, 4)} <= set(cells)
    assert beyond(Allocation(2, 1, 2), cells_of((0, 1, 5), (0, 2), (1, 3))) == ""
    assert beyond(Allocation(10, 1, 4), cells_of((0, 1, 5), (0, 2), (1, 3))) == (
        "10 documents, measured 0 to 5; 4 iterations, measured 1 to 3"
    )
