"""Weights of a loaded model in fewer bits, through torchao; knows how matrices lie, not who multiplies by them.

Only the weights of linear layers are quantised, one scale an output, activations stay as they are; embeddings and the
head keep their type. What is then decoded is the quantised model: everything that holds of a target holds of it."""

from importlib.util import find_spec
from typing import Literal, TypeAlias, get_args

import torch
from torch import Tensor, nn
from transformers import PreTrainedConfig, PreTrainedModel

from engine.errors import InputError, ModelError
from engine.fast.weights import FusedLayer, FusedWeights, Projection, fuse
from engine.machine.out_of_memory import memory_errors

Quantize: TypeAlias = Literal["none", "int8", "int4"]
_CHOICES: tuple[Quantize, ...] = get_args(Quantize)
_BYTES: dict[Quantize, float] = {"int8": 1.0, "int4": 0.5}
_WAY_OUT = 'pip install "draftscope[quantize]", or use --quantize none'


def parse_quantize(name: str, device: torch.device) -> Quantize:
    """`none`, `int8` or `int4`. Raises InputError where the name, the package or the device's kernels are missing."""
    choice = next((one for one in _CHOICES if one == name), None)
    if choice is None:
        raise InputError(f"unknown quantisation {name!r}", f"use {', '.join(_CHOICES)}")
    if choice != "none" and find_spec("torchao") is None:
        raise InputError(f"{choice} weights need the package torchao", _WAY_OUT)
    if choice == "int4" and device.type != "cuda":
        raise InputError("int4 weights have no kernel on a CPU", "use --quantize int8, or a CUDA device")
    if choice == "int4" and find_spec("mslk") is None:
        raise InputError("torchao multiplies int4 weights with the package mslk", "install it, or use --quantize int8")
    return choice


def held_bytes(config: PreTrainedConfig, n_parameters: int, kind: torch.dtype, choice: Quantize) -> int:
    """Memory of a model's weights once they are quantised; embeddings and head keep their type."""
    if choice == "none":
        return n_parameters * kind.itemsize
    text = config.get_text_config()
    n_tables = 1 if getattr(text, "tie_word_embeddings", False) else 2
    kept = min(n_parameters, n_tables * int(text.vocab_size) * int(text.hidden_size))
    return int(kept * kind.itemsize + (n_parameters - kept) * _BYTES[choice])


@torch.no_grad()
def quantise(model: PreTrainedModel, choice: Quantize) -> None:
    """Quantise the linear layers of a model of our own but its head, in place. Raises ModelError."""
    for module in model.modules():
        if isinstance(module, nn.Linear) and module is not model.get_output_embeddings():
            module.weight = nn.Parameter(_quantised(module.weight.data, choice), requires_grad=False)


@torch.no_grad()
def fuse_quantised(model: PreTrainedModel, choice: Quantize) -> FusedWeights:
    """Join the weights of a model of our own as `fuse` does and quantise them; its modules share the result.

    Scales belong to outputs, so that joined matrices quantise as their parts would. Nobody else holds the joined ones:
    each layer's go as soon as it is quantised. Raises ModelError."""
    fused, made = fuse(model), []
    waiting = list(reversed(fused.layers))
    fused = fused._replace(layers=())
    for module in model.model.layers:
        layer, attention, mlp = waiting.pop(), module.self_attn, module.mlp
        made.append(
            layer._replace(
                qkv=_shared(layer.qkv, [attention.q_proj, attention.k_proj, attention.v_proj], choice),
                out=_shared(layer.out, [attention.o_proj], choice),
                gate_up=_shared(layer.gate_up, [mlp.gate_proj, mlp.up_proj], choice),
                down=_shared(layer.down, [mlp.down_proj], choice),
            )
        )
    n_bytes = sum(map(_layer_bytes, made)) + fused.head.weight.nbytes
    return fused._replace(layers=tuple(made), n_bytes=n_bytes, quantised=True)


def weight_bytes(weight: Tensor) -> int:
    """Memory of a weight, quantised or not."""
    inner = getattr(weight, "__tensor_flatten__", None)
    if inner is None or type(weight) in (Tensor, nn.Parameter):
        return weight.numel() * weight.element_size()
    names, _ = inner()
    return sum(weight_bytes(getattr(weight, name)) for name in names)


def _shared(by: Projection, parts: list[nn.Linear], choice: Quantize) -> Projection:
    """The projection with its weight quantised; each part's weight is a slice of it."""
    weight, start = _quantised(by.weight, choice), 0
    for part in parts:
        end = start + part.out_features
        part.weight = nn.Parameter(weight[start:end], requires_grad=False)
        start = end
    return by._replace(weight=weight)


def _quantised(weight: Tensor, choice: Quantize) -> Tensor:
    """The weight [n_out, n_in] as torchao keeps it."""
    from torchao.quantization import Int4WeightOnlyConfig, Int8WeightOnlyConfig, quantize_

    linear = nn.Linear(weight.shape[1], weight.shape[0], bias=False, device="meta")
    linear.weight = nn.Parameter(weight, requires_grad=False)
    try:
        with memory_errors("the quantising", "use a smaller model or dtype"):
            quantize_(linear, Int8WeightOnlyConfig() if choice == "int8" else Int4WeightOnlyConfig())
    except (ImportError, RuntimeError, AssertionError, ValueError, NotImplementedError) as err:
        raise ModelError(f"torchao cannot make {choice} weights here ({err})", "use --quantize int8 or none") from err
    return linear.weight.data


def _layer_bytes(layer: FusedLayer) -> int:
    return sum(weight_bytes(by.weight) for by in (layer.qkv, layer.out, layer.gate_up, layer.down))
