"""Gives a model the weights of another one as its first weights, if the shapes allow."""

import json
from pathlib import Path

import torch
from torch import Tensor
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from engine.errors import InputError, ModelError
from engine.models import checkpoint_folder, checks
from engine.training.shapes import StudentShape, llama_config

_SHAPE_FIELDS = (
    "model_type", "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads",
    "intermediate_size",
)  # fmt: skip


def refuse_other(folder: Path, shape: StudentShape) -> None:
    """Check the folder of a model that is to be continued, without loading its weights.

    Raises InputError if it is incomplete, has another shape or a tokenizer of another size."""
    try:
        checkpoint = checkpoint_folder.inspect(str(folder))
        config, tokenizer = checks.configuration(checkpoint), checks.read_tokenizer(checkpoint)
    except ModelError as err:
        raise InputError(err.message, "name the folder of a built-in target") from err
    expected = llama_config(shape, end_id=0)
    for name in _SHAPE_FIELDS:
        if (value := getattr(config, name, None)) != getattr(expected, name):
            reason = f"the model in {folder} has another shape ({name} = {value!r}, not {getattr(expected, name)!r})"
            raise InputError(reason, "continue a built-in target")
    if len(tokenizer) != expected.vocab_size:
        reason = f"the tokenizer in {folder} has {len(tokenizer)} entries, not {expected.vocab_size}"
        raise InputError(reason, "continue a built-in target")


def start_from(folder: Path, model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast) -> None:
    """Copy the weights of the model in `folder` into `model`; embeddings by the text of their tokens.

    A token that the other tokenizer lacks starts as the mean of the tokens it is split into there.
    Raises InputError if the shapes differ."""
    other = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32, local_files_only=True)
    other_tokenizer: PreTrainedTokenizerFast = PreTrainedTokenizerFast.from_pretrained(folder, local_files_only=True)
    weights, other_weights = model.state_dict(), other.state_dict()
    embeddings = _embeddings(other_weights["model.embed_tokens.weight"], other_tokenizer, tokenizer)
    new_weights = {**other_weights, "model.embed_tokens.weight": embeddings, "lm_head.weight": embeddings}
    mismatches = [name for name in weights if name not in new_weights or new_weights[name].shape != weights[name].shape]
    if mismatches:
        raise InputError(
            f"the model in {folder} has another shape ({mismatches[0]})", "start from one of the same shape"
        )
    model.load_state_dict(new_weights)


def describe(folder: Path) -> str:
    """Describe the weights in a folder, from its provenance if it has one."""
    file = folder / "provenance.json"
    if not file.exists():
        return f"the weights of {folder.name}"
    provenance = json.loads(file.read_text(encoding="utf-8"))
    return f"the weights of {provenance['name']} made {provenance['made_utc']} on {provenance['n_tokens']} tokens"


def _embeddings(table: Tensor, other_tokenizer: PreTrainedTokenizerFast, tokenizer: PreTrainedTokenizerFast) -> Tensor:
    rows = []
    vocabulary = other_tokenizer.get_vocab()
    for index in range(len(tokenizer)):
        token = tokenizer.convert_ids_to_tokens(index)
        ids = [vocabulary[token]] if token in vocabulary else other_tokenizer(tokenizer.decode([index]))["input_ids"]
        rows.append(table[ids].mean(0))
    return torch.stack(rows)


def grow_from(target: LlamaForCausalLM, model: LlamaForCausalLM) -> None:
    """Copy the target's embeddings, final norm and layers, spread evenly from first to last, into a shallower model.

    Both must have the same width."""
    n_layers, n_target_layers = len(model.model.layers), len(target.model.layers)
    for i, layer in enumerate(model.model.layers):
        layer.load_state_dict(target.model.layers[round(i * (n_target_layers - 1) / max(1, n_layers - 1))].state_dict())
    model.model.embed_tokens.load_state_dict(target.model.embed_tokens.state_dict())
    model.model.norm.load_state_dict(target.model.norm.state_dict())
