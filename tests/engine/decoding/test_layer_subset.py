"""A model of some of another's layers shares its weights and leaves it as it is."""

import pytest
import torch

from engine.decoding.layer_subset import configured, copied, subset, why_no_subset
from tests import fakes

IDS = torch.tensor([[5, 9, 11, 3, 8]])
FAMILIES = ("llama", "qwen3", "gemma2", "gpt2", "gemma3_text")


def model(family: str):  # type: ignore[no-untyped-def]
    depth = {"n_layer": 4} if family == "gpt2" else {"num_hidden_layers": 4}
    own = {"head_dim": 8, "sliding_window": 3} if family == "gemma3_text" else {}
    return fakes.model(family, sharpness=1.5, **depth, **own)


@pytest.mark.parametrize("family", FAMILIES)
def test_first_layers_leave_the_model_as_it_is_and_share_its_weights(family: str) -> None:
    made = model(family)
    with torch.inference_mode():
        before = made(input_ids=IDS).logits
        first = subset(made, (0, 1))
        assert not torch.allclose(first(input_ids=IDS).logits, before)
        assert torch.equal(made(input_ids=IDS).logits, before)
    own = {id(parameter) for parameter in made.parameters()}
    assert {id(parameter) for parameter in first.parameters()} < own
    assert (first.config.num_hidden_layers, made.config.num_hidden_layers) == (2, 4)


@pytest.mark.parametrize("family", FAMILIES)
def test_copies_compute_the_same_with_a_cache_and_share_nothing(family: str) -> None:
    made = model(family)
    with torch.inference_mode():
        wanted = subset(made, (0, 3))(input_ids=IDS, use_cache=False).logits
    copy = copied(made, (0, 3))
    with torch.inference_mode():
        cached = copy(input_ids=IDS[:, :3], use_cache=True)
        rest = copy(input_ids=IDS[:, 3:], cache=cached.cache, use_cache=True).logits
    assert torch.allclose(torch.cat([cached.logits, rest], 1), wanted, rtol=1e-4, atol=1e-4)
    assert not {id(parameter) for parameter in copy.parameters()} & {id(parameter) for parameter in made.parameters()}


def test_lists_by_layer_follow_the_layers() -> None:
    config = fakes.config("gemma2", num_hidden_layers=4)
    assert configured(config, (1, 2)).layer_types == [config.layer_types[1], config.layer_types[2]]


def test_model_whose_layers_cannot_be_told_apart_says_so() -> None:
    made = fakes.model("llama")
    made.extra = torch.nn.ModuleList([torch.nn.Identity(), torch.nn.Identity()])
    assert "do not tell" in why_no_subset(made)
    assert why_no_subset(fakes.model("llama")) == ""
