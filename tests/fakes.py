"""Tiny models of many families with a real tokenizer, made on the spot; nothing is downloaded."""

import copy
from functools import cache
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from engine.training.tokenizer import train_tokenizer
from engine.world.story import stories

N_ENTRIES = 300
CONTEXT = 128
PROMPTS = ("The harbour", "In the town of", '"Get the boats in," said Mara', "a")

_COMMON = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": CONTEXT,
    "bos_token_id": None,
    "pad_token_id": None,
    "eos_token_id": None,
}
_OWN: dict[str, dict[str, object]] = {
    "llama": {},
    "mistral": {"sliding_window": None},
    "mistral-sliding": {"sliding_window": 12},
    "qwen2": {},
    "qwen3": {"head_dim": 8},
    "gemma2": {"head_dim": 8, "sliding_window": 12, "query_pre_attn_scalar": 8},
    "gemma3_text": {"head_dim": 8, "sliding_window": 12, "query_pre_attn_scalar": 8, "sliding_window_pattern": 2},
    "gpt2": {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": CONTEXT},
    "gpt_neox": {},
    "phi": {},
    "olmo2": {},
    "granite": {},
}
FAMILIES = tuple(_OWN)


def tokenizer(n_entries: int = N_ENTRIES, *, seed: int = 1) -> PreTrainedTokenizerFast:
    """A byte-level tokenizer trained on a few stories; the caller's own, trained once."""
    return copy.deepcopy(_trained(n_entries, seed))


@cache
def _trained(n_entries: int, seed: int) -> PreTrainedTokenizerFast:
    return train_tokenizer(islice(stories(seed), 50), n_entries=n_entries)


CHAT_ML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content | trim }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def chat_tokenizer(template: str = CHAT_ML, n_entries: int = N_ENTRIES) -> PreTrainedTokenizerFast:
    """A tokenizer with a chat template and the tokens that mark its turns, the last of n_entries; `<think>` as well."""
    words = tokenizer(n_entries - 4)
    words.add_special_tokens({"additional_special_tokens": ["<|im_start|>", "<|im_end|>"]})
    words.add_tokens(["<think>", "</think>"])
    words.chat_template = template
    return words


def config(family: str, *, n_vocabulary: int = N_ENTRIES, **changes: object) -> PreTrainedConfig:
    """A configuration of two small layers; family: one of FAMILIES or any model type that takes Llama's names."""
    common = {} if family == "gpt2" else _COMMON
    ends = {"bos_token_id": None, "eos_token_id": None, "pad_token_id": None}
    values = {**common, **ends, **_OWN.get(family, {}), "vocab_size": n_vocabulary, **changes}
    return AutoConfig.for_model(family.partition("-")[0], **values)


def model(family: str = "llama", *, seed: int = 0, sharpness: float = 8.0, **changes: object) -> PreTrainedModel:
    """Random weights, with outputs sharp enough that greedy text does not hang on rounding."""
    torch.manual_seed(seed)
    made: PreTrainedModel = AutoModelForCausalLM.from_config(config(family, **changes)).eval()
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            if parameter.dim() >= 2 and "norm" not in name:
                parameter.mul_(sharpness)
    return made


def noisy_copy(target: PreTrainedModel, *, noise: float = 0.05, seed: int = 1) -> PreTrainedModel:
    """A related drafter: the target with some noise on every matrix."""
    torch.manual_seed(seed)
    made: PreTrainedModel = copy.deepcopy(target)
    with torch.no_grad():
        for parameter in made.parameters():
            if parameter.dim() >= 2:
                parameter.add_(noise * parameter.std() * torch.randn_like(parameter))
    return made


def save(made: PreTrainedModel, folder: Path, *, words: PreTrainedTokenizerFast | None = None) -> str:
    """Write a checkpoint folder; returns its SPEC."""
    made.save_pretrained(folder)
    if words is None:
        for name, content in _tokenizer_files().items():
            (folder / name).write_bytes(content)
    else:
        words.save_pretrained(folder)
    return str(folder)


@cache
def _tokenizer_files() -> dict[str, bytes]:
    """What the usual tokenizer is saved as, which takes longer than a tiny model."""
    with TemporaryDirectory() as folder:
        tokenizer().save_pretrained(folder)
        return {path.name: path.read_bytes() for path in Path(folder).iterdir()}
