"""Converts a GGUF file into a folder of safetensors, with transformers; runs in a process of its own (`__main__`)."""

from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, GenerationConfig, PreTrainedConfig, PreTrainedModel

from engine.errors import ModelError
from engine.models.gguf import families, vocabulary
from engine.models.gguf.header import GgufHeader

_ROPE_FACTORS = "rope_freqs.weight"  # in the configuration, not among the weights
_MAX_SHARD = "4GB"


def convert(header: GgufHeader, folder: Path, dtype: torch.dtype) -> None:
    """Write configuration, tokenizer, chat template and weights of a file into a folder.

    Raises ModelError: something in the file is not known, or did not reach the model."""
    config = AutoConfig.for_model(**families.configuration(header))
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary.build(header).save_pretrained(folder)
    model = _read(header, config, dtype)
    _refuse_loss(header, model)
    stop_ids = vocabulary.stop_ids(header)
    model.generation_config = GenerationConfig(
        bos_token_id=config.bos_token_id, eos_token_id=stop_ids or None, pad_token_id=config.pad_token_id
    )
    model.save_pretrained(folder, max_shard_size=_MAX_SHARD)


def _read(header: GgufHeader, config: PreTrainedConfig, dtype: torch.dtype) -> PreTrainedModel:
    """The model with the file's weights, as an ordinary one that can be saved."""
    model, report = AutoModelForCausalLM.from_pretrained(
        header.path.parent,
        gguf_file=header.path.name,
        config=config,
        dtype=dtype,
        local_files_only=True,
        trust_remote_code=False,
        output_loading_info=True,
    )
    lacking = sorted(map(str, [*report["missing_keys"], *report["mismatched_keys"], *report["unexpected_keys"]]))
    if lacking:
        raise ModelError(
            f"{header.path.name}: {lacking[0]} did not fit the model", "use its safetensors folder instead"
        )
    _forget_gguf(model)
    return model


def _forget_gguf(model: Any) -> None:
    """Take off the marks by which transformers would not save what it has read from a GGUF file."""
    model.hf_quantizer = None
    model.config.__dict__.pop("quantization_config", None)
    model.config.__dict__.pop("_pre_quantization_dtype", None)
    model.config.name_or_path = ""


def _refuse_loss(header: GgufHeader, model: PreTrainedModel) -> None:
    """Raises ModelError unless as many values as the file holds are in the model, in floating point."""
    held = sum(tensor.n_values for tensor in header.tensors if tensor.name != _ROPE_FACTORS)
    read = sum(parameter.numel() for parameter in model.parameters())
    if held != read or not all(parameter.is_floating_point() for parameter in model.parameters()):
        reason = f"{header.path.name} holds {held:,} values, of which transformers read {read:,}"
        raise ModelError(reason, "use the model's safetensors folder instead")
