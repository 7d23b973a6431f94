"""The sizes of a block follow from its shape alone."""

from engine.longspec.block import LongspecBlock
from engine.longspec.shape import DRAFT_ROOM, LongspecShape, memory_bytes, n_parameters, ring_bytes, tensor_shapes

SHAPE = LongspecShape(hidden=32, n_heads=4, n_kv_heads=2, head_size=8, feed_forward=64, epsilon=1e-6, window=16)


def test_names_and_shapes_are_those_of_the_modules() -> None:
    block = LongspecBlock(SHAPE)
    assert {name: tuple(weight.shape) for name, weight in block.named_parameters()} == tensor_shapes(SHAPE)
    assert sum(weight.numel() for weight in block.parameters()) == n_parameters(SHAPE)


def test_only_output_projections_and_feed_forward_have_no_bias() -> None:
    biased = {name for name in tensor_shapes(SHAPE) if name.endswith("bias")}
    assert biased == {
        "self_attn.q_proj.bias", "self_attn.k_proj.bias", "self_attn.v_proj.bias", "cross_attn.q_proj.bias",
    }  # fmt: skip


def test_memory_is_weights_and_a_ring_of_window_and_draft() -> None:
    assert ring_bytes(SHAPE, 4) == 2 * (16 + DRAFT_ROOM) * 2 * 8 * 4
    assert memory_bytes(SHAPE, 2) == 2 * n_parameters(SHAPE) + ring_bytes(SHAPE, 2)
