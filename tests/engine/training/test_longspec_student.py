"""A new block predicts from the embedding alone, learns to agree with its target, and is scored as it drafts."""

from itertools import count, islice

import pytest
import torch

from engine.errors import InputError
from engine.models.loading import LoadedModel
from engine.training import longspec_student, objectives
from engine.training.held_out import written
from engine.training.longspec_objective import LongspecSwitches, objective
from engine.training.longspec_student import LongspecStudent, new_block
from engine.training.loop import StepPace, train_in_memory
from engine.training.plan import Stretch, TrainingPlan
from engine.training.rows import RowShape, TrainingBatch
from engine.training.target_text import continued
from tests import fakes
from tests.fake_cuda.kinds import loaded

ROWS = RowShape(8, 32)


@pytest.fixture(scope="module")
def target() -> LoadedModel:
    return loaded(None, "llama", "cpu", torch.float32)


def test_the_same_seed_makes_the_same_block_and_every_addition_adds_nothing(target: LoadedModel) -> None:
    one, two, other = (new_block(target, seed=seed, window=8) for seed in (1, 1, 2))
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))
    assert not torch.equal(one.mlp.up_proj.weight, other.mlp.up_proj.weight)
    ids, model = torch.tensor([[3, 7, 2]]), target.model
    expected = model.get_output_embeddings()(one.norm(model.get_input_embeddings()(ids)))
    torch.testing.assert_close(LongspecStudent(one, target)(ids).logits, expected)


def test_the_last_norm_of_a_new_block_is_that_of_its_target() -> None:
    target = loaded(None, "llama", "cpu", torch.float32)
    with torch.no_grad():
        target.model.base_model.norm.weight.copy_(torch.linspace(0.5, 3.0, 32))
    torch.testing.assert_close(new_block(target, seed=1).norm.weight, target.model.base_model.norm.weight)


def test_a_text_that_is_scored_again_is_not_read_again(target: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    student, ids = LongspecStudent(new_block(target, seed=1, window=8), target), torch.tensor([[3, 7, 2, 9]])
    first = student(ids).logits
    monkeypatch.setattr(longspec_student, "read_texts", None)
    assert torch.equal(student(ids).logits, first)


def test_a_target_that_cannot_have_one_is_refused() -> None:
    with pytest.raises(InputError, match="can have no LongSpec drafter: its last layer attends to the last 12"):
        new_block(loaded(None, "mistral-sliding", "cpu", torch.float32), seed=1)


def test_training_raises_held_out_agreement(target: LoadedModel) -> None:
    rng = torch.Generator().manual_seed(1)
    starts = torch.randint(0, fakes.N_ENTRIES, (80, 2), generator=rng).tolist()
    with torch.inference_mode():
        texts = torch.tensor(list(continued(target, starts, 30)))
    held_out = written(target, texts[64:].tolist())
    block = new_block(target, seed=1, window=8)
    student = LongspecStudent(block, target)
    before = held_out.agreement(student).alpha

    def batch(step: int, shape: RowShape) -> TrainingBatch:
        rows = [step * 8 % 64 + i for i in range(8)]
        return TrainingBatch(texts[rows], torch.ones(8, 32))

    plan = TrainingPlan(steps=120, peak_rate=5e-3, stretches=(Stretch(1.0, (ROWS,)),), warmup=5)
    switches = LongspecSwitches(anchor_offset=False)
    steps = train_in_memory(block, batch, objective(block, target, switches, seed=1), plan, StepPace(torch.float32))
    assert list(islice(steps, 200)) == list(islice(count(1), 120))
    block.eval()
    assert held_out.agreement(student).alpha > before + 0.1


def test_its_scores_are_those_of_its_logits(target: LoadedModel) -> None:
    block = new_block(target, seed=1, window=8)
    ids = torch.tensor([[3, 7, 2, 9]])
    logits = LongspecStudent(block, target)(ids).logits
    assert logits.shape == (1, 4, fakes.N_ENTRIES)
    assert torch.isfinite(objectives.next_token_loss(logits, TrainingBatch(ids, torch.ones(1, 4))))
