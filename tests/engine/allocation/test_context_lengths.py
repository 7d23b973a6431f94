"""Effective context of cells: measured where known, otherwise modelled."""

import numpy as np
import pytest

from engine.allocation.context_lengths import ContextModel
from engine.events import Allocation
from tests.allocations import CELLS, table, tokens


def test_measured_lengths_are_exact_and_others_follow_the_prompt() -> None:
    model = ContextModel(table(np.zeros((4, len(CELLS))), ["single"] * 4))
    measured = model.of(Allocation(2, 1, 3))
    assert measured.measured and measured.longest == tokens(Allocation(2, 1, 3)) + 9
    other = model.of(Allocation(4, 2, 3))
    assert not other.measured
    assert other.mean == pytest.approx(tokens(Allocation(4, 2, 3)), rel=0.05)
    assert other.longest > other.mean


def test_a_longer_request_is_never_modelled_as_shorter() -> None:
    model = ContextModel(table(np.zeros((4, len(CELLS))), ["single"] * 4))
    lengths = [model.of(Allocation(k, 3, 4)).longest for k in range(3, 60, 7)]
    assert lengths == sorted(lengths)
