"""Quantises the weights of a loaded model with torchao.

Only the weights of linear layers are quantised, with one scale per output; activations stay as they are, embeddings and
the head keep their type. The quantised model is then the target, with all that holds for targets. On a CPU the products
of a few rows are our own (`fast.int8_product`), and what is not faster there is refused."""

from functools import partial
from importlib.util import find_spec

import torch
from torch import Tensor, nn
from transformers import PreTrainedConfig, PreTrainedModel

from engine.errors import InputError, ModelError
from engine.fast import matmul
from engine.fast.weights import FusedLayer, FusedWeights, Int8Rows, Projection, fuse
from engine.machine.out_of_memory import memory_errors
from engine.models import int8_gain, pair_names
from engine.models.pair_names import Quantize

_BYTES: dict[Quantize, float] = {"int8": 1.0, "int4": 0.5}
_INSTALL_HINT = 'pip install "draftscope[quantize]", or use --quantize none'


def parse_quantize(name: str, device: torch.device) -> Quantize:
    """`none`, `int8` or `int4`. Raises InputError if the name, the package or the device's kernels are missing."""
    choice = pair_names.parse_quantize(name)
    if choice != "none" and find_spec("torchao") is None:
        raise InputError(f"{choice} weights need the package torchao", _INSTALL_HINT)
    if choice == "int4" and device.type != "cuda":
        raise InputError("int4 weights have no kernel on a CPU", "use --quantize int8, or a CUDA device")
    if choice == "int4" and find_spec("mslk") is None:
        raise InputError("torchao multiplies int4 weights with the package mslk", "install it, or use --quantize int8")
    return choice


def held_bytes(config: PreTrainedConfig, n_parameters: int, dtype: torch.dtype, choice: Quantize) -> int:
    """Memory of a model's weights once they are quantised; embeddings and head keep their type."""
    if choice == "none":
        return n_parameters * dtype.itemsize
    text_config = config.get_text_config()
    n_tables = 1 if getattr(text_config, "tie_word_embeddings", False) else 2
    n_unquantised = min(n_parameters, n_tables * int(text_config.vocab_size) * int(text_config.hidden_size))
    return int(n_unquantised * dtype.itemsize + (n_parameters - n_unquantised) * _BYTES[choice])


@torch.no_grad()
def quantise(model: PreTrainedModel, choice: Quantize) -> None:
    """Quantise in place the linear layers, except the head, of a model that only we hold. Raises ModelError."""
    head = model.get_output_embeddings()
    linears = [module for module in model.modules() if isinstance(module, nn.Linear) and module is not head]
    matrices = [Projection(module.weight.data, None) for module in linears]
    int8_gain.refuse_if_slower(
        matrices, lambda whole: whole._replace(weight=_quantised(whole.weight, choice)), matmul.product
    )
    del matrices  # each is freed as soon as it is quantised
    for module in linears:
        module.weight = nn.Parameter(_quantised(module.weight.data, choice), requires_grad=False)


@torch.no_grad()
def fuse_quantised(model: PreTrainedModel, choice: Quantize) -> FusedWeights:
    """Join the weights of a model that only we hold as `fuse` does, and quantise them; its modules share the result.

    Scales belong to outputs, so that joined matrices quantise as their parts would. Nothing else holds the joined ones:
    each layer's are freed as soon as it is quantised. Raises ModelError."""
    fused, layers = fuse(model), []
    matrices = [
        projection for layer in fused.layers for projection in (layer.qkv, layer.out, layer.gate_up, layer.down)
    ]
    form = matmul.streamed_product if matmul.streams(fused) else matmul.product
    int8_gain.refuse_if_slower(matrices, partial(_quantise_projection, modules=[], choice=choice), form)
    del matrices  # each is freed as soon as it is quantised
    remaining = list(reversed(fused.layers))
    fused = fused._replace(layers=())
    for module in model.model.layers:
        layer, attention, mlp = remaining.pop(), module.self_attn, module.mlp
        layers.append(
            layer._replace(
                qkv=_quantise_projection(layer.qkv, [attention.q_proj, attention.k_proj, attention.v_proj], choice),
                out=_quantise_projection(layer.out, [attention.o_proj], choice),
                gate_up=_quantise_projection(layer.gate_up, [mlp.gate_proj, mlp.up_proj], choice),
                down=_quantise_projection(layer.down, [mlp.down_proj], choice),
            )
        )
    n_bytes = sum(map(_layer_bytes, layers)) + fused.head.weight.nbytes
    return fused._replace(layers=tuple(layers), n_bytes=n_bytes, quantised=True)


def weight_bytes(weight: Tensor) -> int:
    """Memory of a weight, quantised or not."""
    flatten = getattr(weight, "__tensor_flatten__", None)
    if flatten is None or type(weight) in (Tensor, nn.Parameter):
        return weight.numel() * weight.element_size()
    names, _ = flatten()
    return sum(weight_bytes(getattr(weight, name)) for name in names)


def _quantise_projection(projection: Projection, modules: list[nn.Linear], choice: Quantize) -> Projection:
    """The projection with its weight quantised; each module's weight is a slice of it."""
    weight, start = _quantised(projection.weight, choice), 0
    for module in modules:
        end = start + module.out_features
        module.weight = nn.Parameter(weight[start:end], requires_grad=False)
        start = end
    return projection._replace(weight=weight, int8=_int8_rows(weight))


def _int8_rows(weight: Tensor) -> Int8Rows | None:
    """The numbers and scales of a weight that torchao made int8 on a CPU for activations in float32."""
    numbers, scales = getattr(weight, "qdata", None), getattr(weight, "scale", None)
    if not isinstance(numbers, Tensor) or not isinstance(scales, Tensor):
        return None
    is_served = numbers.dtype == torch.int8 and numbers.device.type == "cpu" and scales.dtype == torch.float32
    is_by_row = numbers.dim() == 2 and scales.numel() == numbers.shape[0]
    zeros = getattr(weight, "zero_point", None)
    is_symmetric = zeros is None or not bool(zeros.any())
    if not (is_served and is_by_row and is_symmetric):
        return None
    return Int8Rows(numbers.contiguous(), scales.flatten().contiguous())


def _quantised(weight: Tensor, choice: Quantize) -> Tensor:
    """The weight [n_out, n_in] as torchao stores it."""
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
    return sum(weight_bytes(projection.weight) for projection in (layer.qkv, layer.out, layer.gate_up, layer.down))
