"""Rows of long text: what repeats counts, what is new does not, and positions span the context."""

from itertools import pairwise
from random import Random

import pytest
import torch
from transformers import LlamaForCausalLM

from engine.training import builtin, shapes
from engine.training.curriculum import DEMONSTRATED, FAR
from engine.training.far_text import far_row, jumping_positions
from engine.training.rows import MixtureRows, RowShape, TrainingBatch
from engine.training.shapes import StudentShape
from tests import fakes

WORDS = fakes.tokenizer()
LENGTH = 1024


def test_row_depends_on_its_draws_alone_and_has_its_length() -> None:
    for seed in range(4):
        row, again = (far_row(Random(seed), WORDS, FAR, LENGTH) for _ in range(2))
        assert row == again
        assert len(row.ids) == len(row.weights) == LENGTH
    assert far_row(Random(1), WORDS, FAR, LENGTH) != far_row(Random(2), WORDS, FAR, LENGTH)


def test_every_value_that_counts_as_repeated_stands_above_it() -> None:
    n_repeated = 0
    for seed in range(6):
        row = far_row(Random(seed), WORDS, FAR, LENGTH)
        for place, weight in enumerate(row.weights):
            if weight == FAR.repeated_weight:
                n_repeated += 1
                assert row.ids[place] in row.ids[:place]
    assert n_repeated > 20


def test_new_values_count_less_than_repeated_ones() -> None:
    weights = far_row(Random(3), WORDS, FAR, LENGTH).weights
    assert {FAR.new_weight, FAR.repeated_weight} <= set(weights)


@pytest.mark.parametrize("n_jumps", [1, 2, 3])
def test_positions_rise_and_stay_within_the_context(n_jumps: int) -> None:
    for seed in range(30):
        positions = jumping_positions(Random(seed), LENGTH, n_jumps)
        assert positions is not None
        steps = [after - before for before, after in pairwise(positions)]
        assert positions[0] == 0
        assert min(steps) >= 1
        assert sum(step > 1 for step in steps) <= n_jumps
        assert LENGTH - 1 < positions[-1] < shapes.CONTEXT


@pytest.mark.parametrize(("length", "n_jumps"), [(LENGTH, 0), (shapes.CONTEXT, 2)])
def test_positions_are_ordinary_without_jumps_and_in_rows_of_the_whole_context(length: int, n_jumps: int) -> None:
    assert jumping_positions(Random(1), length, n_jumps) is None


def test_rows_of_the_whole_context_hold_long_text_and_short_ones_none() -> None:
    rows = MixtureRows(WORDS, (DEMONSTRATED,), seed=1, steps=10)
    whole = rows.batch(1, RowShape(1, shapes.CONTEXT))
    assert whole.positions is None
    assert int((whole.weights == FAR.repeated_weight).sum()) > 10
    assert all(rows.batch(step, RowShape(2, 256)).positions is None for step in range(6))
    assert any(rows.batch(step, RowShape(1, 2048)).positions is not None for step in range(8))


def test_a_row_whose_positions_jump_is_still_one_text() -> None:
    """Its last logits depend on ids before the jump, and on how far it jumps."""
    torch.manual_seed(1)
    shape = StudentShape(hidden=16, layers=1, heads=2, kv_heads=1, mlp=16)
    model = LlamaForCausalLM(shapes.llama_config(shape, end_id=0)).eval()
    ids, weights = torch.tensor([[5, 6, 7, 8, 9, 10]]), torch.ones(1, 6)
    near, far = (torch.tensor([[0, 1, 2, 3 + n, 4 + n, 5 + n]]) for n in (2, 900))
    plain = builtin._logits(model, TrainingBatch(ids, weights))[0, -1]
    jumped = builtin._logits(model, TrainingBatch(ids, weights, near))[0, -1]
    assert not torch.equal(jumped, builtin._logits(model, TrainingBatch(ids, weights, far))[0, -1])
    assert not torch.equal(jumped, plain)
    other = ids.clone()
    other[0, 1] = 20
    assert not torch.equal(jumped, builtin._logits(model, TrainingBatch(other, weights, near))[0, -1])
    ordinary = torch.arange(6)[None]
    torch.testing.assert_close(plain, builtin._logits(model, TrainingBatch(ids, weights, ordinary))[0, -1])


def test_parts_of_a_batch_keep_their_positions() -> None:
    batch = TrainingBatch(torch.zeros(3, 2), torch.ones(3, 2), torch.arange(6).reshape(3, 2))
    part = batch.rows(1, 3)
    assert part.positions is not None
    assert part.positions.tolist() == [[2, 3], [4, 5]]
    assert TrainingBatch(batch.ids, batch.weights).rows(0, 1).positions is None
