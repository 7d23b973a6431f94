"""A classifier of which questions gain from iterating, learned from made-up sweeps."""

import numpy as np
import pytest

from engine.allocation.grid import cells_of
from engine.allocation.iterating_gain import learn
from engine.errors import InputError
from tests.allocations import table

CELLS = cells_of((1, 2), (0,), (1, 3))
WORDS = {"bridge": "Who leads the school of the town?", "single": "When was the mill built?"}
KINDS = ["bridge", "single"] * 20
TEXTS = {f"q{i}": WORDS[kind] for i, kind in enumerate(KINDS)}


def sweep_table(*, n_gains: bool = True) -> object:
    scores = [[float(kind == "single" or (n_gains and cell.n > 1)) for cell in CELLS] for kind in KINDS]
    return table(np.array(scores), KINDS, CELLS)


def test_questions_that_gain_are_told_by_their_words() -> None:
    model = learn(sweep_table(), TEXTS)  # type: ignore[arg-type]
    assert model.iterates(WORDS["bridge"]) and not model.iterates(WORDS["single"])
    assert model.r2 > 0.9
    assert model.routed[0] == model.iterated[0] == 1.0 > model.direct[0] == 0.5
    assert model.direct[1] < model.routed[1] < model.iterated[1]
    assert model.share_iterated == 0.5


def test_where_nothing_gains_nothing_iterates() -> None:
    model = learn(sweep_table(n_gains=False), TEXTS)  # type: ignore[arg-type]
    assert model.share_iterated == 0 and model.routed == model.direct
    assert not model.iterates("A question of other words")


def test_what_cannot_be_learned_from_is_refused() -> None:
    flat = cells_of((1, 2), (0,), (1,))
    with pytest.raises(InputError, match="differ in their iterations alone"):
        learn(table(np.zeros((20, len(flat))), ["single"] * 20, flat), TEXTS)
    with pytest.raises(InputError, match="too few to learn from"):
        learn(table(np.zeros((4, len(CELLS))), ["single"] * 4, CELLS), TEXTS)
