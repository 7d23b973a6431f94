"""Writes tiny GGUF files of models made on the spot, as llama.cpp's converter would write them."""

import json
from collections.abc import Mapping
from pathlib import Path

import gguf
import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from tests import fakes

TEMPLATE = "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}{% endfor %}"
Setting = str | int | float | bool
_CONTROL, _NORMAL = 3, 1
_ARCHITECTURES = {"gemma3_text": "gemma3"}
_HEAD = {"llama": gguf.MODEL_ARCH.LLAMA, "qwen2": gguf.MODEL_ARCH.QWEN2, "qwen3": gguf.MODEL_ARCH.QWEN3,
         "gemma2": gguf.MODEL_ARCH.GEMMA2, "gemma3": gguf.MODEL_ARCH.GEMMA3}  # fmt: skip


def write(
    path: Path,
    made: PreTrainedModel,
    *,
    words: PreTrainedTokenizerFast | None = None,
    kind: gguf.GGMLQuantizationType = gguf.GGMLQuantizationType.F32,
    changes: Mapping[str, Setting | list[str] | None] | None = None,
    more: Mapping[str, NDArray[np.float32]] | None = None,
) -> Path:
    """Write a model and a byte-level tokenizer. changes: settings that are set or, with None, left out; more: tensors
    that are added."""
    arch = _ARCHITECTURES.get(made.config.model_type, made.config.model_type)
    writer = gguf.GGUFWriter(path, arch)
    settings = {**_shape(made, arch), **_words(words or fakes.tokenizer()), **(changes or {})}
    for key, value in settings.items():
        if value is not None:
            _add(writer, key, value)
    for name, values in {**_tensors(made, arch), **(more or {})}.items():
        if values.ndim > 1:
            writer.add_tensor(name, gguf.quants.quantize(values, kind), raw_dtype=kind)
        else:
            writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add(writer: gguf.GGUFWriter, key: str, value: Setting | list[str]) -> None:
    if isinstance(value, list):
        writer.add_array(key, value)
    elif isinstance(value, bool):
        writer.add_bool(key, value)
    elif isinstance(value, int):
        writer.add_uint32(key, value)
    elif isinstance(value, float):
        writer.add_float32(key, value)
    else:
        writer.add_string(key, value)


def _shape(made: PreTrainedModel, arch: str) -> dict[str, Setting]:
    config = made.config
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    rope = config.rope_parameters
    shape: dict[str, Setting] = {
        "context_length": config.max_position_embeddings, "embedding_length": config.hidden_size,
        "block_count": config.num_hidden_layers, "feed_forward_length": config.intermediate_size,
        "attention.head_count": config.num_attention_heads, "attention.head_count_kv": config.num_key_value_heads,
        "attention.layer_norm_rms_epsilon": float(config.rms_norm_eps), "attention.key_length": head_dim,
        "attention.value_length": head_dim,
        "rope.freq_base": float(rope.get("full_attention", rope)["rope_theta"]),
    }  # fmt: skip
    if arch.startswith("gemma"):
        shape["attention.sliding_window"] = config.sliding_window
    if arch == "gemma2":
        shape["attn_logit_softcapping"] = float(config.attn_logit_softcapping)
        shape["final_logit_softcapping"] = float(config.final_logit_softcapping)
    return {f"{arch}.{name}": value for name, value in shape.items()}


def _words(words: PreTrainedTokenizerFast) -> dict[str, Setting | list[str]]:
    tokens = [words.convert_ids_to_tokens(i) for i in range(len(words))]
    merges = json.loads(words.backend_tokenizer.to_str())["model"]["merges"]
    return {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "gpt-2",
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": [_CONTROL if t in words.all_special_tokens else _NORMAL for t in tokens],
        "tokenizer.ggml.merges": [" ".join(merge) for merge in merges],
        "tokenizer.ggml.eos_token_id": 0,
        "tokenizer.chat_template": TEMPLATE,
    }


def _tensors(made: PreTrainedModel, arch: str) -> dict[str, NDArray[np.float32]]:
    names = gguf.get_tensor_name_map(_HEAD[arch], made.config.num_hidden_layers)
    tensors = {}
    for name, parameter in made.named_parameters():
        base, _, suffix = name.rpartition(".")
        known = names.get_name(base)
        assert known is not None, name
        values = parameter.detach().float().numpy()
        if arch.startswith("gemma") and "norm" in known:
            values = values + 1
        if arch == "llama" and (".attn_q" in known or ".attn_k" in known):
            values = _paired(values, made.config.head_dim)
        tensors[f"{known}.{suffix}"] = np.ascontiguousarray(values)
    return tensors


def _paired(values: NDArray[np.float32], head_dim: int) -> NDArray[np.float32]:
    """Rows of a head as llama.cpp's rotary embedding wants them: each beside the one it is turned with."""
    heads = values.reshape(-1, 2, head_dim // 2, values.shape[-1])
    return heads.swapaxes(1, 2).reshape(values.shape)
