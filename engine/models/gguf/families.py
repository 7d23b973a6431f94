"""Turns the metadata of a GGUF file into the configuration of a Hugging Face model; what it does not know is refused.

A setting or a tensor that is passed over makes another model, silently: so each has to be on a list here.

* imports neither Qt nor torch."""

import math
import struct
from typing import NamedTuple

from engine.errors import ModelError
from engine.models.gguf.header import GgufHeader, TensorEntry

_OTHER = "use the model's safetensors folder instead"
_OUTER = {"token_embd.weight", "output_norm.weight", "output.weight"}
_LAYER = {
    "attn_norm.weight", "attn_q.weight", "attn_k.weight", "attn_v.weight", "attn_output.weight", "ffn_norm.weight",
    "ffn_gate.weight", "ffn_up.weight", "ffn_down.weight",
}  # fmt: skip
_BIASES = {"attn_q.bias", "attn_k.bias", "attn_v.bias"}
_HEAD_NORMS = {"attn_q_norm.weight", "attn_k_norm.weight"}
_SANDWICH_NORMS = {"post_attention_norm.weight", "post_ffw_norm.weight"}
_ROPE_FACTORS = "rope_freqs.weight"
_SHAPE = {
    "context_length", "embedding_length", "block_count", "feed_forward_length", "vocab_size", "attention.head_count",
    "attention.head_count_kv", "attention.layer_norm_rms_epsilon", "attention.key_length", "attention.value_length",
    "rope.freq_base", "rope.dimension_count", "rope.scaling.type", "rope.scaling.factor", "rope.scaling.finetuned",
    "rope.scaling.original_context_length",
}  # fmt: skip
_WINDOW = {"attention.sliding_window", "final_logit_softcapping"}
# The largest Gemma of its generation divides queries by another number; llama.cpp, too, knows it by its layers.
_LARGEST_GEMMA = {"gemma2": 46, "gemma3": 62}
# Llama 3.1 and later stretch low frequencies by one rule, of which only the factor differs.
_ROPE_LOW, _ROPE_HIGH, _ROPE_CONTEXT = 1.0, 4.0, 8192


class _Family(NamedTuple):
    """What files of an architecture may hold, and what transformers calls the model."""

    model_type: str
    class_name: str
    layer: frozenset[str]
    settings: frozenset[str]
    optional: frozenset[str] = frozenset()


def _family(model_type: str, class_name: str, more: set[str] = set(), settings: set[str] = set()) -> _Family:  # noqa: B006
    return _Family(model_type, class_name, frozenset(_LAYER | more), frozenset(_SHAPE | settings))


FAMILIES = {
    "llama": _family("llama", "LlamaForCausalLM")._replace(optional=frozenset({_ROPE_FACTORS})),
    "qwen2": _family("qwen2", "Qwen2ForCausalLM", _BIASES),
    "qwen3": _family("qwen3", "Qwen3ForCausalLM", _HEAD_NORMS),
    "gemma2": _family("gemma2", "Gemma2ForCausalLM", _SANDWICH_NORMS, _WINDOW | {"attn_logit_softcapping"}),
    "gemma3": _family(
        "gemma3_text", "Gemma3ForCausalLM", _SANDWICH_NORMS | _HEAD_NORMS, _WINDOW | {"rope.freq_base_swa"}
    ),
}  # fmt: skip


def configuration(header: GgufHeader) -> dict[str, object]:
    """The configuration, as config.json would hold it. Raises ModelError: an architecture, setting or tensor that is
    not known, or one that is missing."""
    family = FAMILIES.get(header.architecture)
    if family is None:
        known = ", ".join(FAMILIES)
        reason = f"{header.path.name}: the architecture {header.architecture!r:.40} is not converted"
        raise ModelError(reason, f"{_OTHER}; converted are {known}")
    _refuse_unknown_settings(header, family)
    _refuse_other_tensors(header, family)
    shape = _shape(header, family)
    return shape | (_gemma(header, shape) if header.architecture.startswith("gemma") else {})


