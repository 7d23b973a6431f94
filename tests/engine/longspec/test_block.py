"""The block is the chain of norms, attentions and additions of the paper, and turns as the target's modules do."""

import pytest
import torch
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb

from engine.longspec.block import rotated, turns_of
from engine.longspec.target_fit import rope_of, shape_of
from tests import fakes, longspec


def test_heads_are_turned_as_the_targets_keys_are() -> None:
    model = fakes.model("llama")
    positions = torch.tensor([0, 3, 90])
    heads = torch.randn(3, 4, 8)
    cos, sin = model.model.rotary_emb(heads, positions[None])
    expected, _ = apply_rotary_pos_emb(heads.transpose(0, 1)[None], heads.transpose(0, 1)[None], cos, sin)
    turned = rotated(heads, turns_of(rope_of(model), positions, torch.float32))
    torch.testing.assert_close(turned, expected[0].transpose(0, 1))


@pytest.mark.parametrize("final_norm", [False, True])
def test_the_order_is_norm_attention_addition_three_times_and_perhaps_a_last_norm(final_norm: bool) -> None:
    block = longspec.block(shape_of(fakes.config("llama"))._replace(final_norm=final_norm), sharpness=1.0)
    x, turns = torch.randn(2, 32), turns_of(rope_of(fakes.model()), torch.tensor([0, 0]), torch.float32)
    ones, twos = torch.ones(2, 4, 8), 2 * torch.ones(2, 4, 8)
    after_self = x + block.self_attn.o_proj(ones.flatten(1))
    after_cross = after_self + block.cross_attn.o_proj(twos.flatten(1))
    expected = block.norm(after_cross + block.mlp(block.post_cross_attention_layernorm(after_cross)))
    assert (len(dict(block.norm.named_parameters())) == 1) is final_norm
    asked = []

    def cross(queries: torch.Tensor) -> torch.Tensor:
        asked.append(queries)
        return twos

    torch.testing.assert_close(block(x, turns, lambda q, k, v: ones, cross), expected)
    queries = block.cross_attn.q_proj(block.post_self_attention_layernorm(after_self)).view(2, 4, 8)
    torch.testing.assert_close(asked[0], queries)


def test_keys_and_values_follow_from_the_embedding_and_the_place_alone() -> None:
    block = longspec.block(shape_of(fakes.config("llama")))
    x, turns = torch.randn(2, 32), turns_of(rope_of(fakes.model()), torch.tensor([5, 6]), torch.float32)
    handed = []

    def attend(queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        handed.append((keys, values))
        return queries

    block(x, turns, attend, lambda queries: None)
    for ours, theirs in zip(block.new_kv(x, turns), handed[0], strict=True):
        assert torch.equal(ours, theirs)
