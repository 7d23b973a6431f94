"""First weights that are not random: another model's, where the shapes allow; knows nothing of training."""

import json
from pathlib import Path

import torch
from torch import Tensor
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from engine.errors import InputError, ModelError
from engine.models import checkpoint_folder, checks
from engine.training.shapes import StudentShape, llama_config

_DECIDING = (
    "model_type", "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads",
    "intermediate_size",
)  # fmt: skip


def refuse_other(folder: Path, shape: StudentShape) -> None:
    """Look into the folder of a model that is to be continued; its weights are not loaded.

    Raises InputError where it is not whole, has another shape or a tokenizer of another size."""
    try:
        checkpoint = checkpoint_folder.inspect(str(folder))
        config, words = checks.configuration(checkpoint), checks.read_tokenizer(checkpoint)
    except ModelError as err:
        raise InputError(err.message, "name the folder of a built-in target") from err
    wanted = llama_config(shape, end_id=0)
    for name in _DECIDING:
        if (found := getattr(config, name, None)) != getattr(wanted, name):
            reason = f"the model in {folder} has another shape ({name} = {found!r}, not {getattr(wanted, name)!r})"
            raise InputError(reason, "continue a built-in target")
    if len(words) != wanted.vocab_size:
        reason = f"the tokenizer in {folder} has {len(words)} entries, not {wanted.vocab_size}"
        raise InputError(reason, "continue a built-in target")


def start_from(folder: Path, model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast) -> None:
    """Copy the weights of the model in `folder` into `model`; embeddings by the text of their tokens.

    A token the other tokenizer lacks begins as the mean of the tokens it would be cut into there.
    Raises InputError where the shapes differ."""
    other = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32, local_files_only=True)
    words: PreTrainedTokenizerFast = PreTrainedTokenizerFast.from_pretrained(folder, local_files_only=True)
    ours, theirs = model.state_dict(), other.state_dict()
    embedded = _embeddings(theirs["model.embed_tokens.weight"], words, tokenizer)
    found = {**theirs, "model.embed_tokens.weight": embedded, "lm_head.weight": embedded}
    wrong = [name for name in ours if name not in found or found[name].shape != ours[name].shape]
    if wrong:
        raise InputError(f"the model in {folder} has another shape ({wrong[0]})", "start from one of the same shape")
    model.load_state_dict(found)


def describe(folder: Path) -> str:
    """Say what the weights in a folder are, by its provenance where it has one."""
    file = folder / "provenance.json"
    if not file.exists():
        return f"the weights of {folder.name}"
    found = json.loads(file.read_text(encoding="utf-8"))
    return f"the weights of {found['name']} made {found['made_utc']} on {found['n_tokens']} tokens"


def _embeddings(table: Tensor, theirs: PreTrainedTokenizerFast, ours: PreTrainedTokenizerFast) -> Tensor:
    rows = []
    known = theirs.get_vocab()
    for index in range(len(ours)):
        token = ours.convert_ids_to_tokens(index)
        ids = [known[token]] if token in known else theirs(ours.decode([index]))["input_ids"]
        rows.append(table[ids].mean(0))
    return torch.stack(rows)


def grow_from(target: LlamaForCausalLM, model: LlamaForCausalLM) -> None:
    """Copy the target's embeddings, final norm and layers, spread evenly from first to last, into a shallower model.

    Both share the width."""
    first, last = len(model.model.layers), len(target.model.layers)
    for i, layer in enumerate(model.model.layers):
        layer.load_state_dict(target.model.layers[round(i * (last - 1) / max(1, first - 1))].state_dict())
    model.model.embed_tokens.load_state_dict(target.model.embed_tokens.state_dict())
    model.model.norm.load_state_dict(target.model.norm.state_dict())
