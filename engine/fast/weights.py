"""Joins the weights of a model that multiply the same input into one matrix.

No matrix is held twice: each joined matrix replaces the matrices it consists of, which become views of it, so that the
modules keep working. While one is built, its parts exist twice. All weights that are pages of a mapped file are copied
to allocated memory, since one left there would keep the whole file mapped beside the joined matrices."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.models.gemma3.modeling_gemma3 import Gemma3DecoderLayer
from transformers.models.llama.modeling_llama import LlamaDecoderLayer

from engine.fast.families import GEMMA3, ModelShape, shape_of
from engine.fast.norms import Norm, norm_of


class Int8Rows(NamedTuple):
    """A quantised matrix: numbers int8 [n_out, n_in], of which each row counts times its scale, float32 [n_out]."""

    numbers: Tensor
    scales: Tensor


class Projection(NamedTuple):
    """x -> weight x + bias; weight: [n_out, n_in].

    int8: the same weight for our own product of a few rows, where it is quantised and lies on a CPU; packed: a copy of
    it for `packing.product`, where there is one."""

    weight: Tensor
    bias: Tensor | None
    int8: Int8Rows | None = None
    packed: Tensor | None = None


class FusedLayer(NamedTuple):
    """The weights of one decoder layer; a norm is None where the model has none.

    norm_attended, norm_fed_forward: of the results of attention and feed-forward, before they are added."""

    norm_in: Norm
    qkv: Projection
    norm_query: Norm | None
    norm_key: Norm | None
    out: Projection
    norm_mlp: Norm
    gate_up: Projection
    down: Projection
    norm_attended: Norm | None = None
    norm_fed_forward: Norm | None = None


class FusedWeights(NamedTuple):
    """Everything the fused forward needs of a model. n_bytes: size of the matrices that a step over one id reads.

    quantised: whether the layers' matrices are quantised, so that only the library's own product accepts them."""

    embedding: Tensor
    layers: tuple[FusedLayer, ...]
    norm: Norm
    head: Projection
    shape: ModelShape
    n_bytes: int
    quantised: bool = False


def first_layers(weights: FusedWeights, n: int) -> FusedWeights:
    """The first n layers with the last norm and the head; no weight is copied."""
    layers = weights.layers[:n]
    n_bytes = sum(map(_layer_bytes, layers)) + weights.head.weight.nbytes
    shape = weights.shape._replace(windows=weights.shape.windows[:n], rope_of_layer=weights.shape.rope_of_layer[:n])
    return weights._replace(layers=layers, shape=shape, n_bytes=n_bytes)


@torch.no_grad()
def fuse(model: PreTrainedModel) -> FusedWeights:
    """Join the weights of a model for which `families.why_not` is empty; its modules keep working, as views."""
    epsilon = float(model.config.rms_norm_eps)
    new_layer = _gemma3_layer if model.config.model_type == GEMMA3 else _layer
    layers = tuple(new_layer(layer, epsilon) for layer in model.model.layers)
    _copy_mapped(model)
    head = Projection(model.lm_head.weight.data, None)
    n_bytes = sum(map(_layer_bytes, layers)) + head.weight.nbytes
    new_norm = _gemma3_norm if model.config.model_type == GEMMA3 else _norm
    embedding, norm = model.get_input_embeddings().weight.data, new_norm(model.model.norm, epsilon)
    return FusedWeights(embedding, layers, norm, head, shape_of(model), n_bytes)


def _layer(layer: LlamaDecoderLayer, epsilon: float) -> FusedLayer:
    attention = layer.self_attn
    query, key = (getattr(attention, name, None) for name in ("q_norm", "k_norm"))
    qkv, out, gate_up, down = _matrices(layer)
    return FusedLayer(
        norm_in=_norm(layer.input_layernorm, epsilon),
        qkv=qkv,
        norm_query=None if query is None else _norm(query, epsilon),
        norm_key=None if key is None else _norm(key, epsilon),
        out=out,
        norm_mlp=_norm(layer.post_attention_layernorm, epsilon),
        gate_up=gate_up,
        down=down,
    )


def _gemma3_layer(layer: Gemma3DecoderLayer, epsilon: float) -> FusedLayer:
    attention = layer.self_attn
    qkv, out, gate_up, down = _matrices(layer)
    return FusedLayer(
        norm_in=_gemma3_norm(layer.input_layernorm, epsilon),
        qkv=qkv,
        norm_query=_gemma3_norm(attention.q_norm, epsilon),
        norm_key=_gemma3_norm(attention.k_norm, epsilon),
        out=out,
        norm_mlp=_gemma3_norm(layer.pre_feedforward_layernorm, epsilon),
        gate_up=gate_up,
        down=down,
        norm_attended=_gemma3_norm(layer.post_attention_layernorm, epsilon),
        norm_fed_forward=_gemma3_norm(layer.post_feedforward_layernorm, epsilon),
    )


def _norm(module: nn.Module, epsilon: float) -> Norm:
    assert isinstance(module.weight, Tensor)
    return norm_of(module.weight.data, epsilon)


def _gemma3_norm(module: nn.Module, epsilon: float) -> Norm:
    """Gemma 3 keeps the difference of a weight to 1, and multiplies in float32 whatever the type of the model."""
    assert isinstance(module.weight, Tensor)
    return norm_of(1.0 + module.weight.data.float(), epsilon)


def _matrices(layer: LlamaDecoderLayer | Gemma3DecoderLayer) -> tuple[Projection, Projection, Projection, Projection]:
    """The matrices of a layer for queries, keys and values, its output, gates and inputs of the feed-forward, and its
    output."""
    attention, mlp = layer.self_attn, layer.mlp
    qkv = _joined([attention.q_proj, attention.k_proj, attention.v_proj])
    gate_up = _joined([mlp.gate_proj, mlp.up_proj])
    _copy_mapped(layer)
    return qkv, _joined([attention.o_proj]), gate_up, _joined([mlp.down_proj])


def _joined(linears: Sequence[nn.Linear]) -> Projection:
    """One projection that replaces several of the same input, whose weights and biases become views of it."""
    weight = _concatenated([linear.weight for linear in linears])
    biases = [linear.bias for linear in linears if linear.bias is not None]
    return Projection(weight, _concatenated(biases) if biases else None)


def _concatenated(parameters: Sequence[Tensor]) -> Tensor:
    if len(parameters) == 1:
        return parameters[0].data
    matrix = torch.cat([parameter.data for parameter in parameters])
    start = 0
    for parameter in parameters:
        parameter.data = matrix[start : start + parameter.shape[0]]
        start += parameter.shape[0]
    return matrix


def _copy_mapped(module: nn.Module) -> None:
    """Copy the parameters whose memory torch did not allocate, such as those of a mapped file."""
    for parameter in module.parameters():
        if not parameter.untyped_storage().resizable():
            parameter.data = parameter.data.clone()


def _layer_bytes(layer: FusedLayer) -> int:
    return sum(projection.weight.nbytes for projection in (layer.qkv, layer.out, layer.gate_up, layer.down))