def _shape(header: GgufHeader, family: _Family) -> dict[str, object]:
    arch = header.architecture
    hidden, n_heads = header.integer(f"{arch}.embedding_length"), header.integer(f"{arch}.attention.head_count")
    head_dim = header.integer(f"{arch}.attention.key_length", hidden // max(1, n_heads))
    for name in ("attention.value_length", "rope.dimension_count"):
        if header.integer(f"{arch}.{name}", head_dim) != head_dim:
            raise _unknown(header, f"{arch}.{name} = {header.metadata[f'{arch}.{name}']} beside heads of {head_dim}")
    return {
        "model_type": family.model_type,
        "architectures": [family.class_name],
        "hidden_size": hidden,
        "intermediate_size": header.integer(f"{arch}.feed_forward_length"),
        "num_hidden_layers": header.integer(f"{arch}.block_count"),
        "num_attention_heads": n_heads,
        # Without this number transformers would leave the rows of query and key in llama.cpp's order.
        "num_key_value_heads": header.integer(f"{arch}.attention.head_count_kv"),
        "head_dim": head_dim,
        "max_position_embeddings": header.integer(f"{arch}.context_length"),
        "rms_norm_eps": header.number(f"{arch}.attention.layer_norm_rms_epsilon"),
        "vocab_size": next(t.shape[0] for t in header.tensors if t.name == "token_embd.weight"),
        "tie_word_embeddings": all(tensor.name != "output.weight" for tensor in header.tensors),
        "rope_parameters": _rope(header, head_dim),
        "bos_token_id": header.metadata.get("tokenizer.ggml.bos_token_id"),
        "eos_token_id": header.metadata.get("tokenizer.ggml.eos_token_id"),
        "pad_token_id": header.metadata.get("tokenizer.ggml.padding_token_id"),
    }


def _gemma(header: GgufHeader, shape: dict[str, object]) -> dict[str, object]:
    """What only Gemma has: windows, caps of its logits, another scale of its queries."""
    arch = header.architecture
    largest = shape["num_hidden_layers"] == _LARGEST_GEMMA[arch]
    per_head = header.integer(f"{arch}.embedding_length") // header.integer(f"{arch}.attention.head_count")
    capped: dict[str, object] = {
        "query_pre_attn_scalar": per_head if largest else shape["head_dim"],
        "sliding_window": header.integer(f"{arch}.attention.sliding_window"),
        "hidden_activation": "gelu_pytorch_tanh",
        "final_logit_softcapping": header.number(f"{arch}.final_logit_softcapping", 0) or None,
    }
    if arch == "gemma2":
        return capped | {
            "final_logit_softcapping": header.number(f"{arch}.final_logit_softcapping", 30.0),
            "attn_logit_softcapping": header.number(f"{arch}.attn_logit_softcapping", 50.0),
        }
    local = {"rope_type": "default", "rope_theta": header.number(f"{arch}.rope.freq_base_swa", 10_000.0)}
    return capped | {"rope_parameters": {"full_attention": shape["rope_parameters"], "sliding_attention": local}}


def _rope(header: GgufHeader, head_dim: int) -> dict[str, object]:
    """The rotary embedding, with its scaling."""
    arch = header.architecture
    base = header.number(f"{arch}.rope.freq_base", 10_000.0)
    kind, factor = header.text(f"{arch}.rope.scaling.type", "none"), header.number(f"{arch}.rope.scaling.factor", 1.0)
    factors = next((tensor for tensor in header.tensors if tensor.name == _ROPE_FACTORS), None)
    if factors is not None:
        return {"rope_type": "llama3", "rope_theta": base, **_llama3(header, factors, base, head_dim)}
    if factor == 1.0 or kind == "none":
        return {"rope_type": "default", "rope_theta": base}
    if kind != "linear":
        raise _unknown(header, f"{arch}.rope.scaling.type = {kind!r:.40}")
    return {"rope_type": "linear", "rope_theta": base, "factor": factor}


def _llama3(header: GgufHeader, tensor: TensorEntry, base: float, head_dim: int) -> dict[str, object]:
    """The rule by which Llama 3.1 and later stretch frequencies, found again from the factors in the file."""
    if tensor.type.name != "F32" or tensor.shape != (head_dim // 2,):
        raise _unknown(header, f"{_ROPE_FACTORS} of {tensor.shape} values in {tensor.type.name}")
    with header.path.open("rb") as file:
        file.seek(tensor.start)
        factors = struct.unpack(f"<{tensor.n_values}f", file.read(4 * tensor.n_values))
    factor = max(factors)
    expected = [_stretch(base ** (2 * i / head_dim), factor) for i in range(tensor.n_values)]
    if not all(math.isclose(a, b, rel_tol=1e-3) for a, b in zip(factors, expected, strict=True)):
        raise _unknown(header, f"{_ROPE_FACTORS} is not by the rule of Llama 3")
    return {
        "factor": factor, "low_freq_factor": _ROPE_LOW, "high_freq_factor": _ROPE_HIGH,
        "original_max_position_embeddings": _ROPE_CONTEXT,
    }  # fmt: skip


def _stretch(period: float, factor: float) -> float:
    """By how much a frequency of that period (in radians per position, inverted) is divided."""
    turns = _ROPE_CONTEXT / (2 * math.pi * period)
    if turns > _ROPE_HIGH:
        return 1.0
    if turns < _ROPE_LOW:
        return factor
    share = (turns - _ROPE_LOW) / (_ROPE_HIGH - _ROPE_LOW)
    return 1 / ((1 - share) / factor + share)


def _refuse_unknown_settings(header: GgufHeader, family: _Family) -> None:
    """Raises ModelError for a setting that would change the model and that is not known; zero changes nothing."""
    prefix = f"{header.architecture}."
    for key, value in header.metadata.items():
        if key.startswith(prefix) and key.removeprefix(prefix) not in family.settings and value not in (0, "", "none"):
            raise _unknown(header, f"{key} = {value!r:.40}")


def _refuse_other_tensors(header: GgufHeader, family: _Family) -> None:
    """Raises ModelError for a tensor that is not known, one that is missing, or one that is there twice."""
    n_layers = header.integer(f"{header.architecture}.block_count")
    if not 1 <= n_layers <= len(header.tensors):
        raise ModelError(f"{header.path.name}: it has no {n_layers:,} layers", "download the file again")
    expected = {f"blk.{i}.{name}" for i in range(n_layers) for name in family.layer} | _OUTER
    names = [tensor.name for tensor in header.tensors]
    if unknown := sorted(set(names) - expected - family.optional):
        raise _unknown(header, f"the tensor {unknown[0]:.60}")
    if missing := sorted(expected - {"output.weight"} - set(names)):
        reason = f"{header.path.name}: the tensor {missing[0]} is missing"
        raise ModelError(reason, "download the file again, whole")
    if len(set(names)) < len(names):
        raise ModelError(f"{header.path.name} holds a tensor twice", "download the file again")


def _unknown(header: GgufHeader, what: str) -> ModelError:
    reason = f"{header.path.name}: {what} is not known here, and without it the model would be another"
    return ModelError(reason, _OTHER)
