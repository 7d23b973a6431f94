"""A sequence that keeps its prompt: read once, and decoded from as if it were read each time."""

import torch
from torch import Tensor

from engine.fast.model import FusedModel
from engine.fast.weights import fuse
from engine.measuring.shared_prompt import SharedPrompt
from tests import fakes

WEIGHTS = fuse(fakes.model(sharpness=2.0))
PROMPT = torch.arange(60) % 290


class Counting(FusedModel):
    """Counts the ids that are read without logits."""

    n_read = 0

    def prefill(self, ids: Tensor) -> None:
        self.n_read += ids.shape[0]
        super().prefill(ids)


def new_model() -> Counting:
    return Counting(WEIGHTS, context=128)


def read(sequence: SharedPrompt | FusedModel, ids: Tensor) -> None:
    sequence.reset()
    for chunk in ids.split(32):
        sequence.prefill(chunk)


@torch.inference_mode()
def test_a_prompt_is_read_once_and_each_text_is_as_from_a_sequence_of_its_own() -> None:
    model = new_model()
    shared = SharedPrompt(model)
    for step in range(3):
        read(shared, PROMPT)
        assert shared.length == 60
        alone = FusedModel(WEIGHTS, context=128)
        read(alone, PROMPT)
        for ids in (torch.tensor([step, 4, 5]), torch.tensor([9])):
            assert torch.allclose(shared.forward(ids), alone.forward(ids), atol=1e-4)
            shared.rollback(1)
            alone.rollback(1)
        assert shared.length == alone.length
    assert model.n_read == 60


@torch.inference_mode()
def test_another_prompt_takes_the_place_of_the_first_from_where_they_differ() -> None:
    model = new_model()
    shared = SharedPrompt(model)
    read(shared, PROMPT)
    shared.forward(torch.tensor([1, 2, 3]))
    other = PROMPT.clone()
    other[40] = 7
    read(shared, other)
    alone = FusedModel(WEIGHTS, context=128)
    read(alone, other)
    assert model.n_read == 60 + 28
    assert shared.holds(other.tolist()) and not shared.holds(PROMPT.tolist())
    assert torch.allclose(shared.forward(torch.tensor([5])), alone.forward(torch.tensor([5])), atol=1e-4)


@torch.inference_mode()
def test_last_keys_are_those_of_the_text_so_far() -> None:
    shared = SharedPrompt(new_model())
    read(shared, PROMPT)
    shared.forward(torch.tensor([1, 2]))
    shared.reset()
    shared.prefill(PROMPT[:32])
    assert shared.last_kv().length == 32
    assert len(shared.last_kv().keys) >= 32


@torch.inference_mode()
def test_memory_is_that_of_what_is_expected() -> None:
    shared = SharedPrompt(new_model())
    shared.expect(70)
    read(shared, PROMPT)
    expected = FusedModel(WEIGHTS, context=70)
    expected.prefill(PROMPT[:40])
    assert shared.bytes() == expected.bytes()
