"""A model's weights, those that multiply the same input joined into one matrix; knows nothing of forwards.

Nothing is held twice: each joined matrix takes the place of the matrices it is made of, which become views of it, so
that the modules go on working. While one is made, its parts exist twice."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.models.llama.modeling_llama import LlamaDecoderLayer

from engine.fast.families import Shape, shape_of


class Projection(NamedTuple):
    """x -> weight x + bias; weight: [n_out, n_in]."""

    weight: Tensor
    bias: Tensor | None


class FusedLayer(NamedTuple):
    """The weights of one decoder layer; the norms of query and key are None where there are none."""

    norm_in: Tensor
    qkv: Projection
    norm_query: Tensor | None
    norm_key: Tensor | None
    out: Projection
    norm_mlp: Tensor
    gate_up: Projection
    down: Projection


class FusedWeights(NamedTuple):
    """All that the fused forward needs of a model. n_bytes: of the matrices that a step over one id reads."""

    embedding: Tensor
    layers: tuple[FusedLayer, ...]
    norm: Tensor
    head: Projection
    shape: Shape
    n_bytes: int


@torch.no_grad()
def fuse(model: PreTrainedModel) -> FusedWeights:
    """Join the weights of a model that `families.why_not` has nothing against; its modules keep working, as views."""
    layers = tuple(_layer(layer) for layer in model.model.layers)
    head = Projection(model.lm_head.weight.data, None)
    n_bytes = sum(map(_layer_bytes, layers)) + head.weight.nbytes
    embedding, norm = model.get_input_embeddings().weight.data, model.model.norm.weight.data
    return FusedWeights(embedding, layers, norm, head, shape_of(model), n_bytes)


def _layer(layer: LlamaDecoderLayer) -> FusedLayer:
    attention, mlp = layer.self_attn, layer.mlp
    norms = [getattr(attention, name, None) for name in ("q_norm", "k_norm")]
    return FusedLayer(
        norm_in=layer.input_layernorm.weight.data,
        qkv=_joined([attention.q_proj, attention.k_proj, attention.v_proj]),
        norm_query=None if norms[0] is None else norms[0].weight.data,
        norm_key=None if norms[1] is None else norms[1].weight.data,
        out=_joined([attention.o_proj]),
        norm_mlp=layer.post_attention_layernorm.weight.data,
        gate_up=_joined([mlp.gate_proj, mlp.up_proj]),
        down=_joined([mlp.down_proj]),
    )


def _joined(parts: Sequence[nn.Linear]) -> Projection:
    """One projection in place of several of the same input, whose weights and biases become views of it."""
    weight = _one_of([part.weight for part in parts])
    biases = [part.bias for part in parts if part.bias is not None]
    return Projection(weight, _one_of(biases) if biases else None)


def _one_of(parts: Sequence[Tensor]) -> Tensor:
    if len(parts) == 1:
        return parts[0].data
    one = torch.cat([part.data for part in parts])
    start = 0
    for part in parts:
        part.data = one[start : start + part.shape[0]]
        start += part.shape[0]
    return one


def _layer_bytes(layer: FusedLayer) -> int:
    return sum(part.weight.nbytes for part in (layer.qkv, layer.out, layer.gate_up, layer.down))
