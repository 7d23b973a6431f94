"""Joins the weights of a model that multiply the same input into one matrix.

No matrix is held twice: each joined matrix replaces the matrices it consists of, which become views of it, so that the
modules keep working. While one is built, its parts exist twice. All weights that are pages of a mapped file are copied
to allocated memory, since one left there would keep the whole file mapped beside the joined matrices."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.models.llama.modeling_llama import LlamaDecoderLayer

from engine.fast.families import ModelShape, shape_of
from engine.fast.norms import Norm, norm_of


class Projection(NamedTuple):
    """x -> weight x + bias; weight: [n_out, n_in]."""

    weight: Tensor
    bias: Tensor | None


class FusedLayer(NamedTuple):
    """The weights of one decoder layer; norm_query and norm_key are None where the model has none."""

    norm_in: Norm
    qkv: Projection
    norm_query: Norm | None
    norm_key: Norm | None
    out: Projection
    norm_mlp: Norm
    gate_up: Projection
    down: Projection


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
    shape = weights.shape._replace(windows=weights.shape.windows[:n])
    return weights._replace(layers=layers, shape=shape, n_bytes=n_bytes)


@torch.no_grad()
def fuse(model: PreTrainedModel) -> FusedWeights:
    """Join the weights of a model for which `families.why_not` is empty; its modules keep working, as views."""
    epsilon = float(model.config.rms_norm_eps)
    layers = tuple(_layer(layer, epsilon) for layer in model.model.layers)
    _copy_mapped(model)
    head = Projection(model.lm_head.weight.data, None)
    n_bytes = sum(map(_layer_bytes, layers)) + head.weight.nbytes
    embedding, norm = model.get_input_embeddings().weight.data, norm_of(model.model.norm.weight.data, epsilon)
    return FusedWeights(embedding, layers, norm, head, shape_of(model), n_bytes)


def _layer(layer: LlamaDecoderLayer, epsilon: float) -> FusedLayer:
    attention, mlp = layer.self_attn, layer.mlp
    query, key = (getattr(attention, name, None) for name in ("q_norm", "k_norm"))
    qkv = _joined([attention.q_proj, attention.k_proj, attention.v_proj])
    gate_up = _joined([mlp.gate_proj, mlp.up_proj])
    _copy_mapped(layer)
    return FusedLayer(
        norm_in=norm_of(layer.input_layernorm.weight.data, epsilon),
        qkv=qkv,
        norm_query=None if query is None else norm_of(query.weight.data, epsilon),
        norm_key=None if key is None else norm_of(key.weight.data, epsilon),
        out=_joined([attention.o_proj]),
        norm_mlp=norm_of(layer.post_attention_layernorm.weight.data, epsilon),
        gate_up=gate_up,
        down=_joined([mlp.down_proj]),
    )


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
